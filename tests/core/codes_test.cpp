#include "core/codes.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <string>

#include "core/result.h"

namespace assay {

TEST(Codes, AreUniqueSortedAndFound) {
  std::set<std::string_view> seen;
  std::string_view before;
  for (const CodeInfo& info : all_codes()) {
    EXPECT_TRUE(seen.insert(info.code).second) << info.code;
    EXPECT_LT(before, info.code);
    before = info.code;
    EXPECT_EQ(find_code(info.code), &info);
    EXPECT_FALSE(info.doc.empty()) << info.code;
  }
  EXPECT_EQ(find_code("no.such-code"), nullptr);
}

// docs/codes.md is what users look codes up in: every row of the table stands there with its verdict, and
// nothing else.
TEST(Codes, TheDocumentHasThemAll) {
  std::ifstream file(ASSAY_SOURCE_DIR "/docs/codes.md");
  std::map<std::string, std::string> rows;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| `")) continue;
    const auto end = line.find('`', 3);
    rows[line.substr(3, end - 3)] = line;
  }
  for (const CodeInfo& info : all_codes()) {
    const auto row = rows.find(std::string(info.code));
    ASSERT_NE(row, rows.end()) << info.code << " is missing in docs/codes.md";
    const std::string verdict = info.blame == Blame::target ? "| fail |" : "| error |";
    const std::string heals = info.can_heal ? "| yes |" : "| no |";
    EXPECT_NE(row->second.find(verdict), std::string::npos) << row->second;
    EXPECT_NE(row->second.find(heals), std::string::npos) << row->second;
    EXPECT_NE(row->second.find(info.doc), std::string::npos) << row->second;
  }
  EXPECT_EQ(rows.size(), all_codes().size());
}

TEST(Codes, AFailureTakesWhetherItHealsFromTheTable) {
  EXPECT_FALSE(fail("auth.denied", "auth", "no").value().retriable);
  EXPECT_TRUE(fail("connect.refused", "connect", "no").value().retriable);
  EXPECT_EQ(fail("connect.refused", "connect", "two\nlines").value().message, "two lines");
}

}  // namespace assay

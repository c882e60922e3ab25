// What holds for every reporter.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "reporters/reporter.h"
#include "tests/support/sample_run.h"

namespace assay {
namespace {

class EveryReporter : public testing::TestWithParam<std::string> {
 protected:
  const ReporterInfo& info() const { return *find_reporter(GetParam()); }
};

TEST_P(EveryReporter, WritesTheSameBytesLiveAndReplayed) {
  for (const auto& records : {test::sample_run(), test::hostile_run()}) {
    const std::string live = render(info(), records);
    EXPECT_FALSE(live.empty());
    const std::string again = render(info(), test::replayed(records));
    const auto at = static_cast<std::size_t>(
        std::mismatch(live.begin(), live.end(), again.begin(), again.end()).first - live.begin());
    EXPECT_TRUE(live == again) << "at byte " << at << ": " << live.substr(at, 80)
                               << "\nreplayed: " << again.substr(at, 80);
  }
}

TEST_P(EveryReporter, IsStillRightWhenARunWasCutAtAnyRecord) {
  const auto records = test::sample_run();
  const std::string whole = render(info(), records);
  for (std::size_t length = 1; length < records.size(); ++length) {
    const std::vector<Record> part(records.begin(), records.begin() + static_cast<long>(length));
    const std::string text = render(info(), part);
    EXPECT_NE(text, whole) << "cut after record " << length;
    EXPECT_FALSE(text.empty());
  }
}

TEST_P(EveryReporter, PutsNoControlCharacterAndNoBadByteIntoItsText) {
  const std::string text = render(info(), test::hostile_run());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    ASSERT_TRUE(c >= 0x20 || c == '\n' || c == '\t') << "byte " << static_cast<int>(c) << " at " << i;
    ASSERT_NE(c, 0x7f) << "at " << i;
    // C1, which a terminal obeys as it does an escape code.
    ASSERT_FALSE(c == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0) << "at " << i;
  }
  EXPECT_EQ(text.find('\xff'), std::string::npos);
  EXPECT_EQ(text.find("\xc3("), std::string::npos);
}

TEST_P(EveryReporter, TakesAPlanThatDoesNotRead) {
  std::vector<Record> records = test::sample_run();
  records.resize(2);
  records[1].body = Value::object({{"checks", Value::array()}, {"suites", 3}});
  records[1].body["checks"].push_back(Value(1));
  EXPECT_FALSE(render(info(), records).empty());
  EXPECT_FALSE(render(info(), {}).empty());
}

std::vector<std::string> names() {
  std::vector<std::string> list;
  for (const ReporterInfo& info : all_reporters()) list.push_back(info.name);
  return list;
}

INSTANTIATE_TEST_SUITE_P(Table, EveryReporter, testing::ValuesIn(names()),
                         [](const auto& one) { return one.param; });

TEST(Table, NamesAndFilesAreUnique) {
  std::set<std::string> seen;
  std::set<std::string> files;
  for (const ReporterInfo& info : all_reporters()) {
    EXPECT_TRUE(seen.insert(info.name).second) << info.name;
    EXPECT_TRUE(info.file.empty() || files.insert(info.file).second) << info.file;
    EXPECT_FALSE(info.summary.empty());
  }
  EXPECT_EQ(find_reporter("no such reporter"), nullptr);
}

}  // namespace
}  // namespace assay

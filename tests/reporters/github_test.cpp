#include <gtest/gtest.h>

#include <regex>
#include <sstream>

#include "reporters/reporter.h"
#include "tests/support/sample_run.h"

namespace assay {
namespace {

std::string github(const std::vector<Record>& records) { return render(*find_reporter("github"), records); }

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(Github, Golden) { test::expect_golden("github.txt", github(test::sample_run())); }

TEST(Github, GoldenHostile) { test::expect_golden("github-hostile.txt", github(test::hostile_run())); }

// Read as the runner reads it: properties up to the next "::", each up to the next comma.
TEST(Github, HostileTextStaysInItsPlace) {
  const auto lines = lines_of(github(test::hostile_run()));
  ASSERT_EQ(lines.size(), 10U);  // the run's trouble, 5 errors, 2 warnings, 1 notice, the totals
  const std::regex command("^::(error|warning|notice) ([^:]*)::(.*)$");
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
    std::smatch match;
    ASSERT_TRUE(std::regex_match(lines[i], match, command)) << lines[i];
    std::istringstream properties(match[2]);
    for (std::string property; std::getline(properties, property, ',');) {
      EXPECT_TRUE(std::regex_search(property, std::regex("^(file|line|col|title)="))) << property;
    }
    EXPECT_EQ(match[3].str().find("%0D"), std::string::npos);
  }
  EXPECT_TRUE(lines.back().starts_with("10 checks: "));
}

TEST(Github, ShowsTenOfAKindAndSaysHowManyMore) {
  const auto ten = lines_of(github(test::large_run(10, 10)));
  EXPECT_EQ(ten.size(), 11U);
  const auto many = lines_of(github(test::large_run(25, 10)));
  ASSERT_EQ(many.size(), 11U);
  EXPECT_EQ(many[9], "::error title=assay::and 16 more, all of them in the run's reports");
}

}  // namespace
}  // namespace assay

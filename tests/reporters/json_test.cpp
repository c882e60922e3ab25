#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "reporters/reporter.h"
#include "tests/support/sample_run.h"

namespace assay {
namespace {

std::string json(const std::vector<Record>& records) { return render(*find_reporter("json"), records); }

TEST(JsonSummary, Golden) { test::expect_golden("summary.json", json(test::sample_run())); }

TEST(JsonSummary, GoldenHostile) { test::expect_golden("summary-hostile.json", json(test::hostile_run())); }

TEST(JsonSummary, HasTheSameMembersForEveryCheck) {
  const auto summary = parse_json(json(test::sample_run()));
  ASSERT_TRUE(summary);
  const Value& checks = *summary->find("checks");
  ASSERT_EQ(checks.items().size(), 16U);
  std::vector<std::string> first;
  for (const Member& member : checks.items()[0].members()) first.push_back(member.key);
  for (const Value& check : checks.items()) {
    std::vector<std::string> keys;
    for (const Member& member : check.members()) keys.push_back(member.key);
    EXPECT_EQ(keys, first) << check.get("id");
  }
}

void collect(const Value& value, std::set<std::string>& keys) {
  if (value.is_array()) {
    for (const Value& item : value.items()) collect(item, keys);
  } else if (value.is_object()) {
    for (const Member& member : value.members()) {
      keys.insert(member.key);
      // What a suite or a probe names freely is not part of the format.
      if (member.key != "coordinates" && member.key != "phases") collect(member.value, keys);
    }
  }
}

TEST(JsonSummary, EveryMemberIsDocumented) {
  std::ifstream file(std::string(ASSAY_SOURCE_DIR) + "/docs/json-summary.md");
  std::ostringstream page;
  page << file.rdbuf();
  const auto summary = parse_json(json(test::sample_run()));
  ASSERT_TRUE(summary);
  std::set<std::string> keys;
  collect(*summary, keys);
  EXPECT_GT(keys.size(), 40U);
  for (const std::string& key : keys)
    EXPECT_NE(page.str().find("`" + key + "`"), std::string::npos) << key << " is not documented";
}

TEST(JsonSummary, SaysThatARunWasKilled) {
  auto records = test::sample_run();
  records.pop_back();
  const auto summary = parse_json(json(records));
  ASSERT_TRUE(summary);
  EXPECT_FALSE(summary->find("run")->get_bool("complete", true));
  EXPECT_EQ(summary->find("run")->find("problems")->items().size(), 1U);
}

}  // namespace
}  // namespace assay

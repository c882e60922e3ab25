#include "engine/matcher.h"

#include <gtest/gtest.h>

#include "core/yaml.h"
#include "engine/quantity.h"

namespace assay {
namespace {

Value yaml(std::string_view text) { return parse_yaml(text, 0).value(); }

Match compare(std::string_view observation, std::string_view path, std::string_view matcher) {
  return match(yaml(observation), parse_path(path).value(), yaml(matcher));
}

constexpr auto kPass = Match::Outcome::pass;
constexpr auto kFail = Match::Outcome::fail;
constexpr auto kUnclear = Match::Outcome::uncomparable;

struct Case {
  const char* observation;
  const char* path;
  const char* matcher;
  Match::Outcome outcome;
};

class Matchers : public testing::TestWithParam<Case> {};

}  // namespace

TEST_P(Matchers, Table) {
  const Case& c = GetParam();
  const Match result = compare(c.observation, c.path, c.matcher);
  EXPECT_EQ(result.outcome, c.outcome)
      << c.observation << " | " << c.path << " | " << c.matcher << " -> expected " << result.expected
      << ", observed " << result.observed << " (" << result.hint << ")";
}

INSTANTIATE_TEST_SUITE_P(
    All, Matchers,
    testing::Values(
        // equality is typed
        Case{"{a: true}", "a", "true", kPass}, Case{"{a: 'true'}", "a", "true", kFail},
        Case{"{a: '12'}", "a", "12", kFail}, Case{"{a: 12}", "a", "{eq: 12}", kPass},
        Case{"{a: x}", "a", "x", kPass}, Case{"{a: null}", "a", "null", kPass},
        Case{"{a: [1, 2]}", "a", "[1, 2]", kPass}, Case{"{a: [2, 1]}", "a", "[1, 2]", kFail},
        // nothing passes because nothing was there
        Case{"{a: 1}", "b", "{ne: 3}", kFail}, Case{"{a: []}", "a[*].x", "{ne: 3}", kFail},
        Case{"{a: []}", "a", "{all: {gt: 0}}", kFail}, Case{"{a: []}", "a", "{any: 1}", kFail},
        Case{"{a: 1}", "a.b.c", "1", kFail}, Case{"{a: [1]}", "a[1]", "1", kFail},
        Case{"{a: [{x: 1}, {y: 1}]}", "a[*].x", "1", kFail},
        Case{"{a: [{x: 1}, {x: 1}]}", "a[*].x", "1", kPass}, Case{"{a: 1}", "b", "{present: false}", kPass},
        Case{"{a: 1}", "a", "{present: false}", kFail}, Case{"{a: 1}", "a", "{present: true}", kPass},
        Case{"{a: 1}", "b", "{present: true}", kFail}, Case{"{}", "a", "null", kFail},
        // ordering compares numbers, durations, sizes and quantities, in texts too
        Case{"{a: 3}", "a", "{gt: 2, lt: 4}", kPass}, Case{"{a: 3}", "a", "{ge: 3, le: 3}", kPass},
        Case{"{a: 3}", "a", "{lt: 3}", kFail}, Case{"{a: '10'}", "a", "{gt: 9}", kPass},
        Case{"{a: 0.2}", "a", "{lt: 500ms}", kPass}, Case{"{a: 0.6}", "a", "{lt: 500ms}", kFail},
        Case{"{a: 67108864}", "a", "{eq: 67108864, ge: 64Mi}", kPass},
        Case{"{a: 1Gi}", "a", "{gt: 1000Mi}", kPass}, Case{"{a: 500m}", "a", "{le: '1'}", kPass},
        Case{"{a: 100m}", "a", "{lt: 1Gi}", kPass}, Case{"{a: 5m}", "a", "{gt: 4m30s}", kPass},
        Case{"{a: x}", "a", "{gt: 1}", kUnclear}, Case{"{a: [1]}", "a", "{gt: 1}", kUnclear},
        Case{"{a: 10s}", "a", "{gt: 1Gi}", kUnclear}, Case{"{a: true}", "a", "{gt: 0}", kUnclear},
        Case{"{a: 204}", "a", "{between: [200, 299]}", kPass},
        Case{"{a: 300}", "a", "{between: [200, 299]}", kFail},
        // texts, lists and maps
        Case{"{a: '7.0.15'}", "a", "{matches: '^7[.]'}", kPass},
        Case{"{a: '17.0'}", "a", "{matches: '^7[.]'}", kFail},
        Case{"{a: 7}", "a", "{matches: '7'}", kUnclear}, Case{"{a: abc}", "a", "{contains: b}", kPass},
        Case{"{a: [x, y]}", "a", "{contains: y}", kPass},
        Case{"{a: [x, y]}", "a", "{contains: [x, z]}", kFail},
        Case{"{a: {k: 1, l: 2}}", "a", "{contains: {k: 1}}", kPass},
        Case{"{a: {k: 1}}", "a", "{contains: l}", kFail}, Case{"{a: b}", "a", "{one_of: [a, b]}", kPass},
        Case{"{a: c}", "a", "{one_of: [a, b]}", kFail}, Case{"{a: [1, 2, 3]}", "a", "{count: 3}", kPass},
        Case{"{a: [1, 2, 3]}", "a", "{count: {ge: 4}}", kFail}, Case{"{a: {k: 1}}", "a", "{count: 1}", kPass},
        Case{"{a: x}", "a", "{count: 1}", kUnclear}, Case{"{a: [1, 2]}", "a", "{all: {gt: 0}}", kPass},
        Case{"{a: [1, 0]}", "a", "{all: {gt: 0}}", kFail}, Case{"{a: [1, 0]}", "a", "{any: 0}", kPass},
        Case{"{a: [1, 0]}", "a", "{any: {gt: 5}}", kFail}, Case{"{a: 1}", "a", "{ne: 2}", kPass},
        Case{"{a: 2}", "a", "{ne: 2}", kFail},
        // quoted keys
        Case{"{m: {l: {a.b/c: 'true'}}}", "m.l[\"a.b/c\"]", "'true'", kPass}));

TEST(Matcher, SaysQuoteItAndNamesTheNearestPath) {
  EXPECT_NE(compare("{a: 'true'}", "a", "true").hint.find("quote it"), std::string::npos);
  EXPECT_NE(compare("{status: {phase: x}}", "status.phse", "x").hint.find("status.phase"), std::string::npos);
}

TEST(Matcher, ACutValueCannotBeJudged) {
  const Value seen =
      Value::object({{"body", Value::object({{"truncated", true}, {"bytes", 99}, {"sha256", "x"}})}});
  EXPECT_EQ(match(seen, parse_path("body").value(), Value("x")).outcome, Match::Outcome::truncated);
  EXPECT_EQ(match(seen, parse_path("body.inner").value(), Value("x")).outcome, Match::Outcome::truncated);
}

TEST(Matcher, LintFindsWhatCannotFit) {
  const Field number{"n", Type::integer, "", false, {}, "", {}, {}};
  const Field text{"t", Type::text, "", false, {}, "", {}, {}};
  EXPECT_TRUE(check_matcher(yaml("{gt: 3}"), &number, "n").empty());
  EXPECT_FALSE(check_matcher(yaml("{matches: x}"), &number, "n").empty());
  EXPECT_FALSE(check_matcher(yaml("'3'"), &number, "n").empty());
  EXPECT_FALSE(check_matcher(yaml("3"), &text, "t").empty());
  EXPECT_FALSE(check_matcher(yaml("{gt: abc}"), nullptr, "x").empty());
  EXPECT_FALSE(check_matcher(yaml("{between: [3, 1]}"), nullptr, "x").empty());
  EXPECT_FALSE(check_matcher(yaml("{matches: '('}"), nullptr, "x").empty());
  EXPECT_FALSE(check_matcher(yaml("{one_of: []}"), nullptr, "x").empty());
  const Problems misspelt = check_matcher(yaml("{mtches: x}"), &text, "t");
  ASSERT_FALSE(misspelt.empty());
  EXPECT_NE(misspelt.front().message.find("did you mean matches"), std::string::npos)
      << misspelt.front().message;
}

TEST(Path, ReadsAndPrints) {
  for (const char* text : {"a", "a.b", "a[0].b", "a[*]", "a[\"x.y\"].z", "a[*][1]"}) {
    const auto path = parse_path(text);
    ASSERT_TRUE(path) << text;
    EXPECT_EQ(path->text(), text);
  }
  for (const char* text : {"", ".", "a.", "a..b", "a[", "a[x]", "a[\"x]", "a]b[", "a[0]b"})
    EXPECT_FALSE(parse_path(text)) << text;
}

TEST(Quantity, KubernetesSuffixesAndDurations) {
  EXPECT_EQ(compare_quantities(Value("1Gi"), Value("1024Mi")), 0);
  EXPECT_EQ(compare_quantities(Value("1500m"), Value("1.5")), 0);
  EXPECT_EQ(compare_quantities(Value("24h"), Value("1d")), 0);
  EXPECT_EQ(compare_quantities(Value("86400"), Value("24h")), 0);
  EXPECT_EQ(compare_quantities(Value("1e3"), Value("1k")), 0);
  EXPECT_FALSE(compare_quantities(Value("abc"), Value("1")));
  EXPECT_FALSE(compare_quantities(Value(true), Value(1)));
}

}  // namespace assay

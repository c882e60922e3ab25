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

// How many there are says nothing of the cause.
TEST(Matcher, AWrongCountShowsWhatThereIs) {
  const Value observed =
      Value::object({{"missing", Value(Value::Array{"A_KEY", "ANOTHER"})}, {"none", Value::array()}});
  const Match two = match(observed, *parse_path("missing"), Value::object({{"count", 0}}));
  EXPECT_EQ(two.outcome, Match::Outcome::fail);
  EXPECT_EQ(two.hint, R"(it holds ["A_KEY","ANOTHER"])");
  EXPECT_EQ(match(observed, *parse_path("none"), Value::object({{"count", 1}})).hint, "");
}

TEST(Matcher, SaysQuoteItAndNamesTheNearestPath) {
  EXPECT_NE(compare("{a: 'true'}", "a", "true").hint.find("quote it"), std::string::npos);
  EXPECT_NE(compare("{status: {phase: x}}", "status.phse", "x").hint.find("status.phase"), std::string::npos);
}

TEST(Matcher, WhatReadsACutValueCannotBeJudged) {
  // With the hash of the whole where it was seen, without it where it was not.
  const Value seen = yaml(
      "{body: {truncated: true, bytes: 99, sha256: x, head: ab}, text: {truncated: true, bytes: 99, head: "
      "ab}, "
      "rows: [{x: 1}, {truncated: true, bytes: 5, head: ''}], pair: {k: 1, big: {truncated: true, bytes: "
      "9}}}");
  const auto outcome = [&](const char* path, const char* matcher) {
    return match(seen, parse_path(path).value(), yaml(matcher)).outcome;
  };
  constexpr auto kCut = Match::Outcome::truncated;
  for (const char* path : {"body", "text"}) {
    for (const char* matcher :
         {"x", "{ne: x}", "{eq: x}", "{contains: head}", "{contains: ab}", "{matches: a}", "{one_of: [x]}",
          "{count: 4}", "{gt: 1}", "{between: [1, 2]}", "{all: x}", "{any: x}"}) {
      EXPECT_EQ(outcome(path, matcher), kCut) << path << matcher;
    }
    EXPECT_EQ(outcome(path, "{present: true}"), kPass);
    EXPECT_EQ(outcome(path, "{present: false}"), kFail);
  }
  // Below it, where the marker's own members are no part of what was observed.
  for (const char* path : {"body.inner", "body.bytes", "text.head", "body[0]", "body[*].x", "rows[1].x"}) {
    EXPECT_EQ(outcome(path, "{ne: 3}"), kCut) << path;
    EXPECT_EQ(outcome(path, "{present: true}"), kCut) << path;
    EXPECT_EQ(outcome(path, "{present: false}"), kCut) << path;
  }
  EXPECT_EQ(outcome("rows[*].x", "1"), kCut);
  EXPECT_EQ(outcome("rows", "{contains: {x: 2}}"), kCut);
  EXPECT_EQ(outcome("rows", "[{x: 1}, {x: 2}]"), kCut);
  EXPECT_EQ(outcome("rows", "{ne: [{x: 1}, {x: 2}]}"), kCut);
  EXPECT_EQ(outcome("rows", "{any: {x: 2}}"), kCut);
  EXPECT_EQ(outcome("rows", "{all: {x: 1}}"), kCut);
  EXPECT_EQ(outcome("pair", "{k: 1, big: 2}"), kCut);
  EXPECT_EQ(outcome("pair", "{contains: {big: 2}}"), kCut);
  EXPECT_EQ(outcome("pair", "{one_of: [{k: 1, big: 2}]}"), kCut);
  // What the rest decides is decided.
  EXPECT_EQ(outcome("rows[*].x", "2"), kFail);
  EXPECT_EQ(outcome("rows", "{count: 2}"), kPass);
  EXPECT_EQ(outcome("rows", "{contains: {x: 1}}"), kPass);
  EXPECT_EQ(outcome("rows", "{any: {x: 1}}"), kPass);
  EXPECT_EQ(outcome("rows", "{all: {x: 2}}"), kFail);
  EXPECT_EQ(outcome("rows", "{ne: x}"), kPass);
  EXPECT_EQ(outcome("pair", "{k: 2, big: 2}"), kFail);
  EXPECT_EQ(outcome("pair", "{contains: k}"), kPass);
}

TEST(Matcher, IsTotal) {
  // What lint refuses may still stand in a journal.
  for (const char* matcher :
       {"{matches: 5}", "{matches: '('}", "{matches: null}", "{between: 5}", "{between: [1]}",
        "{between: [a, b]}", "{between: {a: 1}}", "{one_of: 5}", "{one_of: []}", "{one_of: {a: 1}}",
        "{present: 3}", "{lt: null}", "{gt: [1]}", "{ge: {a: 1}}", "{contains: 3}", "{count: x}"}) {
    const Match result = compare("{a: text}", "a", matcher);
    EXPECT_EQ(result.outcome, kUnclear) << matcher;
    EXPECT_FALSE(result.hint.empty()) << matcher;
  }
  for (const char* matcher : {"{all: {matches: 5}}", "{any: {between: 1}}", "{count: {between: 1}}"})
    EXPECT_EQ(compare("{a: [1]}", "a", matcher).outcome, kUnclear) << matcher;
}

TEST(Matcher, AnItemThatDecidesOutweighsOneThatNobodyCanCompare) {
  EXPECT_EQ(compare("{a: [x, 5]}", "a", "{any: {gt: 3}}").outcome, kPass);
  EXPECT_EQ(compare("{a: [x, 1]}", "a", "{any: {gt: 3}}").outcome, kUnclear);
  EXPECT_EQ(compare("{a: [x, 1]}", "a", "{all: {gt: 3}}").outcome, kFail);
  EXPECT_EQ(compare("{a: [x, 5]}", "a", "{all: {gt: 3}}").outcome, kUnclear);
  EXPECT_EQ(compare("{a: [x, 1]}", "a[*]", "{gt: 3}").outcome, kFail);
}

TEST(Matcher, ThatAPathDoesNotExistMeansNowhere) {
  EXPECT_EQ(compare("{a: [{x: 1}, {y: 1}]}", "a[*].x", "{present: false}").outcome, kFail);
  EXPECT_EQ(compare("{a: [{y: 1}]}", "a[*].x", "{present: false}").outcome, kPass);
  EXPECT_EQ(compare("{a: [{x: 1}, {y: 1}]}", "a[*].x", "{present: true}").outcome, kFail);
}

TEST(Matcher, IntegersAreComparedAsIntegers) {
  constexpr const char* kSeen = "{a: 9007199254740993}";
  EXPECT_EQ(compare(kSeen, "a", "9007199254740992").outcome, kFail);
  EXPECT_EQ(compare(kSeen, "a", "{ne: 9007199254740992}").outcome, kPass);
  EXPECT_EQ(compare(kSeen, "a", "{gt: 9007199254740992}").outcome, kPass);
  EXPECT_EQ(compare_numbers(Value(3), Value(3.0)), 0);
  EXPECT_EQ(compare_numbers(Value(3), Value(3.5)), -1);
  EXPECT_EQ(compare_numbers(Value(-3), Value(-3.5)), 1);
  EXPECT_EQ(compare_numbers(Value(2.5), Value(2)), 1);
  EXPECT_EQ(compare_numbers(Value(9007199254740993), Value(9007199254740992.0)), 1);
  EXPECT_EQ(compare_numbers(Value(1), Value(1e300)), -1);
  EXPECT_EQ(compare_numbers(Value(1), Value(-1e300)), 1);
}

TEST(Matcher, ATextThatNoNumberCanHoldIsNotCompared) {
  const Value seen = Value::object({{"x", std::string(400, '9') + "s"}, {"y", std::string(400, '9')}});
  EXPECT_EQ(match(seen, parse_path("x").value(), yaml("{lt: 5}")).outcome, kUnclear);
  EXPECT_EQ(match(seen, parse_path("y").value(), yaml("{lt: 5}")).outcome, kUnclear);
  EXPECT_FALSE(read_quantity(Value("9e307E")));
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
  ASSERT_EQ(misspelt.size(), 1U);  // and not also that a map can never be equal
  EXPECT_NE(misspelt.front().message.find("did you mean matches"), std::string::npos)
      << misspelt.front().message;
}

TEST(Matcher, LintHoldsEveryValueAgainstTheTable) {
  const auto refused = [](const char* matcher, Type type, Fields below = {}) {
    const Field field{"f", type, "", false, {}, "", std::move(below), {}};
    return !check_matcher(yaml(matcher), &field, "f").empty();
  };
  for (const char* matcher :
       {"{eq: '500'}", "{ne: '500'}", "{one_of: [200, '500']}", "{eq: true}", "{contains: 5}", "{count: 1}",
        "{all: 5}", "{lt: 5m}", "{gt: 10s}", "{between: [1, 5s]}"})
    EXPECT_TRUE(refused(matcher, Type::integer)) << matcher;
  for (const char* matcher : {"{eq: 500}", "{ne: 500}", "{one_of: [200, 500]}", "{lt: 1k}",
                              "{between: [1, 2]}", "{lt: '5'}", "{ne: null}"})
    EXPECT_FALSE(refused(matcher, Type::integer)) << matcher;
  for (const char* matcher :
       {"{ne: 5}", "{one_of: [a, 5]}", "{contains: 5}", "{contains: [a]}", "{eq: true}"})
    EXPECT_TRUE(refused(matcher, Type::text)) << matcher;
  for (const char* matcher : {"{contains: a}", "{one_of: [a, b]}", "{lt: 5s}", "{gt: 5Mi}"})
    EXPECT_FALSE(refused(matcher, Type::text)) << matcher;
  for (const char* matcher : {"{contains: 5}", "{contains: [a, 5]}", "{all: 5}", "{any: {ne: 5}}",
                              "{eq: [a, 5]}", "{count: {ne: '3'}}", "{count: {lt: 5s}}"})
    EXPECT_TRUE(refused(matcher, Type::texts)) << matcher;
  for (const char* matcher :
       {"{contains: a}", "{contains: [a, b]}", "{all: {matches: a}}", "{count: {ge: 1}}"})
    EXPECT_FALSE(refused(matcher, Type::texts)) << matcher;
  EXPECT_TRUE(refused("{ne: 'true'}", Type::boolean));
  EXPECT_TRUE(refused("{contains: a}", Type::boolean));
  EXPECT_TRUE(refused("{contains: a}", Type::list, {{"x", Type::text, "", false, {}, "", {}, {}}}));
  EXPECT_TRUE(refused("{ne: 5}", Type::map));
  EXPECT_TRUE(refused("{contains: 5}", Type::map));
  // Units
  for (const char* matcher : {"{lt: 5s}", "{lt: 5m}", "{between: [1Mi, 5m]}"})
    EXPECT_TRUE(refused(matcher, Type::size)) << matcher;
  for (const char* matcher : {"{lt: 5Mi}", "{lt: 5}", "{lt: 5M}"})
    EXPECT_FALSE(refused(matcher, Type::size)) << matcher;
  for (const char* matcher : {"{lt: 5Gi}", "{ge: 5k}"})
    EXPECT_TRUE(refused(matcher, Type::duration)) << matcher;
  for (const char* matcher : {"{lt: 5s}", "{lt: 5m}", "{lt: 5}", "{between: [1ms, 1h]}"})
    EXPECT_FALSE(refused(matcher, Type::duration)) << matcher;
}

TEST(Matcher, LintNamesTheKeyThatIsNoMatcher) {
  const Problems mixed = check_matcher(yaml("{gt: 3, foo: 1}"), nullptr, "x");
  ASSERT_EQ(mixed.size(), 1U);
  EXPECT_NE(mixed[0].message.find("there is no matcher foo"), std::string::npos) << mixed[0].message;
  const Problems typo = check_matcher(yaml("{gt: 3, lte: 1}"), nullptr, "x");
  ASSERT_EQ(typo.size(), 1U);
  EXPECT_NE(typo[0].message.find("no matcher lte; did you mean l"), std::string::npos) << typo[0].message;
  EXPECT_TRUE(check_matcher(yaml("{eq: {gt: 3, foo: 1}}"), nullptr, "x").empty());
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

#include "engine/judge.h"

#include <gtest/gtest.h>

#include "core/yaml.h"

namespace assay {
namespace {

Check check_of(std::initializer_list<std::pair<const char*, const char*>> expectations,
               bool defaults = false) {
  Check check;
  check.id = "s/c";
  for (const auto& [path, matcher] : expectations)
    check.expect.push_back({path, parse_yaml(matcher, 0).value(), defaults, 3, 5, ""});
  return check;
}

AttemptFacts attempt_of(std::string_view observation) {
  AttemptFacts facts;
  facts.observation = parse_yaml(observation, 0).value();
  facts.took = 0.01;
  facts.at = 1;
  return facts;
}

constexpr const char* kRefused = "{error: {code: connect.refused, phase: connect, message: nobody}}";

}  // namespace

TEST(Judge, ExpectationsDecide) {
  EXPECT_EQ(judge_attempt(check_of({{"a", "1"}}), attempt_of("{a: 1}")).verdict, Verdict::pass);
  const Judgement failed = judge_attempt(check_of({{"a", "1"}, {"b", "2"}}), attempt_of("{a: 2, b: 3}"));
  EXPECT_EQ(failed.verdict, Verdict::fail);
  EXPECT_EQ(failed.code, "expect.mismatch");
  ASSERT_EQ(failed.mismatches.size(), 2U);
  EXPECT_EQ(failed.mismatches[0].line, 3U);
}

TEST(Judge, TheTableOfCodesTellsFailFromError) {
  EXPECT_EQ(judge_attempt(check_of({{"a", "1"}}), attempt_of(kRefused)).verdict, Verdict::fail);
  EXPECT_EQ(judge_attempt(check_of({{"a", "1"}}), attempt_of("{error: {code: secret.unresolved}}")).verdict,
            Verdict::error);
  EXPECT_EQ(judge_attempt(check_of({{"a", "1"}}), attempt_of("{error: {code: no.such.code}}")).verdict,
            Verdict::error);
}

TEST(Judge, AnExpectedErrorPassesAndItsAbsenceFails) {
  const Check expecting = check_of({{"error.code", "{one_of: [connect.refused, deadline]}"}});
  EXPECT_EQ(judge_attempt(expecting, attempt_of(kRefused)).verdict, Verdict::pass);
  EXPECT_EQ(judge_attempt(expecting, attempt_of("{connected: true}")).verdict, Verdict::fail);
  EXPECT_EQ(judge_attempt(expecting, attempt_of("{error: {code: auth.denied}}")).verdict, Verdict::fail);
  // What assay could not do never counts as the expected failure of the target.
  EXPECT_EQ(judge_attempt(expecting, attempt_of("{error: {code: harness.cancelled}}")).verdict,
            Verdict::error);
}

TEST(Judge, ThatThereIsNoErrorIsNotAnExpectedError) {
  for (const char* path : {"error", "error.code", "[\"error\"].code"}) {
    const Check check = check_of({{path, "{present: false}"}, {"a", "1"}});
    EXPECT_EQ(judge_attempt(check, attempt_of("{a: 1}")).verdict, Verdict::pass) << path;
    EXPECT_EQ(judge_attempt(check, attempt_of("{a: 2}")).code, "expect.mismatch") << path;
    EXPECT_EQ(judge_attempt(check, attempt_of(kRefused)).code, "connect.refused") << path;
  }
  // However the path is written.
  EXPECT_EQ(judge_attempt(check_of({{"[\"error\"].code", "connect.refused"}}), attempt_of(kRefused)).verdict,
            Verdict::pass);
}

TEST(Judge, DefaultsDoNotSpeakWhereAnErrorWasExpected) {
  Check check = check_of({{"error.code", "connect.refused"}});
  check.expect.push_back({"connected", Value(true), true, 0, 0, ""});
  EXPECT_EQ(judge_attempt(check, attempt_of(kRefused)).verdict, Verdict::pass);
}

TEST(Judge, LateIsNotTheTargetsFailure) {
  Check check = check_of({{"a", "1"}});
  check.timeout = std::chrono::seconds(1);
  AttemptFacts late = attempt_of("{error: {code: deadline, phase: connect, message: no answer}}");
  late.lag = 0.05;
  EXPECT_EQ(judge_attempt(check, late).code, "deadline");
  late.lag = 0.11;
  EXPECT_EQ(judge_attempt(check, late).code, "harness.late");
  EXPECT_EQ(judge_attempt(check, late).verdict, Verdict::error);
}

TEST(Judge, ADefiniteFailureOutweighsWhatNobodyCanTell) {
  EXPECT_EQ(judge_attempt(check_of({{"a", "{gt: 1}"}, {"b", "1"}}), attempt_of("{a: x, b: 2}")).verdict,
            Verdict::fail);
  EXPECT_EQ(judge_attempt(check_of({{"a", "{gt: 1}"}}), attempt_of("{a: x}")).code, "expect.uncomparable");
}

TEST(Judge, ALatencyBudgetIsPartOfTheVerdict) {
  Check check = check_of({{"a", "1"}});
  check.within = std::chrono::milliseconds(5);
  EXPECT_EQ(judge_attempt(check, attempt_of("{a: 1}")).code, "expect.slow");
}

TEST(Judge, TheLastCompleteAttemptDecides) {
  const Check check = check_of({{"a", "1"}});
  AttemptFacts cut = attempt_of("{error: {code: deadline}}");
  cut.cut = true;
  const CheckJudgement judged = judge_check(check, {attempt_of("{a: 2}"), cut}, nullptr, "2026-01-01");
  EXPECT_EQ(judged.verdict, Verdict::fail);
  EXPECT_EQ(judged.code, "expect.mismatch");
  EXPECT_EQ(judged.attempts, 2);
}

TEST(Judge, APassAfterARetryIsFlakyAndAfterPollingIsNot) {
  const Check check = check_of({{"a", "1"}});
  AttemptFacts repeated = attempt_of("{a: 1}");
  EXPECT_FALSE(judge_check(check, {attempt_of("{a: 2}"), repeated}, nullptr, "").flaky);
  repeated.retry = true;
  EXPECT_TRUE(judge_check(check, {attempt_of("{a: 2}"), repeated}, nullptr, "").flaky);
}

TEST(Judge, KnownFailuresAreMutedUntilTheirDate) {
  Check check = check_of({{"a", "1"}});
  check.known = Known{"ticket", "2026-06-30"};
  EXPECT_TRUE(judge_check(check, {attempt_of("{a: 2}")}, nullptr, "2026-06-30").muted);
  EXPECT_FALSE(judge_check(check, {attempt_of("{a: 2}")}, nullptr, "2026-07-01").muted);
  EXPECT_FALSE(judge_check(check, {attempt_of("{a: 1}")}, nullptr, "2026-06-30").muted);
}

TEST(Judge, SkipsKeepTheirReason) {
  const SkipFact need{"needs s/x, which is fail", "need"};
  const CheckJudgement judged = judge_check(check_of({{"a", "1"}}), {}, &need, "");
  EXPECT_EQ(judged.verdict, Verdict::skip);
  EXPECT_FALSE(judged.not_run);
  const SkipFact budget{"the run's deadline passed", "budget"};
  EXPECT_TRUE(judge_check(check_of({{"a", "1"}}), {}, &budget, "").not_run);
}

TEST(Plan, NumbersThatNoDurationHoldsAreTheLongestOne) {
  const auto plan = plan_from(
      parse_json(R"({"checks":[{"id":"s/a","timeout":1e300,"within":-1e300,"expect":[]}],"deadline":1e18})")
          .value());
  ASSERT_TRUE(plan);
  EXPECT_GT(plan->checks[0].timeout, std::chrono::hours(24 * 365 * 100));
  EXPECT_LT(plan->checks[0].within, -std::chrono::hours(24 * 365 * 100));
  EXPECT_EQ(plan->deadline, plan->checks[0].timeout);
}

TEST(Plan, SurvivesTheJournal) {
  Plan plan;
  plan.suites = {"s"};
  plan.deadline = std::chrono::seconds(45);
  Check check = check_of({{"a", "{gt: 1}"}});
  check.wait = Wait{std::chrono::seconds(30), std::chrono::milliseconds(500), true};
  check.retry = {2, std::chrono::seconds(1)};
  check.known = Known{"r", "2026-01-01"};
  check.within = std::chrono::milliseconds(500);
  check.tags = {"x"};
  check.needs = {"s/other"};
  check.warn = check.writes = true;
  check.coordinates = Value::object({{"node", "a"}});
  plan.checks = {check};
  const Value body = to_value(plan);
  const auto read = plan_from(parse_json(to_json(body)).value());
  ASSERT_TRUE(read);
  EXPECT_EQ(to_json(to_value(*read)), to_json(body));
}

}  // namespace assay

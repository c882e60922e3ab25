#include "engine/runner.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>

#include "tests/support/server.h"

namespace assay {
namespace {

using namespace std::chrono_literals;

// A probe of the test's own: what the runner does is looked at, not a service.
Probe probe_of(std::string name, Observe observe) {
  Probe probe;
  probe.name = std::move(name);
  probe.observe = std::move(observe);
  return probe;
}

class RunnerTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "assay-runner-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static Check check_of(const std::string& id, const std::string& probe,
                        std::vector<std::string> needs = {}) {
    Check check;
    check.id = check.name = id;
    check.probe = probe;
    check.needs = std::move(needs);
    check.timeout = 30s;
    check.with = Value::object();
    check.expect = {{"ok", Value(true), false, 0, 0, ""}};
    return check;
  }

  RunOutcome run(Plan plan, const Probes& probes, RunOptions options = {}) {
    plan_ = std::move(plan);
    auto journal = JournalWriter::create(folder_ + "/journal.jsonl", std::chrono::steady_clock::now());
    EXPECT_TRUE(journal);
    journal->listen([this](const Record& record) { results_.on(record); });
    EXPECT_TRUE(
        journal->append(kind::header, Value::object({{"version", 1}, {"started", "2026-01-01T00:00:00Z"}})));
    EXPECT_TRUE(journal->append(kind::plan, to_value(plan_)));
    const RunOutcome outcome =
        run_plan(plan_, probes, SecretStore(), Redactor("k"), std::make_shared<Network>(), *journal, results_,
                 options, [](int) { FAIL() << "no second signal was sent"; });
    EXPECT_TRUE(journal->append(kind::end, Value::object()));
    return outcome;
  }
  const CheckResult& result(const std::string& id) { return *results_.find(id); }

  std::string folder_;
  Plan plan_;
  Results results_;
};

Result<void> good(Attempt& attempt) {
  attempt.seen["ok"] = true;
  return {};
}
Result<void> refused(Attempt&) { return fail("connect.refused", "connect", "nobody"); }
Result<void> hangs(Attempt& attempt) {
  const auto waited = attempt.context.wait(-1, 0, "request");
  return Failure(waited.error());
}

}  // namespace

TEST_F(RunnerTest, NeedsDecideWhatRuns) {
  Plan plan;
  plan.checks = {check_of("c", "good", {"b"}), check_of("b", "bad", {"a"}), check_of("a", "good"),
                 check_of("d", "good", {"c"})};
  run(plan, {probe_of("good", good), probe_of("bad", refused)});
  EXPECT_EQ(result("a").judgement.verdict, Verdict::pass);
  EXPECT_EQ(result("b").judgement.code, "connect.refused");
  EXPECT_EQ(result("c").judgement.code, "need");
  EXPECT_EQ(result("d").judgement.message, "needs c, which did not pass (skip)");
  EXPECT_EQ(results_.exit_code(false), 1);
}

// A check that is skipped by its own `when` and needs another that is skipped, too, was once counted twice,
// and the run ended before its last checks were started.
TEST_F(RunnerTest, ASkippedCheckThatNeedsASkippedOneIsCountedOnce) {
  Plan plan;
  plan.checks = {check_of("a", "good"), check_of("b", "good", {"a"}), check_of("c", "good", {"a"}),
                 check_of("d", "good"), check_of("e", "good", {"d"})};
  for (int i = 0; i < 3; ++i) plan.checks[static_cast<std::size_t>(i)].skip = "when: x is 1, not 2";
  run(plan, {probe_of("good", good)});
  EXPECT_EQ(result("b").judgement.code, "when");
  EXPECT_EQ(result("c").judgement.code, "when");
  EXPECT_EQ(result("e").judgement.verdict, Verdict::pass);
  EXPECT_EQ(results_.totals().not_run, 0);
}

// The skips of a chain, and the search for its root, once took a frame of the stack each.
TEST_F(RunnerTest, AVeryLongChainIsSkippedToItsEnd) {
  constexpr std::size_t kChecks = 100'000;
  Plan plan;
  plan.checks = {check_of("c0", "bad")};
  plan.checks[0].warn = true;
  for (std::size_t i = 1; i < kChecks; ++i)
    plan.checks.push_back(check_of("c" + std::to_string(i), "good", {"c" + std::to_string(i - 1)}));
  run(std::move(plan), {probe_of("good", good), probe_of("bad", refused)});
  EXPECT_EQ(result("c99999").judgement.code, "need");
  EXPECT_EQ(results_.totals().skip, static_cast<int>(kChecks) - 1);
  EXPECT_EQ(results_.unverified().size(), kChecks - 1);
}

TEST_F(RunnerTest, WithoutItsControlAClosedAddressProvesNothing) {
  Plan plan;
  plan.checks = {check_of("open", "bad"), check_of("shut", "good", {"open"}),
                 check_of("next", "good", {"shut"})};
  plan.checks[1].control = "open";
  run(plan, {probe_of("good", good), probe_of("bad", refused)});
  EXPECT_EQ(result("shut").judgement.verdict, Verdict::error);
  EXPECT_EQ(result("shut").judgement.code, "reach.no-control");
  EXPECT_EQ(result("next").judgement.code, "need");
}

// An exit code of 0 once came out of the signal -128.
TEST_F(RunnerTest, ASignalThatIsNoneIsNotGreen) {
  Plan plan;
  plan.checks = {check_of("a", "good")};
  run(plan, {probe_of("good", good)});
  ASSERT_EQ(results_.exit_code(false), 0);
  results_.end["signal"] = -128;
  EXPECT_EQ(results_.exit_code(false), 3);
  results_.end["signal"] = 2;
  EXPECT_EQ(results_.exit_code(false), 130);
}

TEST_F(RunnerTest, LiveVerdictsAreThoseOfTheJournal) {
  Plan plan;
  plan.checks = {check_of("a", "good"), check_of("b", "bad"), check_of("c", "good", {"b"})};
  run(plan, {probe_of("good", good), probe_of("bad", refused)});
  const auto journal = read_journal(folder_ + "/journal.jsonl");
  ASSERT_TRUE(journal);
  Results replayed;
  for (const Record& record : journal->records) replayed.on(record);
  ASSERT_EQ(replayed.checks().size(), results_.checks().size());
  for (std::size_t i = 0; i < replayed.checks().size(); ++i) {
    const CheckJudgement& live = results_.checks()[i].judgement;
    const CheckJudgement& again = replayed.checks()[i].judgement;
    EXPECT_EQ(again.verdict, live.verdict);
    EXPECT_EQ(again.code, live.code);
    EXPECT_EQ(again.message, live.message);
  }
  EXPECT_EQ(replayed.exit_code(false), results_.exit_code(false));
}

TEST_F(RunnerTest, PollingGoesOnUntilItPasses) {
  std::atomic<int> calls = 0;
  Plan plan;
  Check check = check_of("a", "third");
  check.wait = Wait{60s, 10ms, false};
  plan.checks = {check};
  run(plan,
      {probe_of("third", [&](Attempt& attempt) { return ++calls < 3 ? refused(attempt) : good(attempt); })});
  EXPECT_EQ(result("a").judgement.verdict, Verdict::pass);
  EXPECT_FALSE(result("a").judgement.flaky);
  EXPECT_EQ(result("a").judgement.attempts, 3);
}

TEST_F(RunnerTest, ACodeThatCannotHealEndsPollingAtOnce) {
  std::atomic<int> calls = 0;
  Plan plan;
  Check check = check_of("a", "denied");
  check.wait = Wait{60s, 10ms, false};
  check.retry = {5, 10ms};
  plan.checks = {check};
  run(plan, {probe_of("denied", [&](Attempt&) -> Result<void> {
        ++calls;
        return fail("auth.denied", "auth", "no");
      })});
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(result("a").judgement.code, "auth.denied");
}

TEST_F(RunnerTest, APassAfterARetryIsFlaky) {
  std::atomic<int> calls = 0;
  Plan plan;
  Check check = check_of("a", "second");
  check.retry = {3, 10ms};
  plan.checks = {check};
  run(plan,
      {probe_of("second", [&](Attempt& attempt) { return ++calls < 2 ? refused(attempt) : good(attempt); })});
  EXPECT_TRUE(result("a").judgement.flaky);
  EXPECT_EQ(results_.exit_code(false), 0);
  EXPECT_EQ(results_.exit_code(true), 1);
}

TEST_F(RunnerTest, TheRunsDeadlineCancelsAndNamesWhatWasNotRun) {
  Plan plan;
  plan.checks = {check_of("fast", "good"), check_of("stuck", "hangs"), check_of("after", "good", {"stuck"})};
  RunOptions options;
  options.deadline = Deadline::in(300ms);
  const RunOutcome outcome = run(plan, {probe_of("good", good), probe_of("hangs", hangs)}, options);
  EXPECT_TRUE(outcome.budget_spent);
  EXPECT_EQ(result("fast").judgement.verdict, Verdict::pass);
  EXPECT_TRUE(result("stuck").judgement.not_run);
  EXPECT_EQ(result("after").judgement.verdict, Verdict::skip);
  EXPECT_EQ(result("after").judgement.code, "budget");
  EXPECT_EQ(results_.exit_code(false), 3);
}

TEST_F(RunnerTest, NoMoreAttemptsAtOnceThanTheCapOfTheirTarget) {
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  Plan plan;
  for (int i = 0; i < 60; ++i) {
    plan.checks.push_back(check_of(std::to_string(i), "counts"));
    plan.checks.back().targets = {"db:1"};
  }
  RunOptions options;
  options.per_target = 4;
  run(plan,
      {probe_of("counts",
                [&](Attempt& attempt) {
                  const int now = ++inside;
                  for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
                  }
                  const auto paused = attempt.context.pause(Deadline::in(2ms), "request");
                  --inside;
                  return paused ? good(attempt) : Result<void>(Failure(paused.error()));
                })},
      options);
  EXPECT_LE(most, 4);
  EXPECT_GE(most, 2);
  EXPECT_EQ(results_.totals().pass, 60);
}

TEST_F(RunnerTest, ADefectOfAProbeIsAnErrorAndNotTheTargetsFault) {
  Plan plan;
  plan.checks = {check_of("a", "throws")};
  run(plan, {probe_of("throws", [](Attempt&) -> Result<void> { throw std::logic_error("oops"); })});
  EXPECT_EQ(result("a").judgement.verdict, Verdict::error);
  EXPECT_EQ(result("a").judgement.code, "harness.internal");
  EXPECT_EQ(results_.exit_code(false), 3);
}

TEST_F(RunnerTest, BytesThatAreNotUtf8AreJudgedAsTheJournalHasThem) {
  Plan plan;
  Check check = check_of("a", "bytes");
  check.expect.push_back({"text", Value("a\xEF\xBF\xBD"), false, 0, 0, ""});
  plan.checks = {check};
  run(plan, {probe_of("bytes", [](Attempt& attempt) {
        attempt.seen["text"] = std::string("a\xff");
        return good(attempt);
      })});
  EXPECT_EQ(result("a").judgement.verdict, Verdict::pass) << result("a").judgement.message;
}

// Sealed, written and compared on a worker's small stack, and read back with what wraps it.
TEST_F(RunnerTest, TheDeepestForeignBodyIsReadBack) {
  std::string text;
  for (int i = 0; i < kForeignDepth; ++i) text += i % 2 == 0 ? "[" : "{\"k\":";
  text += "1";
  for (int i = kForeignDepth; i-- > 0;) text += i % 2 == 0 ? "]" : "}";
  const auto body = parse_json(text);
  ASSERT_TRUE(body);
  Plan plan;
  Check check = check_of("a", "deep");
  check.expect.push_back({"json", *body, false, 0, 0, ""});
  plan.checks = {check};
  run(plan, {probe_of("deep", [&](Attempt& attempt) {
        attempt.seen["json"] = parse_json(text).value();
        attempt.seen["text"] = to_json(attempt.seen);
        return good(attempt);
      })});
  EXPECT_EQ(result("a").judgement.verdict, Verdict::pass) << result("a").judgement.message;
  const auto journal = read_journal(folder_ + "/journal.jsonl");
  ASSERT_TRUE(journal) << journal.error().message;
  Results replayed;
  for (const Record& record : journal->records) replayed.on(record);
  EXPECT_EQ(replayed.checks()[0].judgement.verdict, Verdict::pass);
}

TEST_F(RunnerTest, LargeObservationsAreCutAndSaySo) {
  Plan plan;
  Check check = check_of("a", "large");
  check.expect.push_back({"body", Value("x"), false, 0, 0, ""});
  plan.checks = {check};
  run(plan, {probe_of("large", [](Attempt& attempt) {
        attempt.seen["body"] = std::string(1 << 20, 'x');
        return good(attempt);
      })});
  EXPECT_EQ(result("a").judgement.code, "observation.truncated");
  EXPECT_LT(std::filesystem::file_size(folder_ + "/journal.jsonl"), 100'000U);
}

}  // namespace assay

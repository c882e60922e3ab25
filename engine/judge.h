// Verdicts: pure functions of the plan and of what was recorded.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/value.h"
#include "engine/plan.h"

namespace assay {

enum class Verdict { pass, fail, error, skip };
std::string_view verdict_name(Verdict verdict);

// One expectation that did not hold.
struct Mismatch {
  std::string path;
  std::string expected;
  std::string observed;
  std::string hint;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::string source;
};

// What is said of one attempt, or of a check.
struct Judgement {
  Verdict verdict = Verdict::pass;
  std::string code;  // empty for a pass
  std::string phase;
  std::string message;  // one sentence; empty for a pass
  std::vector<Mismatch> mismatches;
  bool can_heal = true;  // false: repeating cannot help
};

// One attempt as the journal holds it.
struct AttemptFacts {
  Value observation;   // with `error: {code, phase, message}` where the probe failed
  double took = 0;     // seconds, without queueing
  double queued = 0;   // seconds spent waiting for a place
  double lag = 0;      // seconds by which assay itself was late, at the worst moment of the attempt
  double at = 0;       // seconds since the run's start, at its end
  int number = 1;      // from 1
  bool cut = false;    // ended from outside (the end of `until`, the run's deadline, a signal)
  bool retry = false;  // a repetition by `retry`, not by `wait`
};

// Judges one attempt.
Judgement judge_attempt(const Check& check, const AttemptFacts& attempt);

// Why a check was not run (to its end), as the runner decided.
struct SkipFact {
  std::string reason;
  std::string code;  // need, when, budget, read-only, interrupted
};

// Judges a check: the last attempt that was not cut decides; a pass after a `retry` is flaky.
struct CheckJudgement : Judgement {
  bool flaky = false;
  bool muted = false;    // a failure that `known` covers on `today`
  bool not_run = false;  // skipped for lack of time or because the run was interrupted
  int attempts = 0;
  double took = 0;       // of the deciding attempt
  double converged = 0;  // seconds from the first attempt's start to the pass, when it polled
  int deciding = -1;     // index of the attempt that decided, or of the last one; -1: there was none
};
CheckJudgement judge_check(const Check& check, const std::vector<AttemptFacts>& attempts,
                           const SkipFact* skip, std::string_view today);

}  // namespace assay

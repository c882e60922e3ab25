// How reports sort checks: the verdict together with flaky, severity and `known`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/results.h"

namespace assay {

// In the order in which reports show them. The same sorting as Results::totals().
enum class Outcome { failed, error, flaky, warning, known, skipped, passed };

Outcome outcome_of(const CheckResult& result);

// "fail", "error", "flaky", "warn", "known", "skip", "pass": the word in front of a check.
std::string_view outcome_word(Outcome outcome);

// "expect.mismatch in request", "connect.refused", or empty for a pass.
std::string code_and_phase(const Judgement& judgement);

// The sentence of a check in one line: the judgement's message; for a flaky check what came before the pass;
// for a known failure its reason and date too. Empty for a plain pass. For one_line() or an escaper still.
std::string sentence(const CheckResult& result);

// The attempts before the deciding one that did not pass, each judged as the runner did, in their order.
struct EarlierAttempt {
  const AttemptFacts* facts = nullptr;
  Judgement judgement;
};
std::vector<EarlierAttempt> earlier_failures(const CheckResult& result);

// "40 checks: 38 passed (1 flaky), 1 failed, 1 skipped in 1.24s".
std::string totals_line(const Results& results);

// Whether the run came to its end, whatever it found.
bool complete(const Results& results);

// Why the run's records don't tell everything (interrupted, incomplete, a plan that does not read), one
// sentence each.
std::vector<std::string> troubles(const Results& results);

// The `count` checks that took longest, longest first; checks without an attempt are left out.
std::vector<const CheckResult*> slowest(const Results& results, std::size_t count);

// Skipped checks with the same reason.
struct SkipGroup {
  std::string code;
  std::string reason;
  std::vector<const CheckResult*> checks;
};
// In the order in which the reasons come up first. `not_run` chooses between those that time or a signal kept
// from running and all others.
std::vector<SkipGroup> skips(const Results& results, bool not_run);

// The checks with that outcome, in the plan's order.
std::vector<const CheckResult*> with_outcome(const Results& results, Outcome outcome);

}  // namespace assay

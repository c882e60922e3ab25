#include "reporters/outcome.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"

namespace assay {

Outcome outcome_of(const CheckResult& result) {
  const CheckJudgement& judged = result.judgement;
  if (judged.verdict == Verdict::pass) return judged.flaky ? Outcome::flaky : Outcome::passed;
  if (judged.verdict == Verdict::skip) return Outcome::skipped;
  if (judged.muted) return Outcome::known;
  if (result.check.warn) return Outcome::warning;
  return judged.verdict == Verdict::fail ? Outcome::failed : Outcome::error;
}

std::string_view outcome_word(Outcome outcome) {
  switch (outcome) {
    case Outcome::failed:
      return "fail";
    case Outcome::error:
      return "error";
    case Outcome::flaky:
      return "flaky";
    case Outcome::warning:
      return "warn";
    case Outcome::known:
      return "known";
    case Outcome::skipped:
      return "skip";
    case Outcome::passed:
      return "pass";
  }
  return "error";
}

std::string code_and_phase(const Judgement& judgement) {
  if (judgement.code.empty() || judgement.phase.empty()) return judgement.code;
  return fmt::format("{} in {}", judgement.code, judgement.phase);
}

std::vector<EarlierAttempt> earlier_failures(const CheckResult& result) {
  std::vector<EarlierAttempt> earlier;
  const auto decides = std::find_if(result.attempts.rbegin(), result.attempts.rend(),
                                    [](const AttemptFacts& a) { return !a.cut; });
  if (decides == result.attempts.rend()) return earlier;
  for (const AttemptFacts& attempt : result.attempts) {
    if (&attempt == &*decides) break;
    if (attempt.cut) continue;
    Judgement judgement = judge_attempt(result.check, attempt);
    if (judgement.verdict != Verdict::pass) earlier.push_back({&attempt, std::move(judgement)});
  }
  return earlier;
}

std::string sentence(const CheckResult& result) {
  const CheckJudgement& judged = result.judgement;
  switch (outcome_of(result)) {
    case Outcome::passed:
      return {};
    case Outcome::flaky: {
      const auto earlier = earlier_failures(result);
      std::string text = fmt::format("passed at attempt {}", judged.attempts);
      if (!earlier.empty()) {
        text += fmt::format(" after {}: {}", code_and_phase(earlier.back().judgement),
                            earlier.back().judgement.message);
      }
      return text;
    }
    case Outcome::known:
      return fmt::format("{} (known until {}: {})", judged.message, result.check.known->until,
                         result.check.known->reason);
    default:
      return judged.message;
  }
}

std::string totals_line(const Results& results) {
  const Totals totals = results.totals();
  std::string line = plural(static_cast<std::size_t>(totals.total), "check") + ": ";
  line += fmt::format("{} passed", totals.pass);
  if (totals.flaky > 0) line += fmt::format(" ({} flaky)", totals.flaky);
  if (totals.fail > 0) line += fmt::format(", {} failed", totals.fail);
  if (totals.error > 0) line += ", " + plural(static_cast<std::size_t>(totals.error), "error");
  if (totals.warnings > 0) line += ", " + plural(static_cast<std::size_t>(totals.warnings), "warning");
  if (totals.muted > 0) line += fmt::format(", {} known", totals.muted);
  if (totals.skip > 0) line += fmt::format(", {} skipped", totals.skip);
  if (totals.not_run > 0) line += fmt::format(" ({} not run)", totals.not_run);
  return line + " in " + format_seconds(results.duration);
}

bool complete(const Results& results) {
  return results.problem.empty() && results.end.get_int("signal") == 0 &&
         !results.end.get_bool("incomplete") && results.end.get("reason").empty();
}

std::vector<std::string> troubles(const Results& results) {
  std::vector<std::string> sentences;
  if (!results.problem.empty()) sentences.push_back("the journal's plan cannot be read: " + results.problem);
  const std::int64_t signal = results.end.get_int("signal");
  const std::string reason = results.end.get("reason");
  if (signal != 0) {
    const std::string name = signal == 2    ? "SIGINT"
                             : signal == 15 ? "SIGTERM"
                                            : fmt::format("signal {}", signal);
    sentences.push_back(reason.empty() ? "interrupted by " + name
                                       : fmt::format("interrupted by {}: {}", name, reason));
  } else if (results.end.get_bool("incomplete") || !reason.empty()) {
    sentences.push_back(reason.empty() ? "the run is not complete" : "the run is not complete: " + reason);
  }
  const Totals totals = results.totals();
  if (totals.fail + totals.error == 0) {
    const auto unverified = results.unverified();
    std::string names;
    for (std::size_t i = 0; i < unverified.size() && i < 5; ++i)
      names += (names.empty() ? "" : ", ") + unverified[i]->check.id;
    if (unverified.size() > 5) names += fmt::format(" and {} more", unverified.size() - 5);
    if (!unverified.empty()) {
      sentences.push_back(fmt::format(
          "not verified, because what they need failed as a warning or a known failure: {}", names));
    }
  }
  return sentences;
}

std::vector<const CheckResult*> slowest(const Results& results, std::size_t count) {
  std::vector<const CheckResult*> checks;
  for (const CheckResult& result : results.checks()) {
    if (result.judgement.took > 0) checks.push_back(&result);
  }
  std::stable_sort(checks.begin(), checks.end(), [](const CheckResult* a, const CheckResult* b) {
    return a->judgement.took > b->judgement.took;
  });
  if (checks.size() > count) checks.resize(count);
  return checks;
}

std::vector<SkipGroup> skips(const Results& results, bool not_run) {
  std::vector<SkipGroup> groups;
  for (const CheckResult& result : results.checks()) {
    const CheckJudgement& judged = result.judgement;
    if (judged.verdict != Verdict::skip || judged.not_run != not_run) continue;
    const auto same = std::find_if(groups.begin(), groups.end(), [&](const SkipGroup& g) {
      return g.code == judged.code && g.reason == judged.message;
    });
    if (same == groups.end()) {
      groups.push_back({judged.code, judged.message, {&result}});
    } else {
      same->checks.push_back(&result);
    }
  }
  return groups;
}

std::vector<const CheckResult*> with_outcome(const Results& results, Outcome outcome) {
  std::vector<const CheckResult*> checks;
  for (const CheckResult& result : results.checks()) {
    if (outcome_of(result) == outcome) checks.push_back(&result);
  }
  return checks;
}

}  // namespace assay

#include "engine/judge.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/codes.h"
#include "core/time.h"
#include "engine/matcher.h"

namespace assay {
namespace {

bool is_of_error(const Expectation& expectation) {
  const auto path = parse_path(expectation.path);
  return path && path->steps.front().kind == Step::Kind::key && path->steps.front().key == "error";
}

// That there is no error is what a success looks like.
bool is_absence(const Value& matcher) {
  const Value* present = is_matcher(matcher) ? matcher.find("present") : nullptr;
  return present != nullptr && *present == Value(false);
}

bool expects_error(const Check& check) {
  return std::any_of(check.expect.begin(), check.expect.end(),
                     [](const Expectation& e) { return is_of_error(e) && !is_absence(e.matcher); });
}

void compare(const Check& check, const Value& observation, bool with_defaults, Judgement& judgement) {
  for (const Expectation& expectation : check.expect) {
    if (expectation.is_default && !with_defaults) continue;
    const auto path = parse_path(expectation.path);
    const Match result = path ? match(observation, *path, expectation.matcher)
                              : Match{Match::Outcome::uncomparable, "", "", path.error()};
    if (result.outcome == Match::Outcome::pass) continue;
    judgement.mismatches.push_back({expectation.path, result.expected, result.observed, result.hint,
                                    expectation.line, expectation.column, expectation.source});
    const bool failed = result.outcome == Match::Outcome::fail;
    // A definite failure outweighs what nobody can tell.
    if (failed) {
      judgement.verdict = Verdict::fail;
      judgement.code = "expect.mismatch";
    } else if (judgement.verdict != Verdict::fail) {
      judgement.verdict = Verdict::error;
      judgement.code =
          result.outcome == Match::Outcome::truncated ? "observation.truncated" : "expect.uncomparable";
      judgement.can_heal = false;
    }
  }
  if (judgement.mismatches.empty()) return;
  if (judgement.verdict == Verdict::fail) judgement.can_heal = true;
  const Mismatch& first = judgement.mismatches.front();
  judgement.message = fmt::format("{}: expected {}, observed {}", first.path, first.expected, first.observed);
  if (!first.hint.empty()) judgement.message += fmt::format(" ({})", first.hint);
  if (judgement.mismatches.size() > 1)
    judgement.message += fmt::format("; and {} more", judgement.mismatches.size() - 1);
}

}  // namespace

std::string_view verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return "pass";
    case Verdict::fail:
      return "fail";
    case Verdict::error:
      return "error";
    case Verdict::skip:
      return "skip";
  }
  return "error";
}

Judgement judge_attempt(const Check& check, const AttemptFacts& attempt) {
  Judgement judgement;
  const Value* error = attempt.observation.find("error");
  std::string code = error != nullptr ? error->get("code") : "";
  // A deadline while assay itself was late by more than a tenth of the timeout says nothing about the target.
  if ((code == "deadline" || code == "dns.timeout") && attempt.lag > seconds(check.timeout) / 10)
    code = "harness.late";
  const CodeInfo* info = find_code(code);
  const bool assay_side = error != nullptr && (info == nullptr || info->blame == Blame::assay);

  if (error != nullptr && (assay_side || !expects_error(check))) {
    judgement.verdict = assay_side ? Verdict::error : Verdict::fail;
    judgement.code = code;
    judgement.phase = error->get("phase");
    judgement.message = error->get("message");
    if (code == "harness.late") {
      judgement.message = fmt::format("assay itself was late by {}: {}",
                                      format_duration(from_seconds(attempt.lag)), judgement.message);
    }
    judgement.can_heal = info == nullptr || info->can_heal;
    return judgement;
  }
  if (error == nullptr && expects_error(check)) {
    judgement.verdict = Verdict::fail;
    judgement.code = "expect.mismatch";
    judgement.message = "an error was expected, and the probe succeeded";
    for (const Expectation& e : check.expect) {
      if (!is_of_error(e) || is_absence(e.matcher)) continue;
      judgement.mismatches.push_back(
          {e.path, to_json(e.matcher), "no error", "", e.line, e.column, e.source});
    }
    return judgement;
  }
  compare(check, attempt.observation, error == nullptr, judgement);
  if (judgement.verdict == Verdict::pass && check.within && attempt.took > seconds(*check.within)) {
    judgement.verdict = Verdict::fail;
    judgement.code = "expect.slow";
    judgement.message = fmt::format("took {}, its budget is {}", format_duration(from_seconds(attempt.took)),
                                    format_duration(*check.within));
  }
  return judgement;
}

CheckJudgement judge_check(const Check& check, const std::vector<AttemptFacts>& attempts,
                           const SkipFact* skip, std::string_view today) {
  CheckJudgement result;
  result.attempts = static_cast<int>(attempts.size());
  const auto decides =
      std::find_if(attempts.rbegin(), attempts.rend(), [](const AttemptFacts& a) { return !a.cut; });
  const bool out_of_time = skip != nullptr && (skip->code == "budget" || skip->code == "interrupted");
  if (decides == attempts.rend()) {
    if (skip != nullptr) {
      result.verdict = Verdict::skip;
      result.code = skip->code;
      result.message = skip->reason;
      result.not_run = out_of_time;
      return result;
    }
    result.verdict = attempts.empty() ? Verdict::skip : Verdict::error;
    result.code = attempts.empty() ? "interrupted" : "harness.cancelled";
    result.message = attempts.empty() ? "the run ended before this check was started"
                                      : "the run ended while the only attempt was under way";
    result.not_run = true;
    result.deciding = static_cast<int>(attempts.size()) - 1;
    return result;
  }
  static_cast<Judgement&>(result) = judge_attempt(check, *decides);
  result.took = decides->took;
  result.deciding = static_cast<int>(attempts.rend() - decides) - 1;
  if (result.verdict == Verdict::pass) {
    result.flaky = decides->retry;
    if (attempts.size() > 1) result.converged = decides->at - (attempts.front().at - attempts.front().took);
  }
  const bool bad = result.verdict == Verdict::fail || result.verdict == Verdict::error;
  result.muted = bad && check.known && std::string_view(check.known->until) >= today;
  return result;
}

}  // namespace assay

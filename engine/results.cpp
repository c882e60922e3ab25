#include "engine/results.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>

namespace assay {
namespace {

AttemptFacts attempt_from(const Value& body) {
  AttemptFacts facts;
  if (const Value* observation = body.find("observation")) facts.observation = *observation;
  facts.took = body.get_number("took");
  facts.queued = body.get_number("queued");
  facts.lag = body.get_number("lag");
  facts.number = static_cast<int>(body.get_int("attempt", 1));
  facts.cut = body.get_bool("cut");
  facts.retry = body.get_bool("retry");
  return facts;
}

}  // namespace

const Value& CheckResult::observation() const {
  static const Value none;
  return judgement.deciding < 0 ? none : attempts[static_cast<std::size_t>(judgement.deciding)].observation;
}

void Results::on(const Record& record) {
  duration = static_cast<double>(record.t) / 1e9;
  if (record.kind == kind::header) {
    header = record.body;
    today = header.get("started").substr(0, 10);
    return;
  }
  if (record.kind == kind::plan) {
    auto plan = plan_from(record.body);
    if (!plan) {
      problem = plan.error().message;
      return;
    }
    suites = plan->suites;
    checks_.reserve(plan->checks.size());
    for (Check& check : plan->checks) {
      CheckResult result;
      result.check = std::move(check);
      result.judgement = judge_check(result.check, {}, nullptr, today);
      by_id_.push_back(static_cast<std::uint32_t>(checks_.size()));
      checks_.push_back(std::move(result));
    }
    std::stable_sort(by_id_.begin(), by_id_.end(), [this](std::uint32_t a, std::uint32_t b) {
      return checks_[a].check.id < checks_[b].check.id;
    });
    return;
  }
  if (record.kind == kind::snapshot) snapshots.push_back(record.body);
  if (record.kind == kind::end) end = record.body;
  const auto found = position(record.body.get("check"));
  if (!found) return;
  CheckResult& result = checks_[*found];
  if (record.kind == kind::attempt) {
    AttemptFacts facts = attempt_from(record.body);
    facts.at = duration;
    result.attempts.push_back(std::move(facts));
    result.judgement = judge_check(result.check, result.attempts, nullptr, today);
  } else if (record.kind == kind::decision) {
    const std::string decision = record.body.get("decision");
    if (decision == "skip" || decision == "not-run") {
      result.skip = SkipFact{record.body.get("reason"), record.body.get("code")};
      result.done = true;
    } else if (decision == "done") {
      result.done = true;
    }
    result.judgement =
        judge_check(result.check, result.attempts, result.skip ? &*result.skip : nullptr, today);
  }
}

const CheckResult* Results::find(std::string_view id) const {
  const auto found = position(id);
  return found ? &checks_[*found] : nullptr;
}

// The last one of that id, should a foreign journal have several.
std::optional<std::size_t> Results::position(std::string_view id) const {
  const auto after = std::upper_bound(
      by_id_.begin(), by_id_.end(), id,
      [this](std::string_view wanted, std::uint32_t one) { return wanted < checks_[one].check.id; });
  if (after == by_id_.begin() || checks_[*std::prev(after)].check.id != id) return std::nullopt;
  return *std::prev(after);
}

Totals Results::totals() const {
  Totals totals;
  for (const CheckResult& result : checks_) {
    const CheckJudgement& judged = result.judgement;
    ++totals.total;
    if (judged.not_run) ++totals.not_run;
    if (judged.verdict == Verdict::pass) {
      ++totals.pass;
      if (judged.flaky) ++totals.flaky;
    } else if (judged.verdict == Verdict::skip) {
      ++totals.skip;
    } else if (judged.muted) {
      ++totals.muted;
    } else if (result.check.warn) {
      ++totals.warnings;
    } else if (judged.verdict == Verdict::fail) {
      ++totals.fail;
    } else {
      ++totals.error;
    }
  }
  return totals;
}

std::vector<const CheckResult*> Results::unverified() const {
  // Whether a failure stands at the root of the needs of a skipped check. Checks that are needed come first
  // in no particular order, so each is asked once and remembered.
  std::map<const CheckResult*, bool> known;
  const std::function<bool(const CheckResult&)> broken = [&](const CheckResult& result) {
    if (result.judgement.verdict != Verdict::skip) return result.judgement.verdict != Verdict::pass;
    if (result.judgement.code != "need") return false;
    if (const auto before = known.find(&result); before != known.end()) return before->second;
    bool& answer = known[&result];
    for (const std::string& need : result.check.needs) {
      const CheckResult* needed = find(need);
      if (needed != nullptr && broken(*needed)) return answer = true;
    }
    return answer = false;
  };
  std::vector<const CheckResult*> found;
  for (const CheckResult& result : checks_) {
    const bool skipped = result.judgement.verdict == Verdict::skip && result.judgement.code == "need";
    if (skipped && !result.check.warn && broken(result)) found.push_back(&result);
  }
  return found;
}

int Results::exit_code(bool strict) const {
  const Totals totals = this->totals();
  if (const std::int64_t signal = end.get_int("signal"); signal != 0) return 128 + static_cast<int>(signal);
  bool warnings_fail = false;
  bool warnings_error = false;
  for (const CheckResult& result : checks_) {
    if (!result.check.warn || result.judgement.muted) continue;
    warnings_fail = warnings_fail || result.judgement.verdict == Verdict::fail;
    warnings_error = warnings_error || result.judgement.verdict == Verdict::error;
  }
  if (totals.fail > 0 || (strict && (warnings_fail || totals.flaky > 0))) return 1;
  if (totals.error > 0 || totals.not_run > 0 || !problem.empty() || end.get_bool("incomplete")) return 3;
  if (strict && warnings_error) return 3;
  if (!unverified().empty()) return 3;
  const bool skipped_for_when = [&] {
    for (const CheckResult& result : checks_) {
      if (result.judgement.verdict == Verdict::skip && result.judgement.code == "when") return true;
    }
    return false;
  }();
  if (strict && skipped_for_when) return 3;
  if (totals.pass + totals.fail == 0 && totals.muted + totals.warnings == 0) return 3;
  return 0;
}

}  // namespace assay

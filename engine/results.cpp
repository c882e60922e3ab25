#include "engine/results.h"

#include <algorithm>
#include <iterator>
#include <limits>

namespace assay {
namespace {

constexpr std::int64_t kLastSignal = 64;

// A number of seconds as a foreign journal may have it, so bounded that it can be counted and written out.
double seconds_of(const Value& body, std::string_view key) {
  return seconds(from_seconds(body.get_number(key)));
}

AttemptFacts attempt_from(const Value& body) {
  AttemptFacts facts;
  if (const Value* observation = body.find("observation")) facts.observation = *observation;
  facts.took = seconds_of(body, "took");
  facts.queued = seconds_of(body, "queued");
  facts.lag = seconds_of(body, "lag");
  facts.number = static_cast<int>(
      std::clamp<std::int64_t>(body.get_int("attempt", 1), 1, std::numeric_limits<int>::max()));
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
  // Marks every check that is skipped because of a failure at the root of its needs: from the failures to
  // what needs them. A list and not the program's stack: a chain may be as long as a file.
  std::vector<std::vector<std::size_t>> needed_by(checks_.size());
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < checks_.size(); ++i) {
    const CheckJudgement& judged = checks_[i].judgement;
    if (judged.verdict == Verdict::fail || judged.verdict == Verdict::error) open.push_back(i);
    if (judged.verdict != Verdict::skip || judged.code != "need") continue;
    for (const std::string& need : checks_[i].check.needs) {
      if (const auto needed = position(need)) needed_by[*needed].push_back(i);
    }
  }
  std::vector<bool> broken(checks_.size(), false);
  while (!open.empty()) {
    const std::size_t at = open.back();
    open.pop_back();
    for (const std::size_t next : needed_by[at]) {
      if (broken[next]) continue;
      broken[next] = true;
      open.push_back(next);
    }
  }
  std::vector<const CheckResult*> found;
  for (std::size_t i = 0; i < checks_.size(); ++i) {
    if (broken[i] && !checks_[i].check.warn) found.push_back(&checks_[i]);
  }
  return found;
}

int Results::exit_code(bool strict) const {
  const Totals totals = this->totals();
  if (const std::int64_t signal = end.get_int("signal"); signal != 0)
    return signal > 0 && signal <= kLastSignal ? 128 + static_cast<int>(signal) : 3;
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

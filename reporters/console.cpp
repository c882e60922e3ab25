#include "reporters/console.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"

namespace assay {
namespace {

constexpr std::string_view kClearLine = "\r\x1b[2K";
constexpr std::size_t kIdWidth = 44;  // of a column of ids; longer ones stick out

std::string_view escape_code(Style style) {
  switch (style) {
    case Style::plain:
      return "";
    case Style::faint:
      return "\x1b[2m";
    case Style::strong:
      return "\x1b[1m";
    case Style::fail:
      return "\x1b[1;31m";
    case Style::error:
      return "\x1b[1;35m";
    case Style::warn:
      return "\x1b[33m";
    case Style::good:
      return "\x1b[32m";
    case Style::link:
      return "\x1b[36m";
  }
  return "";
}

std::string padded(const std::string& id, std::size_t width) {
  const std::size_t wide = columns(id);
  return id + std::string(wide < width ? width - wide : 0, ' ');
}

}  // namespace

Console::Console(const Results& results, Output output, ReportOptions options)
    : results_(results), output_(std::move(output)), options_(std::move(options)) {}

void Console::on(const Record& record) {
  const std::lock_guard lock(mutex_);
  if (record.kind == kind::plan) {
    total_ = results_.checks().size();
    seen_.resize(total_);
  } else if (record.kind == kind::attempt) {
    if (const auto found = running_.find(record.body.get("check")); found != running_.end())
      running_.erase(found);
  } else if (record.kind == kind::decision) {
    const CheckResult* result = results_.find(record.body.get("check"));
    if (result == nullptr || !result->done) return;
    const auto place = static_cast<std::size_t>(result - results_.checks().data());
    if (place >= seen_.size()) seen_.resize(place + 1);
    if (!seen_[place]) {
      seen_[place] = true;
      ++count_;
      done(*result);
      if (!status_.empty()) draw_status();
    }
  } else if (record.kind == kind::end) {
    clear_status();
    // Of a run that was killed: what is known of checks that never came to a decision.
    for (const CheckResult& result : results_.checks()) {
      if (!result.done && !result.attempts.empty()) done(result);
    }
    summary();
  }
}

void Console::done(const CheckResult& result) {
  const Outcome outcome = outcome_of(result);
  if (outcome == Outcome::failed || outcome == Outcome::error) ++failures_;
  const bool block = outcome == Outcome::failed || outcome == Outcome::error ||
                     (outcome == Outcome::warning && !options_.quiet);
  if (!block && !options_.verbose && (outcome != Outcome::flaky || options_.quiet)) return;
  std::string text;
  if (printed_ && (block || after_block_)) text += "\n";
  after_block_ = block;
  text += paint(headline(result));
  const CheckJudgement& judged = result.judgement;
  if (outcome == Outcome::passed && judged.attempts > 1) {
    text.pop_back();
    text += paint(Style::faint,
                  fmt::format(" (attempt {}, after {})", judged.attempts, format_seconds(judged.converged))) +
            "\n";
  }
  if (outcome == Outcome::skipped || outcome == Outcome::known) {
    text.pop_back();
    text += paint(Style::faint, "  " + one_line(sentence(result), 1000)) + "\n";
  }
  if (outcome != Outcome::known) {
    for (const StyledLine& line : explain(result)) text += paint(line);
  }
  print(text);
}

void Console::group(std::string_view title, Outcome outcome) {
  const auto checks = with_outcome(results_, outcome);
  if (checks.empty()) return;
  std::size_t width = 0;
  for (const CheckResult* result : checks) width = std::max(width, columns(one_line(result->check.id)));
  width = std::min(width, kIdWidth);
  std::string text =
      fmt::format("\n{}\n", paint(Style::strong, fmt::format("{} ({})", title, checks.size())));
  // Only where a person reads it: a pipe gets the whole sentence.
  const std::size_t room = options_.color ? static_cast<std::size_t>(std::max(options_.width, 60)) : 400;
  for (const CheckResult* result : checks) {
    const std::string head = "  " + padded(one_line(result->check.id, 400), width) + "  ";
    const std::string code =
        outcome == Outcome::flaky ? "" : one_line(code_and_phase(result->judgement), 200) + "  ";
    const std::size_t taken = columns(head) + columns(code);
    const std::string rest = one_line(sentence(*result), 2000);
    text += head + paint(Style::faint, code);
    // A known failure's reason and date are never cut away.
    text += outcome == Outcome::known ? rest : fit(rest, room > taken + 30 ? room - taken : 30);
    text += "\n";
  }
  print(text);
}

void Console::skipped() {
  for (const bool not_run : {false, true}) {
    const auto groups = skips(results_, not_run);
    if (groups.empty()) continue;
    std::size_t count = 0;
    for (const SkipGroup& group : groups) count += group.checks.size();
    std::string text = fmt::format(
        "\n{}\n", paint(Style::strong, fmt::format("{} ({})", not_run ? "not run" : "skipped", count)));
    for (const SkipGroup& group : groups) {
      text += fmt::format("  {:>3}  {}  {}\n", group.checks.size(),
                          paint(Style::faint, one_line(group.code, 100)), one_line(group.reason, 400));
      if (!not_run) continue;
      for (const CheckResult* result : group.checks)
        text += fmt::format("       {}\n", one_line(result->check.id, 400));
    }
    print(text);
  }
}

void Console::summary() {
  if (!options_.quiet) {
    group("failed", Outcome::failed);
    group("errors", Outcome::error);
    group("flaky", Outcome::flaky);
    group("warnings", Outcome::warning);
    group("known", Outcome::known);
    skipped();
  }
  std::string text = printed_ ? "\n" : "";
  for (const std::string& trouble : troubles(results_))
    text += paint({{Style::error, one_line(trouble, 1000)}});
  const Totals totals = results_.totals();
  const bool green =
      totals.pass > 0 && totals.fail + totals.error + totals.not_run == 0 && troubles(results_).empty();
  const Style style = totals.fail > 0 ? Style::fail : green ? Style::good : Style::error;
  text += paint({{style, totals_line(results_)}});
  const auto longest = slowest(results_, 3);
  if (!options_.quiet && !longest.empty()) {
    std::string names;
    for (const CheckResult* result : longest) {
      names += fmt::format("{}{} {}", names.empty() ? "" : ", ", one_line(result->check.id, 100),
                           format_seconds(result->judgement.took));
    }
    text += paint({{Style::faint, "slowest: " + names}});
  }
  print(text);
}

void Console::print(const std::string& text) {
  if (!status_.empty()) options_.progress(kClearLine);
  output_(text);
  printed_ = true;
}

void Console::started(std::string_view check, TimePoint at) {
  const std::lock_guard lock(mutex_);
  running_.insert_or_assign(std::string(check), at);
}

void Console::tick(TimePoint now) {
  const std::lock_guard lock(mutex_);
  now_ = now;
  if (total_ > 0 && count_ < total_) draw_status();
}

void Console::clear_status() {
  if (!status_.empty()) options_.progress(kClearLine);
  status_.clear();
  total_ = 0;
}

void Console::draw_status() {
  if (!options_.terminal || !options_.progress || options_.quiet) return;
  std::string line = fmt::format("{}/{}  running {}", count_, total_, running_.size());
  if (failures_ > 0) line += fmt::format("  failed {}", failures_);
  const auto oldest = std::min_element(running_.begin(), running_.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
  if (oldest != running_.end()) {
    const Duration since = std::max<Duration>(now_ - oldest->second, Duration::zero());
    // Tenths are enough for something that changes while it is read.
    line += fmt::format("  slowest {} {:.1f}s", one_line(oldest->first, 200), seconds(since));
  }
  status_ = fit(line, static_cast<std::size_t>(std::max(options_.width, 20)) - 1);
  options_.progress(std::string(kClearLine) + (options_.color ? "\x1b[2m" + status_ + "\x1b[0m" : status_));
}

std::string Console::paint(Style style, std::string_view text) const {
  const std::string_view code = escape_code(style);
  if (!options_.color || code.empty() || text.empty()) return std::string(text);
  return fmt::format("{}{}\x1b[0m", code, text);
}

std::string Console::paint(const StyledLine& line) const {
  if (!options_.color) return plain_text({line});
  std::string text;
  for (const Span& span : line) text += paint(span.style, span.text);
  return text + "\n";
}

std::unique_ptr<Reporter> make_console(const Results& results, Output output, const ReportOptions& options) {
  return std::make_unique<Console>(results, std::move(output), options);
}

}  // namespace assay

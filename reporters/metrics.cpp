// Prometheus' text exposition format 0.0.4, for a textfile collector: the state of the last run.
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <iterator>

#include "core/text.h"
#include "reporters/formats.h"
#include "reporters/outcome.h"

namespace assay {
namespace {

// A label's value: backslash, quote and newline are escaped, everything else that is UTF-8 is
// allowed, but control characters would reach whoever reads the file on a terminal.
std::string label(std::string_view name, std::string_view value) {
  std::string out;
  out.reserve(name.size() + value.size() + 4);
  out += name;
  out += "=\"";
  for (const char c : visible(value)) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '"') {
      out += "\\\"";
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out + '"';
}

// "2026-01-31T08:15:00Z" as seconds since 1970, or 0 when it is something else.
double unix_time(std::string_view text) {
  constexpr std::string_view kShape = "0000-00-00T00:00:00Z";
  if (text.size() != kShape.size()) return 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == '0' ? !digit : text[i] != kShape[i]) return 0;
  }
  const auto part = [&](std::size_t at, std::size_t length) {
    int value = 0;
    std::from_chars(text.data() + at, text.data() + at + length, value);
    return value;
  };
  const std::chrono::year_month_day day{std::chrono::year(part(0, 4)),
                                        std::chrono::month(static_cast<unsigned>(part(5, 2))),
                                        std::chrono::day(static_cast<unsigned>(part(8, 2)))};
  if (!day.ok()) return 0;
  const auto days = std::chrono::sys_days(day).time_since_epoch().count();
  return static_cast<double>(days) * 86400 + part(11, 2) * 3600 + part(14, 2) * 60 + part(17, 2);
}

class Metrics final : public FinalReporter {
 public:
  using FinalReporter::FinalReporter;

 private:
  void write() override {
    checks();
    run();
    emit(std::exchange(text_, {}));
  }

  void family(std::string_view name, std::string_view help) {
    text_ += fmt::format("# HELP {} {}\n# TYPE {} gauge\n", name, help, name);
    name_ = name;
  }

  void sample(const std::string& labels, double value) {
    text_ += name_;
    if (!labels.empty()) text_.append("{").append(labels).append("}");
    text_ += ' ';
    fmt::format_to(std::back_inserter(text_), "{}\n", value);
    if (text_.size() >= kPiece) emit(std::exchange(text_, {}));
  }

  static std::string labels_of(const Check& check) {
    const std::string prefix = check.suite + "/";
    const std::string_view id = check.id;
    return label("suite", check.suite) + "," +
           label("check", check.id.starts_with(prefix) ? id.substr(prefix.size()) : id) + "," +
           label("probe", check.probe);
  }

  void checks() {
    const auto& all = results().checks();
    if (all.empty()) return;
    for (const CheckResult& result : all) labels_.push_back(labels_of(result.check));
    family("assay_check_verdict", "1 for the verdict that a check has in the last run, 0 for the others.");
    for (std::size_t i = 0; i < all.size(); ++i) {
      for (const Verdict verdict : {Verdict::pass, Verdict::fail, Verdict::error, Verdict::skip}) {
        sample(labels_[i] + "," + label("verdict", verdict_name(verdict)),
               all[i].judgement.verdict == verdict ? 1 : 0);
      }
    }
    family("assay_check_flaky", "1 when a check passed only when it was repeated.");
    for (std::size_t i = 0; i < all.size(); ++i) sample(labels_[i], all[i].judgement.flaky ? 1 : 0);
    family("assay_check_muted", "1 when a known failure of a check is muted until a date.");
    for (std::size_t i = 0; i < all.size(); ++i) sample(labels_[i], all[i].judgement.muted ? 1 : 0);
    family("assay_check_attempts", "Attempts that a check took.");
    for (std::size_t i = 0; i < all.size(); ++i) sample(labels_[i], all[i].judgement.attempts);
    durations();
  }

  // Only of checks that were run: a check without an attempt has no duration, which is not the same as 0.
  void durations() {
    bool any = false;
    bool phases = false;
    const auto& all = results().checks();
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].judgement.took <= 0) continue;
      if (!any) family("assay_check_duration_seconds", "Time of the attempt that decided a check.");
      any = true;
      sample(labels_[i], all[i].judgement.took);
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Value* seen = all[i].observation().find("phases");
      if (seen == nullptr || !seen->is_object()) continue;
      for (const Member& member : seen->members()) {
        if (!member.value.is_number()) continue;
        if (!phases)
          family("assay_check_phase_seconds", "Time that a phase took of the attempt that decided a check.");
        phases = true;
        sample(labels_[i] + "," + label("phase", member.key), member.value.number());
      }
    }
  }

  void run() {
    const Totals totals = results().totals();
    const Value& header = results().header;
    family("assay_run_info", "The last run, always 1.");
    sample(label("run", header.get("run")) + "," + label("version", header.get("assay")) + "," +
               label("seed", scalar_text(header.find("seed"))),
           1);
    family("assay_run_checks",
           "Checks of the last run by outcome; failed and error leave muted checks and warnings out.");
    const std::pair<std::string_view, int> outcomes[] = {
        {"passed", totals.pass},  {"failed", totals.fail},      {"error", totals.error},
        {"skipped", totals.skip}, {"warning", totals.warnings}, {"muted", totals.muted}};
    for (const auto& [name, count] : outcomes) sample(label("outcome", name), count);
    family("assay_run_flaky_checks", "Checks of the last run that passed only when they were repeated.");
    sample("", totals.flaky);
    family("assay_run_not_run_checks", "Checks of the last run for which there was no time left.");
    sample("", totals.not_run);
    family("assay_run_complete", "1 when the last run came to its end, 0 when it was interrupted.");
    sample("", complete(results()) ? 1 : 0);
    family("assay_run_duration_seconds", "How long the last run took.");
    sample("", results().duration);
    if (const double started = unix_time(header.get("started")); started > 0) {
      family("assay_run_start_timestamp_seconds", "When the last run began, in seconds since 1970.");
      sample("", started);
    }
  }

  std::vector<std::string> labels_;  // of every check, for all families
  std::string text_;
  std::string_view name_;
};

}  // namespace

std::unique_ptr<Reporter> make_metrics(const Results& results, Output output) {
  return std::make_unique<Metrics>(results, std::move(output));
}

}  // namespace assay

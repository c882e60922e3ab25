// One HTML file that opens anywhere: no other resource, content by presentation attributes, nothing run but
// our own script, which only filters.
#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "core/utf8.h"
#include "reporters/budget.h"
#include "reporters/formats.h"
#include "reporters/html_check.h"
#include "reporters/html_style.h"
#include "reporters/outcome.h"

namespace assay {
namespace {

// Reports that are much larger do not open; what is cut here is whole in the journal.
constexpr std::size_t kEvidence = 16U << 20;

struct Group {
  Outcome outcome;
  std::string_view id;
  std::string_view title;
  std::string_view one;  // beside a count
  std::string_view many;
};
constexpr Group kGroups[] = {{Outcome::failed, "failed", "Failed", "failed", "failed"},
                             {Outcome::error, "errors", "Errors", "error", "errors"},
                             {Outcome::flaky, "flaky", "Flaky", "flaky", "flaky"},
                             {Outcome::warning, "warnings", "Warnings", "warning", "warnings"},
                             {Outcome::known, "known", "Known failures", "known", "known"},
                             {Outcome::skipped, "skipped", "Skipped", "skipped", "skipped"},
                             {Outcome::passed, "passed", "Passed", "passed", "passed"}};

// "2026-01-31 08:15:00 UTC"; what has another shape stays as it is.
std::string readable_time(std::string text) {
  if (text.size() != 20 || text[10] != 'T' || !text.ends_with('Z')) return text;
  text[10] = ' ';
  text.replace(19, 1, " UTC");
  return text;
}

class Html final : public FinalReporter {
 public:
  using FinalReporter::FinalReporter;

 private:
  void write() override {
    // What all of it takes at most is told quickly, and is enough where that fits.
    caps_ = caps_of(html_evidence_bound);
    if (caps_ != kWidestCaps) caps_ = caps_of(html_evidence_size);
    text_ = fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta "
        "http-equiv=\"Content-Security-Policy\" "
        "content=\"{}\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta "
        "name=\"referrer\" "
        "content=\"no-referrer\">\n<title>{} - assay</title>\n<style>{}</style>\n</head>\n"
        "<body bgcolor=\"#ffffff\" text=\"#1f2328\" link=\"#0969da\">\n",
        html_policy(), html_text(headline_text()), html_style());
    header();
    filter();
    for (const Group& group : kGroups) section(group);
    text_ += fmt::format(
        "<footer>Made by assay {} from the run's journal.</footer>\n<script>{}</script>\n</body>\n</html>\n",
        html_text(results().header.get("assay")), html_script());
    emit(std::exchange(text_, {}));
  }

  Caps caps_of(std::size_t (*size)(const CheckResult&)) const {
    std::vector<Evidence> sizes;
    for (const CheckResult& result : results().checks()) {
      const Outcome outcome = outcome_of(result);
      sizes.push_back({size(result), outcome == Outcome::passed || outcome == Outcome::skipped});
    }
    return caps_for(sizes, kEvidence);
  }

  // "1 failed, 2 errors of 40 checks": what is wrong, or that all is well.
  std::string headline_text() const {
    const Totals totals = results().totals();
    const std::string all = plural(static_cast<std::size_t>(totals.total), "check");
    std::string text;
    const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
    if (totals.fail > 0) add(fmt::format("{} failed", totals.fail));
    if (totals.error > 0) add(plural(static_cast<std::size_t>(totals.error), "error"));
    if (totals.not_run > 0) add(fmt::format("{} not run", totals.not_run));
    if (!text.empty()) return text + " of " + all + (troubles(results()).empty() ? "" : "; not complete");
    if (!troubles(results()).empty()) return fmt::format("Not complete: {} of {} passed", totals.pass, all);
    if (totals.pass == 0) return "Nothing passed";
    if (totals.pass == totals.total)
      return totals.total == 1 ? "The check passed" : fmt::format("All {} passed", all);
    return fmt::format("{} of {} passed, nothing failed", totals.pass, all);
  }

  void header() {
    const Totals totals = results().totals();
    const bool all_told = troubles(results()).empty();
    const bool green = totals.fail + totals.error + totals.not_run == 0 && totals.pass > 0 && all_told;
    const Outcome tone = totals.fail > 0 ? Outcome::failed : green ? Outcome::passed : Outcome::error;
    const Value& head = results().header;
    text_ += fmt::format("<header>\n<h1><font color=\"{}\" class=\"{}\">{}</font></h1>\n", html_color(tone),
                         outcome_word(tone), html_text(headline_text()));
    std::string suites;
    for (const std::string& suite : results().suites) suites += (suites.empty() ? "" : ", ") + suite;
    if (!suites.empty()) text_ += fmt::format("<p class=\"meta\">{}</p>\n", html_text(suites));
    text_ += fmt::format("<p class=\"meta\">{} &middot; {} &middot; run {} &middot; seed {}</p>\n",
                         html_text(readable_time(head.get("started"))),
                         html_text(format_seconds(results().duration)), html_text(head.get("run")),
                         html_text(scalar_text(head.find("seed"))));
    if (const Value* command = head.find("command"); command != nullptr && command->is_array()) {
      std::string line;
      for (const Value& word : command->items()) line += (line.empty() ? "" : " ") + scalar_text(&word);
      text_ +=
          fmt::format("<p class=\"meta\"><code>{}</code></p>\n", html_text(shorten(to_utf8(line), 2000)));
    }
    for (const std::string& trouble : troubles(results())) {
      text_ += fmt::format("<p class=\"trouble\"><b>{}</b></p>\n", html_text(trouble));
    }
    strip();
    counts();
    text_ += "</header>\n";
  }

  // All checks as one bar, in the order of the sections.
  void strip() {
    const std::size_t total = results().checks().size();
    if (total == 0) return;
    text_ +=
        "<svg class=\"strip\" width=\"100%\" height=\"8\" viewBox=\"0 0 1000 8\" "
        "preserveAspectRatio=\"none\" role=\"img\" aria-label=\"checks by outcome\">";
    std::size_t before = 0;
    for (const Group& group : kGroups) {
      const std::size_t count = with_outcome(results(), group.outcome).size();
      if (count == 0) continue;
      const double scale = 1000.0 / static_cast<double>(total);
      text_ +=
          fmt::format("<rect class=\"{}\" fill=\"{}\" x=\"{:.2f}\" y=\"0\" width=\"{:.2f}\" height=\"8\"/>",
                      outcome_word(group.outcome),
                      group.outcome == Outcome::skipped ? "#d8dee4" : html_color(group.outcome),
                      static_cast<double>(before) * scale, static_cast<double>(count) * scale);
      before += count;
    }
    text_ += "</svg>\n";
  }

  void counts() {
    text_ += "<table class=\"totals\" cellpadding=\"4\"><tr>";
    for (const Group& group : kGroups) {
      const std::size_t count = with_outcome(results(), group.outcome).size();
      if (count == 0) continue;
      text_ += fmt::format(
          "<td><a href=\"#{}\"><b><font color=\"{}\" class=\"{}\">{}</font></b> <small>{}</small></a></td>",
          group.id, html_color(group.outcome), outcome_word(group.outcome), count,
          count == 1 ? group.one : group.many);
    }
    text_ += "</tr></table>\n";
  }

  // Shown by the script, since it can do nothing without it.
  void filter() {
    text_ +=
        "<div class=\"filter\" id=\"filter\" hidden>\n<input id=\"query\" type=\"search\" "
        "placeholder=\"Filter by name, code or message\" aria-label=\"filter\">\n";
    for (const Group& group : kGroups) {
      if (with_outcome(results(), group.outcome).empty()) continue;
      text_ +=
          fmt::format("<button type=\"button\" data-outcome=\"{0}\" aria-pressed=\"false\">{0}</button>\n",
                      outcome_word(group.outcome));
    }
    text_ +=
        "<button type=\"button\" id=\"expand\">expand</button>\n</div>\n<p class=\"none\" id=\"none\" "
        "hidden>No check matches.</p>\n";
  }

  void section(const Group& group) {
    const auto checks = with_outcome(results(), group.outcome);
    if (checks.empty()) return;
    const bool quiet = group.outcome == Outcome::passed || group.outcome == Outcome::skipped;
    const bool open = group.outcome == Outcome::failed || group.outcome == Outcome::error;
    text_ += fmt::format("<section id=\"{}\"{}>\n<h2>{} <span class=\"count\">{}</span></h2>\n", group.id,
                         quiet ? " class=\"quiet\"" : "", group.title, checks.size());
    std::size_t number = 0;
    for (const CheckResult* result : checks) {
      // Everything open would be a page that nobody scrolls.
      append_html_check(text_, *result, open && number++ < 10, quiet ? caps_.green : caps_.other);
      if (text_.size() >= kPiece) emit(std::exchange(text_, {}));
    }
    text_ += "</section>\n";
  }

  Caps caps_;
  std::string text_;
};

}  // namespace

std::unique_ptr<Reporter> make_html(const Results& results, Output output) {
  return std::make_unique<Html>(results, std::move(output));
}

}  // namespace assay

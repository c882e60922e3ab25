// Annotations for GitHub Actions: workflow commands, escaped as the runner's own toolkit does it
// (actions/toolkit, packages/core/src/command.ts).
#include "reporters/github.h"

#include <fmt/format.h>

#include "core/text.h"
#include "reporters/formats.h"
#include "reporters/outcome.h"

namespace assay {

std::string escape_data(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '%') {
      out += "%25";
    } else if (c == '\r') {
      out += "%0D";
    } else if (c == '\n') {
      out += "%0A";
    } else {
      out += c;
    }
  }
  return out;
}

std::string escape_property(std::string_view text) {
  std::string out;
  for (const char c : escape_data(text)) {
    if (c == ':') {
      out += "%3A";
    } else if (c == ',') {
      out += "%2C";
    } else {
      out += c;
    }
  }
  return out;
}

namespace {

// GitHub shows ten of each kind for a step; more would push the first ones out of sight.
constexpr std::size_t kShown = 10;
constexpr std::size_t kMessage = 4000;

// The place to point at: the first expectation that did not hold, else the check.
std::string place(const CheckResult& result) {
  const Check& check = result.check;
  if (check.file.empty()) return {};
  std::uint32_t line = check.line;
  std::uint32_t column = check.column;
  if (!result.judgement.mismatches.empty() && result.judgement.mismatches.front().line != 0) {
    line = result.judgement.mismatches.front().line;
    column = result.judgement.mismatches.front().column;
  }
  std::string text = "file=" + escape_property(one_line(check.file));
  if (line != 0) text += fmt::format(",line={}", line);
  if (line != 0 && column != 0) text += fmt::format(",col={}", column);
  return text + ",";
}

std::string message_of(const CheckResult& result) {
  const CheckJudgement& judged = result.judgement;
  std::string text;
  if (judged.mismatches.empty() || outcome_of(result) == Outcome::flaky ||
      outcome_of(result) == Outcome::known) {
    text = one_line(sentence(result), kMessage);
  }
  for (const Mismatch& mismatch : judged.mismatches) {
    if (text.size() > kMessage) break;
    if (!text.empty()) text += '\n';
    text += fmt::format("{}: expected {}, observed {}", one_line(mismatch.path),
                        one_line(mismatch.expected, 500), one_line(mismatch.observed, 500));
    if (!mismatch.hint.empty()) text += fmt::format(" ({})", one_line(mismatch.hint, 500));
  }
  if (!result.check.runbook.empty()) text += "\nrunbook: " + one_line(result.check.runbook, 500);
  return text;
}

class Github final : public FinalReporter {
 public:
  using FinalReporter::FinalReporter;

 private:
  void write() override {
    std::string text;
    for (const std::string& trouble : troubles(results()))
      text += "::error title=assay::" + escape_data(one_line(trouble)) + "\n";
    annotate(text, "error", {Outcome::failed, Outcome::error});
    annotate(text, "warning", {Outcome::warning, Outcome::flaky});
    annotate(text, "notice", {Outcome::known});
    emit(text + totals_line(results()) + "\n");
  }

  void annotate(std::string& text, std::string_view kind, std::initializer_list<Outcome> outcomes) {
    std::vector<const CheckResult*> checks;
    for (const Outcome outcome : outcomes) {
      for (const CheckResult* result : with_outcome(results(), outcome)) checks.push_back(result);
    }
    // The last of the ten says how many are missing.
    const std::size_t shown = checks.size() > kShown ? kShown - 1 : checks.size();
    for (std::size_t i = 0; i < shown; ++i) {
      const CheckResult& result = *checks[i];
      std::string title = one_line(result.check.id, 200);
      if (const std::string code = code_and_phase(result.judgement); !code.empty())
        title += ": " + one_line(code, 200);
      if (outcome_of(result) == Outcome::flaky) title += ": flaky";
      text += fmt::format("::{} {}title={}::{}\n", kind, place(result), escape_property(title),
                          escape_data(message_of(result)));
    }
    if (checks.size() > shown) {
      text += fmt::format("::{} title=assay::and {} more, all of them in the run's reports\n", kind,
                          checks.size() - shown);
    }
  }
};

}  // namespace

std::unique_ptr<Reporter> make_github(const Results& results, Output output) {
  return std::make_unique<Github>(results, std::move(output));
}

}  // namespace assay

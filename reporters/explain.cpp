#include "reporters/explain.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "reporters/outcome.h"

namespace assay {
namespace {

constexpr std::size_t kMismatches = 8;  // shown of one check
constexpr std::size_t kSourceWidth = 110;
constexpr std::size_t kValue = 1500;  // bytes of an expected or observed value

// Draws excerpts with one gutter for all of a check's line numbers.
class Excerpts {
 public:
  Excerpts(std::vector<StyledLine>& lines, const Check& check, std::uint32_t largest)
      : lines_(lines), check_(check), gutter_(std::to_string(std::max(largest, check.line)).size()) {}

  // The place and the source line with a caret below `column`, the label beside it.
  void source(std::uint32_t line, std::uint32_t column, const std::string& text, const std::string& label) {
    if (line == 0) {
      bar(label.empty() ? StyledLine{} : StyledLine{{Style::strong, label}});
      return;
    }
    // The next expectation of the same line needs no second address.
    if (line != last_) {
      lines_.push_back(
          {{Style::faint, std::string(gutter_ + 1, ' ') + "--> "},
           {Style::link, fmt::format("{}:{}:{}", one_line(check_.file), line, std::max(column, 1U))}});
    }
    last_ = line;
    bar({});
    const auto [shown, caret] = clip(text, column);
    lines_.push_back({{Style::faint, fmt::format(" {:>{}} | ", line, gutter_)}, {Style::plain, shown}});
    bar({{Style::plain, std::string(caret, ' ')}, {accent, "^"}, {accent, label.empty() ? "" : " " + label}});
  }

  void bar(StyledLine rest) {
    StyledLine line{{Style::faint, std::string(gutter_ + 1, ' ') + (rest.empty() ? " |" : " | ")}};
    line.insert(line.end(), rest.begin(), rest.end());
    lines_.push_back(std::move(line));
  }

  void note(std::string_view name, const std::string& text, Style style = Style::plain) {
    lines_.push_back(
        {{Style::faint, fmt::format("{} = {}: ", std::string(gutter_ + 1, ' '), name)}, {style, text}});
  }

  Style accent = Style::fail;

 private:
  // A long line is shown around its column; the result's second is the columns in front of the caret.
  static std::pair<std::string, std::size_t> clip(const std::string& text, std::uint32_t column) {
    const std::size_t before = std::min<std::size_t>(column == 0 ? 0 : column - 1, text.size());
    std::size_t from = 0;
    if (text.size() > kSourceWidth && before > kSourceWidth / 2) from = before - kSourceWidth / 2;
    while (from > 0 && from < text.size() && (static_cast<unsigned char>(text[from]) & 0xc0) == 0x80) --from;
    const std::string lead = from > 0 ? "…" : "";
    const std::string head = lead + one_line(std::string_view(text).substr(from, before - from));
    const std::string shown = lead + one_line(std::string_view(text).substr(from));
    return {fit(shown, kSourceWidth), columns(head)};
  }

  std::vector<StyledLine>& lines_;
  const Check& check_;
  std::size_t gutter_;
  std::uint32_t last_ = 0;
};

Style style_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::failed:
      return Style::fail;
    case Outcome::error:
      return Style::error;
    case Outcome::flaky:
    case Outcome::warning:
      return Style::warn;
    case Outcome::passed:
      return Style::good;
    case Outcome::known:
    case Outcome::skipped:
      return Style::faint;
  }
  return Style::plain;
}

void mismatches(const CheckResult& result, Excerpts& excerpts) {
  const auto& all = result.judgement.mismatches;
  for (std::size_t i = 0; i < std::min(all.size(), kMismatches); ++i) {
    const Mismatch& mismatch = all[i];
    const bool own = mismatch.line != 0;
    std::string label = one_line(mismatch.path, 200);
    if (!own) label += fmt::format(" (expected by default of {})", one_line(result.check.probe, 100));
    excerpts.source(own ? mismatch.line : result.check.line, own ? mismatch.column : result.check.column,
                    own ? mismatch.source : result.check.source, label);
    excerpts.bar({{Style::plain, "expected: "}, {Style::good, one_line(mismatch.expected, kValue)}});
    excerpts.bar({{Style::plain, "observed: "}, {excerpts.accent, one_line(mismatch.observed, kValue)}});
    if (!mismatch.hint.empty()) excerpts.note("hint", one_line(mismatch.hint, kValue));
  }
  if (all.size() > kMismatches)
    excerpts.note("note", fmt::format("{} more expectations did not hold", all.size() - kMismatches));
}

}  // namespace

StyledLine headline(const CheckResult& result) {
  const Outcome outcome = outcome_of(result);
  StyledLine line{{style_of(outcome), fmt::format("{:<5}", outcome_word(outcome))},
                  {Style::strong, " " + one_line(result.check.id, 400)}};
  if (const std::string code = code_and_phase(result.judgement); !code.empty()) {
    line.push_back({style_of(outcome), "  " + one_line(code, 200)});
  }
  if (result.judgement.took > 0) line.push_back({Style::faint, "  " + format_seconds(result.judgement.took)});
  return line;
}

std::vector<StyledLine> explain(const CheckResult& result, bool notes) {
  std::vector<StyledLine> lines;
  const Outcome outcome = outcome_of(result);
  if (outcome == Outcome::passed || outcome == Outcome::skipped) return lines;
  const CheckJudgement& judged = result.judgement;
  std::uint32_t largest = 0;
  for (const Mismatch& mismatch : judged.mismatches) largest = std::max(largest, mismatch.line);
  Excerpts excerpts(lines, result.check, largest);
  excerpts.accent = style_of(outcome);

  // No line begins with a server's text: a CI system could take it for a command.
  if (outcome == Outcome::flaky) {
    lines.push_back({{Style::plain, "      " + one_line(sentence(result), kValue)}});
    return lines;
  }
  if (judged.mismatches.empty()) {
    excerpts.source(result.check.line, result.check.column, result.check.source,
                    one_line(judged.message, kValue));
  } else {
    mismatches(result, excerpts);
  }
  if (!notes) return lines;
  if (judged.attempts > 1) {
    const double since =
        result.attempts.back().at - (result.attempts.front().at - result.attempts.front().took);
    excerpts.note("attempts", fmt::format("{} in {}", judged.attempts, format_seconds(since)));
  }
  if (!result.check.doc.empty()) excerpts.note("about", one_line(result.check.doc, 300));
  if (!result.check.runbook.empty())
    excerpts.note("runbook", one_line(result.check.runbook, 300), Style::link);
  return lines;
}

std::string plain_text(const std::vector<StyledLine>& lines) {
  std::string text;
  for (const StyledLine& line : lines) {
    std::string whole;
    for (const Span& span : line) whole += span.text;
    whole.erase(whole.find_last_not_of(' ') + 1);
    text += whole + "\n";
  }
  return text;
}

}  // namespace assay

// Why a check is not green, as hurl shows it: the suite's line, a caret, expected and observed.
#pragma once

#include <string>
#include <vector>

#include "engine/results.h"

namespace assay {

// What a piece of a line is, for whoever paints it.
enum class Style { plain, faint, strong, fail, error, warn, good, link };

struct Span {
  Style style = Style::plain;
  std::string text;  // of one_line(): safe for a terminal
};

using StyledLine = std::vector<Span>;

// The head line: word, id, code and phase, time.
StyledLine headline(const CheckResult& result);

// The lines below it: source line with caret and message, or expected and observed with a hint; with `notes`
// the attempts, what the check is about and its runbook too. Empty for a plain pass and for a skip.
std::vector<StyledLine> explain(const CheckResult& result, bool notes = true);

// The lines without their styles, each ended by a newline.
std::string plain_text(const std::vector<StyledLine>& lines);

}  // namespace assay

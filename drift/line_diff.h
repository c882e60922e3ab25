// Two texts, line by line.
#pragma once

#include <string_view>
#include <vector>

namespace assay::drift {

// The lines of `text` without their ends; a last line needs none. An empty text has no lines.
std::vector<std::string_view> split_lines(std::string_view text);

struct LineEdit {
  char sign = ' ';  // ' ' in both, '-' in the first only, '+' in the second only
  std::string_view line;
};

// The fewest edits that make one of the other, removals before additions. Where the parts that differ are too
// long for that (a million pairs of lines), all of one is replaced by all of the other.
std::vector<LineEdit> diff_lines(const std::vector<std::string_view>& from,
                                 const std::vector<std::string_view>& to);

}  // namespace assay::drift

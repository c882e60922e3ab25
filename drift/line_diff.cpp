#include "drift/line_diff.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace assay::drift {
namespace {

constexpr std::size_t kMostPairs = 1'000'000;

using Lines = std::vector<std::string_view>;

// The longest common subsequence of from[begin, from_end) and to[begin, to_end).
void append_edits(std::vector<LineEdit>& edits, const Lines& from, std::size_t from_end, const Lines& to,
                  std::size_t to_end, std::size_t begin) {
  const auto rows = from_end - begin;
  const auto columns = to_end - begin;
  std::size_t row = 0;
  std::size_t column = 0;
  if (rows != 0 && columns != 0 && rows <= kMostPairs / columns) {
    const auto width = columns + 1;
    std::vector<std::uint32_t> common((rows + 1) * width, 0);  // of what is left from (row, column) on
    for (auto i = rows; i-- > 0;) {
      for (auto j = columns; j-- > 0;) {
        common[i * width + j] = from[begin + i] == to[begin + j]
                                    ? common[(i + 1) * width + j + 1] + 1
                                    : std::max(common[(i + 1) * width + j], common[i * width + j + 1]);
      }
    }
    while (row < rows && column < columns) {
      if (from[begin + row] == to[begin + column]) {
        edits.push_back({' ', from[begin + row]});
        ++row;
        ++column;
      } else if (common[(row + 1) * width + column] >= common[row * width + column + 1]) {
        edits.push_back({'-', from[begin + row++]});
      } else {
        edits.push_back({'+', to[begin + column++]});
      }
    }
  }
  for (; row < rows; ++row) edits.push_back({'-', from[begin + row]});
  for (; column < columns; ++column) edits.push_back({'+', to[begin + column]});
}

}  // namespace

std::vector<std::string_view> split_lines(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::vector<LineEdit> diff_lines(const Lines& from, const Lines& to) {
  const auto shorter = std::min(from.size(), to.size());
  std::size_t begin = 0;
  while (begin < shorter && from[begin] == to[begin]) ++begin;
  std::size_t same_end = 0;
  while (same_end < shorter - begin && from[from.size() - 1 - same_end] == to[to.size() - 1 - same_end])
    ++same_end;
  std::vector<LineEdit> edits;
  for (std::size_t i = 0; i < begin; ++i) edits.push_back({' ', from[i]});
  append_edits(edits, from, from.size() - same_end, to, to.size() - same_end, begin);
  for (auto i = from.size() - same_end; i < from.size(); ++i) edits.push_back({' ', from[i]});
  return edits;
}

}  // namespace assay::drift

#include "drift/pattern.h"

#include <algorithm>

namespace assay::drift {
namespace {

constexpr std::string_view kAnySteps = "**";

// The steps of a pointer, still escaped.
std::vector<std::string_view> split(std::string_view pointer) {
  std::vector<std::string_view> steps;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);  // the slash
    const auto end = std::min(pointer.find('/'), pointer.size());
    steps.push_back(pointer.substr(0, end));
    pointer.remove_prefix(end);
  }
  return steps;
}

}  // namespace

bool matches_glob(std::string_view pattern, std::string_view text) {
  // After a star the shortest text that lets the rest match; only the last star is ever tried again.
  std::size_t at = 0;
  std::size_t in = 0;
  std::size_t star = std::string_view::npos;
  std::size_t tried = 0;
  while (in < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      tried = in;
    } else if (at < pattern.size() && pattern[at] == text[in]) {
      ++at;
      ++in;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      in = ++tried;
    } else {
      return false;
    }
  }
  return pattern.substr(at).find_first_not_of('*') == std::string_view::npos;
}

PathPattern::PathPattern(std::string_view pointer) {
  for (const auto step : split(pointer)) steps_.emplace_back(step);
}

bool PathPattern::covers(std::string_view pointer) const {
  if (steps_.empty()) return true;
  const auto steps = split(pointer);
  // As with a glob: only the last `**` is ever tried again.
  std::size_t at = 0;
  std::size_t in = 0;
  std::size_t any = steps_.size();
  std::size_t tried = 0;
  while (at < steps_.size()) {
    if (steps_[at] == kAnySteps) {
      any = at++;
      tried = in;
    } else if (in < steps.size() && matches_glob(steps_[at], steps[in])) {
      ++at;
      ++in;
    } else if (any < steps_.size() && tried < steps.size()) {
      at = any + 1;
      in = ++tried;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace assay::drift

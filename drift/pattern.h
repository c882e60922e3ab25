// Texts and paths with wildcards.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace assay::drift {

// Whether `text` is what `pattern` says; `*` stands for any text. Time grows with the product of their
// lengths at most.
bool matches_glob(std::string_view pattern, std::string_view text);

// A JSON pointer in which a step may hold `*`, for any text, and be `**`, for any number of steps.
class PathPattern {
 public:
  PathPattern() = default;  // every path
  explicit PathPattern(std::string_view pointer);

  // Whether `pointer` is a place that the pattern names, or lies under one.
  bool covers(std::string_view pointer) const;

 private:
  std::vector<std::string> steps_;
};

}  // namespace assay::drift

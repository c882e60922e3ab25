// The lines of a YAML text that is read in the quick way.
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

namespace assay::drift {

// A walk over them. What cannot be read in the quick way makes the text odd.
class PlainLines {
 public:
  explicit PlainLines(std::string_view text) : at_(text.data()), end_(at_ + text.size()), line_(at_) {}

 protected:
  bool give_up() {
    odd_ = true;
    return false;
  }

  // Goes to the first character that says something at or after `line`, where a line begins.
  void from_line(const char* line) {
    while (true) {
      line_ = line;
      const char* at = line;
      while (at != end_ && *at == ' ') ++at;
      if (at == end_) {
        at_ = end_;
        indent_ = -1;
        return;
      }
      if (*at == '\n') {
        line = at + 1;
        continue;
      }
      if (*at == '#') {
        line = after_line(at);
        continue;
      }
      at_ = at;
      indent_ = at - line_;
      if (*at == '\t') odd_ = true;
      if (indent_ == 0 && end_ - at >= 3 &&
          (std::string_view(at, 3) == "---" || std::string_view(at, 3) == "..."))
        odd_ = true;
      return;
    }
  }

  const char* after_line(const char* at) const {
    const auto* newline =
        static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end_ - at)));
    return newline == nullptr ? end_ : newline + 1;
  }

  void spaces() {
    while (at_ != end_ && *at_ == ' ') ++at_;
  }

  // Whether nothing but a comment follows in this line; then it goes on to the next.
  bool line_ends() {
    const char* const from = at_;
    spaces();
    if (at_ != end_ && *at_ == '#' && (at_ != from || at_ == line_ || at_[-1] == ' '))
      at_ = after_line(at_);
    else if (at_ != end_ && *at_ == '\n')
      ++at_;
    else if (at_ != end_)
      return false;
    from_line(at_);
    return true;
  }

  bool at_dash() const { return *at_ == '-' && (at_ + 1 == end_ || at_[1] == ' ' || at_[1] == '\n'); }

  const char* at_;
  const char* const end_;
  const char* line_;            // where the line that at_ is in begins
  std::ptrdiff_t indent_ = -1;  // of at_ in it, where a block begins there; -1: nothing is left
  bool odd_ = false;
};

}  // namespace assay::drift

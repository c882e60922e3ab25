// Finds the end of a JSON text and which object it is, without reading it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "drift/found_id.h"

namespace assay::drift {

// Fed piece by piece. It checks no more than it needs: what it takes for JSON may be none.
class JsonSkim {
 public:
  enum class State { wants_more, done, wrong, too_deep };

  // An item of "items" in the outermost object.
  struct Item {
    FoundId id;
    std::uint64_t begin = 0, end = 0;  // in the text
    std::uint32_t line = 0;            // from 0
  };

  // Takes from `piece`, the first time from the opening brace on; `taken` is how much of it.
  State feed(std::string_view piece, std::size_t& taken);

  std::uint32_t lines() const { return line_; }  // that have ended in it

  FoundId found;
  std::vector<Item> items;

 private:
  enum class Role : std::uint8_t { other, other_list, root, metadata, items, item, item_metadata };

  bool fits(char c);
  const char* skip(const char* at, const char* end);
  const char* string(const char* at, const char* end);
  void string_ended();
  void open(char bracket);
  bool close(char bracket);
  FoundId& current();
  static bool is_other(Role role) { return role == Role::other || role == Role::other_list; }
  bool looks_at() const {
    return !roles_.empty() && !is_other(roles_.back()) && roles_.back() != Role::items;
  }
  bool looks_away() const { return !roles_.empty() && is_other(roles_.back()); }

  std::vector<Role> roles_;
  std::uint64_t offset_ = 0;  // of what was fed before
  std::uint32_t line_ = 0;
  char last_ = ' ';  // of the characters outside of strings that are no spaces
  bool in_string_ = false, escaped_ = false;
  bool key_next_ = false;  // the next string is a key
  bool keeps_ = false;     // of the string that is read
  bool odd_string_ = false;
  std::string string_, key_;
};

}  // namespace assay::drift

// Where a field stands in an object.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "drift/tree.h"

namespace assay::drift {

struct Type;

// A step of a path: into a map by key, into a keyed list by its element's keys, into a set by the element's
// value, into another list by position.
struct Step {
  enum class Kind : std::uint8_t { field, element, member, index };
  Kind kind = Kind::field;
  std::string_view field{};
  std::size_t index = 0;
  Node element{};              // element: the element; member: the value
  const Type* list = nullptr;  // element: the list's type, which has the keys
};

using Path = std::vector<Step>;

// A JSON pointer (RFC 6901) in which an element of a keyed list is named by its keys:
// "/spec/ports/port=80,protocol=TCP/targetPort". A key that the element lacks is left out. "/" and "~" are
// escaped as in a pointer; "," "=" and "\" of a key's value with a backslash.
std::string to_pointer(const Path& path);

}  // namespace assay::drift

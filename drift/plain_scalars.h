// The scalars of a YAML text that is read in the quick way.
#pragma once

#include <cstddef>
#include <string_view>

#include "drift/plain_lines.h"
#include "drift/tree.h"

namespace assay::drift {

// Each function reads what begins where the walk stands; false: it has given up. Texts point into what is
// read, or lie in the arena where they are written in another way.
class PlainScalars : public PlainLines {
 public:
  PlainScalars(std::string_view text, Arena& arena) : PlainLines(text), arena_(arena) {}

 protected:
  static constexpr std::ptrdiff_t kLongestKey = 1000;  // libyaml takes none above 1024

  struct Found {
    bool key = false;  // it is one, and at_ stands after its colon
    bool quoted = false;
  };

  // Reads one, and the colon after it where it is a key.
  bool scalar(std::string_view& text, Found& found);
  // "|", with a sign or without. Its lines stand further in than `parent`.
  bool literal(std::ptrdiff_t parent, Node& out);
  // Of a flow collection: quoted, or of few characters.
  bool flow_scalar(std::string_view& text, bool& quoted);

  Arena& arena_;

 private:
  bool plain(std::string_view& text, bool& key);
  bool single_quoted(std::string_view& text);
  bool double_quoted(std::string_view& text);
  static bool escape(const char*& at, const char* close, char*& to);
};

}  // namespace assay::drift

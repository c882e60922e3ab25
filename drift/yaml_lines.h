// Finds out which object a YAML document is, line by line.
#pragma once

#include <string_view>

#include "drift/found_id.h"

namespace assay::drift {

// Sees the lines of one block map, that of a document or of a list's item. Where a line could mean something
// that only a reader of YAML can tell, the result is odd.
class YamlLines {
 public:
  // `indent`: of the map's keys. `in_list`: it is an item, whose own items are not looked for.
  explicit YamlLines(std::size_t indent, bool in_list = false) : root_(indent), in_list_(in_list) {}

  // A line that holds something: `text` begins at its first character that is no space, after `indent` of
  // them.
  void line(std::size_t indent, std::string_view text);
  // The lines that come now belong to "items:" (until the next key of the map itself).
  bool in_items() const { return place_ == Place::items; }

  FoundId found;

 private:
  enum class Place { other, metadata, items };

  void root_key(std::string_view text);
  void metadata_key(std::string_view text);
  bool scalar(std::string_view value, std::string& out);

  std::size_t root_;
  bool in_list_;
  Place place_ = Place::other;
  bool metadata_seen_ = false;
  std::size_t child_ = 0;  // indentation of metadata's keys; 0: none seen
  // The line before was a whole scalar that stands there: what is deeper now would go on with it.
  bool ended_ = false;
  std::size_t ended_at_ = 0;
};

}  // namespace assay::drift

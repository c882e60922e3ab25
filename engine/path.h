// Paths into an observation: status.phase, metadata.labels["a.b/c"], nodes[0].name, nodes[*].up.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/value.h"

namespace assay {

// One step of a path: a key, an index, or every item.
struct Step {
  enum class Kind { key, index, every };
  Kind kind = Kind::key;
  std::string key;
  std::size_t index = 0;
};

struct Path {
  std::vector<Step> steps;
  std::string text() const;  // as a suite would write it
};

// Reads a path; the message says what is wrong with it.
tl::expected<Path, std::string> parse_path(std::string_view text);

// Does `value` stand for one that was cut ({truncated: true, bytes: N, ...})?
bool is_cut(const Value& value);

// What a path leads to: pointers into the tree, one for each item when it has `[*]`. `missing` holds the
// first place where it leads nowhere (then `values` may be empty or incomplete): an empty list under [*] is
// missing too, since nothing passes because nothing was there. Where it leads into a value that was cut,
// nobody can tell: that is neither found nor missing.
struct Found {
  std::vector<const Value*> values;
  std::optional<std::string> missing;  // the path as far as it exists
  std::vector<std::string> siblings;   // the keys (or the length) at that place
  const Value* cut = nullptr;          // the first cut value that the path leads into
};
Found find(const Value& tree, const Path& path);

// A sentence for a path that does not exist: the nearest one that does.
std::string describe_missing(const Path& path, const Found& found);

}  // namespace assay

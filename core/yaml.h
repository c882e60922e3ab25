// Reads YAML for suites and values files.
#pragma once

#include <string_view>

#include "core/source.h"
#include "core/value.h"

namespace assay {

struct YamlLimits {
  std::size_t bytes = 4 << 20;  // a larger text is refused
  std::size_t nodes = 500'000;  // counted after aliases are expanded
  int depth = 64;
};

using Parsed = tl::expected<Value, Problem>;

// Reads the one document of `text` into a tree in which every node has its mark (with `file`). Scalars follow
// the core schema of YAML 1.2 (section 10.3.2); a plain scalar that is a number and does not print back as
// written ("1.10", "0644") is refused, since it would not be what was meant. Duplicate keys, merge keys, tags
// other than the core ones, a second document and aliases beyond the limits are refused. An empty text gives
// null.
Parsed parse_yaml(std::string_view text, std::uint32_t file, const YamlLimits& limits = {});

}  // namespace assay

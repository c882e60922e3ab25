// Reads manifests, as Kubernetes reads them.
#pragma once

#include <string_view>

#include "core/result.h"
#include "drift/tree.h"

namespace assay {

struct ReadLimits {
  int depth = 128;
  std::size_t nodes = 2'000'000;  // counted after aliases are expanded
};

// Reads one YAML document into `arena`, as sigs.k8s.io/yaml does: YAML 1.1's booleans (y, yes, on ...; as
// keys too, "on:" is the key "true"), 0x, 0b, 0o and 0644 integers and 1_000, no base 60, no timestamps; keys
// that are scalars become strings; anchors, aliases and merge keys (<<) are resolved. An empty document is
// null. Texts may point into `text`, which must live as long as the tree.
// Errors: drift.manifest, with line and column (of `text`, from 1): not YAML, a tab for indentation, a
// duplicate key (named), too deep, too many nodes, bytes that are not UTF-8, a key that is no scalar.
Result<Node> read_yaml(std::string_view text, Arena& arena, const ReadLimits& limits = {});

// Reads one JSON text into `arena`. Errors: drift.manifest with the byte's offset; duplicate keys too.
Result<Node> read_json(std::string_view text, Arena& arena, const ReadLimits& limits = {});

}  // namespace assay

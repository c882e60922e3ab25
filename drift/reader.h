// Reads manifests, as Kubernetes reads them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/result.h"
#include "drift/tree.h"

namespace assay::drift {

struct ReadLimits {
  int depth = 128;
  std::size_t nodes = 2'000'000;                 // counted after aliases are expanded
  std::uint32_t line = 1;                        // the one that the text begins on, for messages
  std::size_t expanded = std::size_t{64} << 20;  // bytes of texts and keys that aliases stand for, in all
};

// Reads one YAML document into `arena`, as sigs.k8s.io/yaml does: YAML 1.1's booleans (y, yes, on ...; as
// keys too, "on:" is the key "true"), 0x, 0b, 0o and 0644 integers and 1_000, no base 60, no timestamps (nor
// does a !!timestamp have to be one); keys that are scalars become strings; anchors, aliases and merge keys
// (<<) are resolved. An empty document is null. Texts may point into `text`, which must live as long as the
// tree.
// Errors: drift.manifest, its message begins with "LINE:COLUMN: " (from 1): not YAML, a tab for indentation,
// a duplicate key (named), a second document, too deep, too many nodes, aliases of too much, bytes that are
// not UTF-8, a key that is no scalar or null, a number that JSON does not have. No message holds a value.
// Three texts that Kubernetes takes are errors too: in [] and {} a plain scalar with a colon before one of
// ",?[]{}"; a tag with one of them; a line that begins with a byte-order mark and is not the first.
Result<Node> read_yaml(std::string_view text, Arena& arena, const ReadLimits& limits = {});

// Reads one JSON text (RFC 8259) into `arena`, as Kubernetes does: an integer beyond 64 bits is a real, a
// lone surrogate U+FFFD. Texts may point into `text`. Errors: drift.manifest as above; duplicate keys too.
Result<Node> read_json(std::string_view text, Arena& arena, const ReadLimits& limits = {});

// The two readers that read_yaml is made of. The whole of YAML, over libyaml; and the part of it that
// manifests are mostly written in, many times as fast, which gives nothing where a text has anything else or
// an error in it. Where it gives a tree, it is the same tree.
Result<Node> read_yaml_whole(std::string_view text, Arena& arena, const ReadLimits& limits = {});
std::optional<Node> read_yaml_plain(std::string_view text, Arena& arena, const ReadLimits& limits = {});

}  // namespace assay::drift

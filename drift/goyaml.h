// Where goyaml.v2, with which Kubernetes reads YAML, takes another text than libyaml.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace assay::drift {

// Whether the double quoted scalar at `from`, or after the tag, anchor and comments there, has the escape \/,
// which libyaml knows and goyaml.v2 does not.
bool has_escaped_slash(std::string_view text, std::size_t from);

// Whether what ends at `end` is a tag with a comma behind it: for goyaml.v2 that is a part of the tag, for
// libyaml the end of an empty scalar.
bool is_tag_before_comma(std::string_view text, std::size_t end);

// The byte of a byte-order mark with which a line begins, or nothing: libyaml passes over it, for goyaml.v2
// it is text.
std::optional<std::size_t> mark_within(std::string_view text);

// The text without the backslash of each escape \', which goyaml.v2 knows and libyaml does not, from `at` to
// the end of the double quotes that this is in. Columns behind it are less by one.
std::string without_escaped_quotes(std::string_view text, std::size_t at);

}  // namespace assay::drift

// What the scalars of YAML mean to Kubernetes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "drift/tree.h"

namespace assay::drift {

// A plain scalar's meaning, as goyaml.v2's resolve() gives it to sigs.k8s.io/yaml (resolve.go): null,
// booleans, integers, reals, else the text itself. An integer beyond a signed one of 64 bits is a real.
Node resolve_plain(std::string_view text);

// False where a plain scalar that begins with this byte can be nothing but a text. No byte: '\0'.
bool may_be_more_than_text(char first);

// False for infinity and what is not a number.
bool is_json(Node scalar);
// A real that is whole is an integer, as it is once it has been JSON; others stay.
Node as_json(Node scalar);

// An integer that is one of 64 bits only without a sign, of which resolve_plain makes a real: it cannot be a
// key.
bool is_unsigned(std::string_view text);

// The text that a scalar becomes as a key; nothing for null.
std::optional<std::string_view> key_of(Node scalar, Arena& arena);

// Decimal, by the rules of strtod in the C locale; nothing where it is too large for a double.
std::optional<double> read_real(std::string_view text);

// Writes a code point (at most 0x10ffff) and returns the place after it; at most as many bytes as its escape
// has.
char* put_utf8(std::uint32_t code, char* to);

}  // namespace assay::drift

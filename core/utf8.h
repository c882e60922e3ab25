// Bytes from elsewhere made fit for terminals, XML and JSON.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace assay {

// The length in bytes of the well-formed UTF-8 character that `text` begins with (Unicode 15, table 3-7), or
// 0.
std::size_t utf8_length(std::string_view text);

// `text` with every byte that is not well-formed UTF-8 replaced by U+FFFD.
std::string to_utf8(std::string_view text);

// `text` for a terminal or a log: well-formed UTF-8 in which control characters (C0 but tab and newline, DEL,
// C1) are shown as \xNN, so that nothing a server says can move the cursor or change colours.
std::string printable(std::string_view text);

// At most `bytes` bytes of `text`, cut at a character's end, with "…" where something was cut.
std::string shorten(std::string_view text, std::size_t bytes);

// A to Z become a to z, other bytes stay: how header names are compared (RFC 9110, section 5.1).
std::string lower_ascii(std::string_view text);

}  // namespace assay

// Base64 (RFC 4648, section 4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace assay {

// The bytes of a base64 text; line breaks are passed over, anything else that does not belong, and wrong
// padding, give nothing.
std::optional<std::string> decode_base64(std::string_view text);

// Without line breaks, with padding.
std::string encode_base64(std::string_view bytes);

}  // namespace assay

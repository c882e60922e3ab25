// Times as Kubernetes and JSON APIs write them (RFC 3339).
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace assay {

// "2026-01-31T08:15:00Z", with or without a fraction, with Z or an offset; a leap second is the next second's
// first moment. Nothing for anything else, nor for years before 1679 or after 2260.
std::optional<std::chrono::system_clock::time_point> parse_rfc3339(std::string_view text);

}  // namespace assay

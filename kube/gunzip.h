// Unpacking gzip (RFC 1952).
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace assay {

// The whole content. Never makes more than `most` bytes of it, whatever the packed text claims. Errors:
// helm.release (no gzip, cut short, damaged, too large), phase transfer.
Result<std::string> gunzip(std::string_view packed, std::size_t most);

}  // namespace assay

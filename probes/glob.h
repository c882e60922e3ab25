// Patterns with stars.
#pragma once

#include <string_view>

namespace assay {

// Does `text` match `pattern`, in which * stands for any number of characters?
bool matches_glob(std::string_view text, std::string_view pattern);

}  // namespace assay

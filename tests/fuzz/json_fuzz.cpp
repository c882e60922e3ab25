// The JSON reader on any bytes; what it takes must read back equal.
#include <cstdlib>

#include "core/value.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto value = assay::parse_json({reinterpret_cast<const char*>(data), size});
  if (!value) return 0;
  const std::string text = assay::to_json(*value);
  const auto again = assay::parse_json(text);
  if (!again || assay::to_json(*again) != text) std::abort();
  return 0;
}

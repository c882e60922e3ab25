// Texts that are numbers with units, durations, times and base64: nothing but an answer or none, and what
// base64 holds comes back.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/base64.h"
#include "core/rfc3339.h"
#include "core/time.h"
#include "engine/quantity.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto duration = assay::parse_duration(text);
  if (duration && *duration < assay::Duration::zero()) std::abort();
  if (duration) assay::format_duration(*duration);
  assay::parse_rfc3339(text);
  assay::read_quantity(assay::Value(text));
  assay::compare_quantities(assay::Value(text), assay::Value("5m"));
  assay::compare_quantities(assay::Value(3), assay::Value(text));
  if (assay::decode_base64(assay::encode_base64(text)) != text) std::abort();
  if (const auto bytes = assay::decode_base64(text);
      bytes && assay::decode_base64(assay::encode_base64(*bytes)) != bytes)
    std::abort();
  return 0;
}

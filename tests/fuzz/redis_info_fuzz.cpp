// Feeds foreign text to what reads Redis' INFO.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "probes/redis_info.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto info = assay::read_redis_info({reinterpret_cast<const char*>(data), size});
  if (!info) return 0;
  assay::Value seen = assay::Value::object();
  if (!assay::fill_redis_info(*info, seen)) return 0;
  for (const assay::Value& replica : seen.find("replicas")->items()) {
    if (replica.get_int("lag_bytes") < 0) std::abort();
  }
  return 0;
}

// A line of a watch.
#include <cstdint>
#include <string_view>

#include "kube/watch.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto event = assay::read_kube_event({reinterpret_cast<const char*>(data), size});
  if (event) (void)event->version();
  return 0;
}

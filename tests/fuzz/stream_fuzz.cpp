// Messages of exec and attach: channel frames, and the Status that says how a program ended.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "kube/stream.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto frame = assay::read_kube_frame(bytes);
  if (frame && frame->bytes.size() + 1 != size) std::abort();
  assay::exit_of_status(frame ? frame->bytes : bytes);
  return 0;
}

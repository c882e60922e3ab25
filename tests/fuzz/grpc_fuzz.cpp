// Feeds foreign bytes to what reads a gRPC server's health: a frame with its message, and the text of a
// status.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/utf8.h"
#include "probes/grpc_message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  assay::read_health_response(bytes);
  const std::string words = assay::grpc_words(bytes);
  if (assay::to_utf8(words) != words) std::abort();
  // A service's name is on the wire as a field of another kind than the status: skipped.
  if (assay::read_health_response(assay::health_request(bytes)) != 0U) std::abort();
  return 0;
}

// Feeds foreign bytes to what reads the answers of a Kafka broker; the first byte chooses which.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "net/kafka_answers.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0: {
      const auto length = assay::read_kafka_size(bytes, "request");
      if (length && (*length < 4 || *length > 1 << 20)) std::abort();
      const auto body = assay::read_kafka_body(bytes, 1, "request");
      if (body && body->size() + 4 != bytes.size()) std::abort();
      break;
    }
    case 1: {
      const auto versions = assay::read_api_versions(bytes);
      if (versions && versions->empty()) std::abort();
      break;
    }
    case 2:
      assay::read_sasl_handshake(bytes, "PLAIN");
      break;
    default: {
      const auto given = assay::read_sasl_authenticate(bytes);
      if (given && given->size() > bytes.size()) std::abort();
    }
  }
  return 0;
}

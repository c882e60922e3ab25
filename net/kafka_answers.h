// Reads what a broker answers (https://kafka.apache.org/protocol): foreign bytes, and no connection.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/result.h"

namespace assay {

// The lowest and highest version of a request that a broker serves.
struct KafkaVersions {
  std::int16_t lowest = 0;
  std::int16_t highest = 0;
};

// The size of an answer from its first four bytes, between 4 and one mebibyte. Errors: tls.required (a TLS
// record stands there), protocol.invalid, protocol.too-large.
Result<std::size_t> read_kafka_size(std::string_view head, std::string_view phase);

// What follows the number of the request that `answer` belongs to. Error: protocol.invalid.
Result<std::string_view> read_kafka_body(std::string_view answer, std::int32_t request,
                                         std::string_view phase);

// The answer to ApiVersions, version 0: at least one kind of request. Errors: protocol.invalid, kafka.error.
Result<std::map<std::int16_t, KafkaVersions>> read_api_versions(std::string_view body);

// The answer to SaslHandshake, version 1, that asked for `mechanism`. Errors: protocol.invalid,
// auth.mechanism.
Result<void> read_sasl_handshake(std::string_view body, std::string_view mechanism);

// The answer to SaslAuthenticate, version 0: the server's bytes. Errors: protocol.invalid, auth.denied.
Result<std::string> read_sasl_authenticate(std::string_view body);

}  // namespace assay

// Messages of grpc.health.v1 in gRPC's frames
// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md): bytes, and no connection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assay {

// HealthCheckRequest {string service = 1}, with the prefix that gRPC puts before a message.
std::string health_request(std::string_view service);

// The status of HealthCheckResponse {ServingStatus status = 1} in one frame; a default is not on the wire,
// other fields are skipped. Nothing where the bytes are no such frame.
std::optional<std::uint64_t> read_health_response(std::string_view body);

// The text of a grpc-message, which is percent-encoded, fit to be shown.
std::string grpc_words(std::string_view text);

}  // namespace assay

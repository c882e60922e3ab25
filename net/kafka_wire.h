// As much of Kafka's protocol as a first conversation with a broker takes, over our own transport.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "net/kafka_answers.h"
#include "net/transport.h"

namespace assay {

// One conversation with one broker: request and answer in turn (https://kafka.apache.org/protocol). An answer
// is at most one mebibyte. Errors: connect.reset, deadline, harness.cancelled, tls.required (the broker
// answered with a TLS alert), protocol.invalid, protocol.closed, protocol.too-large. Not synchronised.
class KafkaWire {
 public:
  explicit KafkaWire(Transport transport) : transport_(std::move(transport)) {}

  // ApiVersions, which a broker answers before anybody has logged in.
  Result<std::map<std::int16_t, KafkaVersions>> api_versions(const Context& context);
  // Metadata for no topic: the cheapest request that only a client that needs no login may send. Nothing is
  // created.
  Result<void> any_request(const KafkaVersions& metadata, const Context& context);
  // SaslHandshake. Errors too: auth.mechanism, with the mechanisms that the broker offers.
  Result<void> handshake(const std::string& mechanism, const Context& context);
  // SaslAuthenticate: the server's bytes. Errors too: auth.denied, with the broker's words.
  Result<std::string> authenticate(std::string_view bytes, const Context& context);

 private:
  Result<std::string> call(std::int16_t key, std::int16_t version, std::string_view body,
                           std::string_view phase, const Context& context);
  Result<void> read_exactly(std::string& into, std::size_t size, std::string_view phase,
                            const Context& context);

  Transport transport_;
  std::int32_t correlation_ = 0;
};

}  // namespace assay

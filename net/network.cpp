#include "net/network.h"

#include <openssl/ssl.h>

#include "net/http.h"
#include "net/kafka.h"

namespace assay {

// OpenSSL cleans up at exit. It is brought up first, so that a Network with static storage, whose threads use
// it, is gone before that.
Network::Network() { OPENSSL_init_ssl(0, nullptr); }
Network::~Network() = default;

HttpEngine& Network::http() {
  std::call_once(http_once_, [this] { http_ = std::make_unique<HttpEngine>(*this); });
  return *http_;
}

KafkaClients& Network::kafka() {
  std::call_once(kafka_once_, [this] { kafka_ = std::make_unique<KafkaClients>(); });
  return *kafka_;
}

}  // namespace assay

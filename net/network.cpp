#include "net/network.h"

#include "net/http.h"
#include "net/kafka.h"

namespace assay {

Network::Network() = default;
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

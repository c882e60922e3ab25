// What all connections of a run share.
#pragma once

#include "net/resolver.h"
#include "net/tls.h"

namespace assay {

class HttpEngine;
class KafkaClients;

// One a run, passed to every attempt. Members are safe from any thread. `http` and `kafka` start their
// threads when they are first used.
class Network {
 public:
  Network();
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  Resolver resolver;
  TlsContexts tls;
  HttpEngine& http();
  KafkaClients& kafka();

 private:
  std::once_flag http_once_;
  std::once_flag kafka_once_;
  std::unique_ptr<HttpEngine> http_;
  std::unique_ptr<KafkaClients> kafka_;
};

}  // namespace assay

// The vantage {forward: ...}: connections that go through the API server to a port of a pod.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "kube/kube.h"
#include "net/route.h"

namespace assay {

class ForwardLine;

// What is forwarded to, as a suite says it.
struct ForwardTarget {
  std::string ns;          // empty: the context's
  std::string to;          // as find_pod() takes it
  std::uint16_t port = 0;  // 0: that of the address
};

// A port of a pod.
struct ForwardPlace {
  std::string ns;
  std::string pod;
  std::uint16_t port = 0;
};

// The forwards of a run: what a target and a port lead to is looked up when it is first asked for, once for
// all attempts. Safe from any thread.
class KubeForwards {
 public:
  explicit KubeForwards(std::shared_ptr<Kube> kube) : kube_(std::move(kube)) {}

  // The pod, and the port there: of a Service, what its port is there. Callers who ask for the same at once
  // share one flight. Errors: those of find_pod(); kube.not-found for a port that a Service does not have.
  Result<ForwardPlace> find(const ForwardTarget& target, std::uint16_t port, const Context& context);
  // It did not hold: the next one looks again.
  void forget(const ForwardTarget& target, std::uint16_t port);
  Result<KubeClient*> client() { return kube_->client(); }

 private:
  struct Flight;
  static std::string key(const ForwardTarget& target, std::uint16_t port);
  Result<ForwardPlace> look(const ForwardTarget& target, std::uint16_t port, const Context& context);

  const std::shared_ptr<Kube> kube_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Flight>> flights_;
};

// The way of one attempt. It has a loopback port of its own, taken when the attempt first connects and given
// back at its end, so that what the API server says of a connection is told to the attempt that made it. One
// address an attempt: another one (a redirect, the second host of a list) is vantage.failed, since it leads
// elsewhere.
class KubeForward : public Route {
 public:
  KubeForward(std::shared_ptr<KubeForwards> forwards, ForwardTarget target);
  ~KubeForward() override;  // ends its connections

  Result<std::vector<SocketAddress>> resolve(const std::string& host, std::uint16_t port,
                                             const Context& context) override;
  void settle(Value& seen, Result<void>& outcome) override;

 private:
  struct Way;
  const std::shared_ptr<Way> way_;
  HostPort address_;                   // what the attempt asks for
  std::unique_ptr<ForwardLine> line_;  // from its first connection on
};

}  // namespace assay

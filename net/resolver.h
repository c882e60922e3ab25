// Names to addresses, bounded in time.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/context.h"
#include "net/address.h"

namespace assay {

// Resolves by c-ares: /etc/hosts, then the name servers of /etc/resolv.conf (with its search list). Plug-ins
// of nsswitch.conf are not consulted. Callers that ask for the same name at once share one flight and what
// comes of it, unless that was only out of time or cancelled: then the next one asks. An answer is kept for
// five seconds, a failure is not kept. Safe from any thread.
class Resolver {
 public:
  // Every question goes to `server` ("127.0.0.1:5353") where one is given, for tests.
  explicit Resolver(std::string server = {});
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // All addresses of `host` (a numeric one is returned as it is), IPv4 first, with `port`; where the context
  // has a route, what that says, which may have another port. Errors:
  // dns.unknown, dns.failed, dns.timeout (phase resolve), harness.cancelled, harness.internal (no socket).
  Result<std::vector<SocketAddress>> resolve(const std::string& host, std::uint16_t port,
                                             const Context& context);

  // Sends every question to this server only ("127.0.0.1:5353"), for the dns probe.
  static Result<std::vector<SocketAddress>> ask(const std::string& host, std::uint16_t port,
                                                const std::string& server, const Context& context);

 private:
  struct Flight;
  const std::string server_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Flight>> flights_;
};

}  // namespace assay

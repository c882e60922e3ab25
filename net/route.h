// Connections that do not lead straight to where they are addressed.
#pragma once

#include <string>
#include <vector>

#include "core/context.h"
#include "core/value.h"
#include "net/address.h"

namespace assay {

// The way of one attempt's connections (Context::by). What is dialled is the near end of the way; names of
// certificates, headers and messages stay those of the address that was asked for. One thread at a time.
class Route {
 public:
  Route() = default;
  virtual ~Route() = default;
  Route(const Route&) = delete;
  Route& operator=(const Route&) = delete;

  // What to dial for this address; asked by Resolver::resolve in place of a name server. Errors:
  // vantage.failed.
  virtual Result<std::vector<SocketAddress>> resolve(const std::string& host, std::uint16_t port,
                                                     const Context& context) = 0;
  // After the attempt: puts the far end in the place of the near one in what was seen, and what became of a
  // connection on its way in the place of what the attempt saw of that (it was cut, or nothing came:
  // connect.*, protocol.closed, tls.failed, deadline); what the service said stays. Errors: connect.* when
  // the target refused it, vantage.failed when it did not get as far as that.
  virtual void settle(Value& seen, Result<void>& outcome) = 0;
};

}  // namespace assay

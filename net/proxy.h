// Servers that pass connections on.
#pragma once

#include <cstdint>
#include <string>

#include "core/context.h"
#include "core/secret.h"
#include "net/address.h"
#include "net/trace.h"

namespace assay {

class Network;
class Transport;

struct Proxy {
  enum class Kind {
    http,   // CONNECT (RFC 9110, section 9.3.6)
    https,  // the same inside TLS
    socks5  // RFC 1928; names are resolved by the proxy
  };
  Kind kind = Kind::http;
  HostPort at;
  Secret user;
  Secret password;
};

// Reads "http://user:password@host:port", https or socks5 (also socks5h); the ports are 80, 443 and 1080
// where none is written. Errors: params.invalid, which does not show the URL.
Result<Proxy> parse_proxy(const std::string& url);

// A plain connection to `target` by way of an HTTP or SOCKS proxy. Errors: those of Transport::connect, for
// the proxy; connect.failed, connect.refused and connect.unreachable where the proxy does not connect to the
// target; params.invalid for a proxy of kind https.
Result<Transport> connect_through(Network& network, const Proxy& proxy, const HostPort& target,
                                  const Context& context, Trace& trace);

}  // namespace assay

// tcp: does something accept connections there.
#include "net/transport.h"
#include "probes/probe.h"

namespace assay {
namespace {

Result<void> observe_tcp(Attempt& attempt) {
  Reader reader = attempt.reader();
  const auto address = reader.address("address");
  const TlsOptions tls = reader.tls("tls");
  if (const auto ok = reader.ok(); !ok) return ok;
  Trace trace = attempt.trace();
  const auto connection = Transport::connect(attempt.network, *address, tls, attempt.context, trace);
  if (!connection) return Failure(connection.error());
  attempt.seen["connected"] = true;
  return {};
}

}  // namespace

Probes tcp_probes() {
  Probe tcp;
  tcp.name = "tcp";
  tcp.summary = "something accepts connections at an address";
  tcp.params = {{"address", Type::address, "where to connect", true, {}, "db.example.org:5432", {}, {}},
                tls_field()};
  tcp.observes = {
      {"connected", Type::boolean, "the connection was accepted (and secured)", false, {}, "", {}, {}}};
  tcp.defaults = {{"connected", true}};
  tcp.example = "address: db.example.org:5432";
  tcp.observe = observe_tcp;
  tcp.targets = address_targets;
  return {tcp};
}

}  // namespace assay

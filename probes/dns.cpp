// dns: what a name resolves to.
#include "probes/host.h"

namespace assay {
namespace {

Result<void> observe_dns(Attempt& attempt) {
  Reader reader = attempt.reader();
  const std::string name = reader.text("name");
  const auto server = reader.has("server") ? reader.address("server", 53) : std::nullopt;
  if (const auto ok = reader.ok(); !ok) return ok;
  if (name.empty()) return fail("params.invalid", "setup", "name is empty");
  if (server && !SocketAddress::numeric(server->host, server->port)) {
    return fail("params.invalid", "setup", "server takes a numeric address, not " + server->host);
  }
  Trace trace = attempt.trace();
  Result<std::vector<SocketAddress>> addresses;
  {
    const PhaseTimer timer(trace, "resolve");
    addresses = server ? Resolver::ask(name, 0, server->text(), attempt.context)
                       : attempt.network.resolver.resolve(name, 0, attempt.context);
  }
  if (!addresses) return Failure(addresses.error());
  trace.resolved(*addresses);
  attempt.seen["count"] = addresses->size();
  return {};
}

}  // namespace

Probe dns_probe() {
  Probe dns;
  dns.name = "dns";
  dns.summary = "what a name resolves to, IPv4 and IPv6";
  dns.params = {
      {"name",
       Type::text,
       "the name; /etc/hosts and the search list of /etc/resolv.conf are obeyed",
       true,
       {},
       "db.example.org",
       {},
       {}},
      {"server",
       Type::address,
       "ask this name server alone (a numeric address; port 53 where none is given)",
       false,
       {},
       "10.96.0.10:53",
       {},
       {},
       53},
  };
  dns.observes = {
      {"count", Type::integer, "how many addresses; they are in addresses", false, {}, "", {}, {}}};
  dns.defaults = {{"count", Value::object({{"gt", 0}})}};
  dns.example = "name: db.example.org";
  dns.observe = observe_dns;
  dns.targets = [](const Value& params) {
    const std::string server = params.get("server");
    return server.empty() ? std::vector<std::string>() : std::vector{server};
  };
  return dns;
}

}  // namespace assay

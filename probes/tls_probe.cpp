// tls: the certificate that a server presents, and whether it can be trusted.
#include "net/transport.h"
#include "probes/host.h"

namespace assay {
namespace {

// PostgreSQL's SSLRequest (protocol documentation, "Message Formats"): length 8, code 80877103; the answer is
// one byte.
Result<void> ask_postgres(Transport& connection, const std::string& address, Attempt& attempt) {
  constexpr std::string_view kSslRequest("\0\0\0\x08\x04\xd2\x16\x2f", 8);
  if (const auto sent = connection.write(kSslRequest, attempt.context, "tls"); !sent) return sent;
  char answer = 0;
  const auto got = connection.read({&answer, 1}, attempt.context, "tls");
  if (!got) return Failure(got.error());
  if (*got == 0)
    return fail("connect.reset", "tls", address + " closed the connection when it was asked for TLS");
  if (answer == 'S') return {};
  if (answer == 'N') return fail("tls.not-tls", "tls", address + " is a Postgres server that offers no TLS");
  return fail("protocol.invalid", "tls", address + " answered an SSLRequest as no Postgres server does");
}

Result<void> observe_tls(Attempt& attempt) {
  Reader reader = attempt.reader();
  const auto address = reader.address("address");
  const std::string protocol = reader.text("protocol");
  TlsOptions tls;
  tls.enabled = true;
  tls.ca = reader.text("ca");
  tls.name = reader.text("name");
  tls.verify = reader.boolean("verify");
  tls.cert = reader.text("cert");
  tls.key = reader.text("key");
  tls.minimum = reader.text("minimum");
  if (const auto ok = reader.ok(); !ok) return ok;
  Trace trace = attempt.trace();
  if (protocol != "postgres") {
    const auto connection = Transport::connect(attempt.network, *address, tls, attempt.context, trace);
    return connection ? Result<void>() : Failure(connection.error());
  }
  auto connection = Transport::connect(attempt.network, *address, TlsOptions(), attempt.context, trace);
  if (!connection) return Failure(connection.error());
  if (const auto offered = ask_postgres(*connection, address->text(), attempt); !offered) return offered;
  return connection->start_tls(attempt.network, address->host, tls, attempt.context, trace);
}

}  // namespace

Probe tls_probe() {
  Probe tls;
  tls.name = "tls";
  tls.summary = "the certificate chain that a server presents, its names and the days it is still valid";
  tls.params = {{"address", Type::address, "where to connect", true, {}, "vault.example.org:8200", {}, {}}};
  for (Field& field : tls_field().fields) tls.params.push_back(std::move(field));
  tls.params.push_back({"protocol",
                        Type::text,
                        "what the server speaks before TLS",
                        false,
                        "tls",
                        "",
                        {},
                        {"tls", "postgres"}});
  tls.defaults = {{"tls.verified", true}, {"tls.days_left", Value::object({{"gt", 14}})}};
  tls.example = "address: vault.example.org:8200\nca: /etc/ssl/ca.pem";
  tls.observe = observe_tls;
  tls.targets = address_targets;
  return tls;
}

}  // namespace assay

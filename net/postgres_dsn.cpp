// Reads libpq's connection strings.
#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "net/postgres.h"

namespace assay {
namespace {

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

using Options = std::map<std::string, std::string>;

// What is handed on as it is.
constexpr auto kHandedOn = std::to_array<std::string_view>(
    {"application_name", "channel_binding", "fallback_application_name", "keepalives", "keepalives_count",
     "keepalives_idle", "keepalives_interval", "options", "sslpassword", "sslsni", "target_session_attrs",
     "tcp_user_timeout"});
// What assay decides: the time left bounds a connection, and what is read comes as UTF-8 and without GSS.
constexpr auto kIgnored = std::to_array<std::string_view>(
    {"client_encoding", "connect_timeout", "gssencmode", "sslcompression", "ssl_max_protocol_version"});
// What becomes a field of the target.
constexpr auto kUnderstood =
    std::to_array<std::string_view>({"dbname", "host", "hostaddr", "password", "port", "sslcert", "sslkey",
                                     "sslmode", "sslrootcert", "ssl_min_protocol_version", "user"});

template <std::size_t N>
bool holds(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

Failure refuse(const std::string& why) { return fail("params.invalid", "setup", "the dsn " + why); }

Result<std::vector<PostgresHost>> read_hosts(Options& options) {
  const std::vector<std::string> names = split(options["host"]);
  const std::vector<std::string> addresses = split(options["hostaddr"]);
  const std::vector<std::string> ports = split(options["port"]);
  const std::size_t count = options["hostaddr"].empty() ? names.size() : addresses.size();
  const bool named = !options["host"].empty();
  if (!named && options["hostaddr"].empty()) return std::vector<PostgresHost>();
  if (!options["hostaddr"].empty() && named && names.size() != addresses.size())
    return refuse("has another number of hosts than of host addresses");
  if (ports.size() != 1 && ports.size() != count) return refuse("has another number of ports than of hosts");
  std::vector<PostgresHost> hosts;
  for (std::size_t i = 0; i < count; ++i) {
    PostgresHost host;
    const std::string name = named ? names[i] : std::string();
    host.address.host = options["hostaddr"].empty() || addresses[i].empty() ? name : addresses[i];
    if (host.address.host != name) host.name = name;
    if (host.address.host.empty() || host.address.host.starts_with('/') ||
        host.address.host.starts_with('@')) {
      return refuse("names a Unix socket; assay connects by TCP");
    }
    const std::string& port = ports.size() == 1 ? ports[0] : ports[i];
    host.address.port = 5432;
    if (!port.empty()) {
      const auto read = std::from_chars(port.data(), port.data() + port.size(), host.address.port);
      if (read.ec != std::errc() || read.ptr != port.data() + port.size() || host.address.port == 0)
        return refuse("has a port that is none");
    }
    hosts.push_back(std::move(host));
  }
  return hosts;
}

// libpq's six modes; without one it is `prefer`, which is TLS where the server offers it and no check of who
// it is.
Result<void> read_tls(Options& options, PostgresTarget& target) {
  const std::string& mode = options["sslmode"];
  target.tls.ca = options["sslrootcert"] == "system" ? std::string() : options["sslrootcert"];
  target.tls.cert = options["sslcert"];
  target.tls.key = options["sslkey"];
  target.tls.minimum = options["ssl_min_protocol_version"] == "TLSv1.3" ? "1.3" : "1.2";
  if (mode == "disable") return {};
  if (mode.empty() || mode == "allow" || mode == "prefer") {
    target.ssl_mode = "prefer";
    return {};
  }
  target.tls.enabled = true;
  if (mode == "require") {
    target.tls.verify = !options["sslrootcert"].empty();
    if (target.tls.verify) target.ssl_mode = "verify-ca";
    return {};
  }
  if (mode == "verify-ca") target.ssl_mode = mode;
  if (mode == "verify-ca" || mode == "verify-full") return {};
  return refuse("has an sslmode that libpq does not know");
}

}  // namespace

Result<PostgresTarget> parse_postgres_dsn(const Secret& dsn) {
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeOptions> parsed(
      PQconninfoParse(dsn.reveal().c_str(), &message));
  PQfreemem(message);  // it can quote the password
  if (parsed == nullptr) {
    return refuse(
        "cannot be read: it takes postgresql://user:password@host:port/database or key=value pairs, and no "
        "driver's name");
  }
  Options options;
  for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    const std::string name = option->keyword;
    if (holds(kIgnored, name)) continue;
    if (!holds(kHandedOn, name) && !holds(kUnderstood, name))
      return refuse("has the option " + name + ", which assay does not take");
    options[name] = option->val;
  }
  PostgresTarget target;
  auto hosts = read_hosts(options);
  if (!hosts) return Failure(hosts.error());
  target.hosts = std::move(*hosts);
  if (!options["user"].empty()) target.user = options["user"];
  target.database = options["dbname"];
  target.password = Secret(options["password"]);
  const auto tls = read_tls(options, target);
  if (!tls) return Failure(tls.error());
  for (const auto& [name, value] : options) {
    if (holds(kHandedOn, name) && !value.empty()) target.options.emplace_back(name, value);
  }
  return target;
}

}  // namespace assay

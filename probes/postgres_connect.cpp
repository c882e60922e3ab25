#include "probes/postgres_connect.h"

namespace assay {
namespace {

constexpr std::uint16_t kPort = 5432;

}  // namespace

Field sqlstate_field() { return seen_field("sqlstate", Type::text, "SQLSTATE of a refusal"); }

Fields postgres_login_fields(std::string_view database) {
  const std::string otherwise = database.empty() ? "the user's name" : std::string(database);
  return {{"address",
           Type::addresses,
           "where Postgres listens (port 5432 where none is written); several are tried in turn",
           false,
           {},
           "db.example.org:5432",
           {},
           {},
           kPort},
          {"dsn",
           Type::secret,
           "a connection string of libpq instead; what is given beside it stands above it",
           false,
           {},
           "{env: POSTGRES_DSN}",
           {},
           {}},
          {"database",
           Type::text,
           "name of the database; " + otherwise + " when none is given",
           false,
           database.empty() ? Value() : Value(database),
           "",
           {},
           {}},
          {"user", Type::text, "who logs in; postgres when nobody is named", false, {}, "app", {}, {}},
          {"password", Type::secret, "password to log in with", false, {}, "{env: PGPASSWORD}", {}, {}},
          tls_field()};
}

Result<PostgresTarget> postgres_target(const Attempt& attempt) {
  Reader reader = attempt.reader();
  PostgresTarget target;
  if (reader.has("dsn")) {
    auto parsed = parse_postgres_dsn(reader.secret("dsn"));
    if (const auto ok = reader.ok(); !ok) return Failure(ok.error());
    if (!parsed) return parsed;
    target = std::move(*parsed);
  }
  if (reader.has("address")) {
    target.hosts.clear();
    for (const HostPort& address : reader.addresses("address", kPort)) target.hosts.push_back({address, ""});
  }
  if (reader.has("database") || target.database.empty()) target.database = reader.text("database");
  if (reader.has("user")) target.user = reader.text("user");
  if (reader.has("password")) target.password = reader.secret("password");
  if (reader.has("tls")) {
    target.tls = reader.tls("tls");
    target.ssl_mode.clear();
  }
  if (const auto ok = reader.ok(); !ok) return Failure(ok.error());
  if (target.hosts.empty())
    return fail("params.invalid", "setup", "an address is needed, or a dsn that names a host");
  return target;
}

namespace {

// On the heap and not inlined, as 2,000 threads may wait with small stacks.
[[gnu::noinline]] std::unique_ptr<const Result<PostgresTarget>> read_target(const Attempt& attempt) {
  return std::make_unique<const Result<PostgresTarget>>(postgres_target(attempt));
}

}  // namespace

Result<Postgres> postgres_connect(Attempt& attempt, Trace& trace) {
  const auto target = read_target(attempt);
  if (!*target) return Failure(target->error());
  return Postgres::connect(attempt.network, **target, attempt.context, trace);
}

Result<PostgresRows> all_of(Result<PostgresRows> rows) {
  if (!rows || rows->complete()) return rows;
  return fail("protocol.too-large", "request",
              "the answer has " + std::to_string(rows->count) + " rows, more than are kept");
}

std::vector<std::string> postgres_targets(const Value& params) {
  std::vector<std::string> targets;
  const auto add = [&](const Value& value) {
    if (!value.is_string()) return;
    for (const HostPort& one : parse_host_ports(value.string(), kPort).value_or(std::vector<HostPort>()))
      targets.push_back(one.text());
  };
  const Value* address = params.find("address");
  const Value* dsn = params.find("dsn");
  if (address != nullptr && address->is_array()) {
    for (const Value& item : address->items()) add(item);
  } else if (address != nullptr) {
    add(*address);
  } else if (dsn != nullptr && dsn->is_string()) {
    const auto parsed = parse_postgres_dsn(Secret(dsn->string()));
    for (const PostgresHost& host : parsed ? parsed->hosts : std::vector<PostgresHost>())
      targets.push_back(host.address.text());
  }
  return targets;
}

Probe postgres_probe(std::string name, std::string summary, std::string_view database) {
  Probe probe;
  probe.name = std::move(name);
  probe.summary = std::move(summary);
  probe.params = postgres_login_fields(database);
  probe.example = "address: db.example.org:5432\nuser: app\ndatabase: app\npassword: {env: PGPASSWORD}";
  probe.targets = postgres_targets;
  return probe;
}

}  // namespace assay

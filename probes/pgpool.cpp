// pgpool.nodes: what Pgpool-II thinks of its backends.
// Columns: https://www.pgpool.net/docs/latest/en/html/sql-show-pool-nodes.html
#include <charconv>

#include "probes/postgres_connect.h"

namespace assay {
namespace {

// Everything comes as text. A delay can also be a time ("0.5 second"), and then stays one.
Value integer_or_text(const Value& row, std::string_view key) {
  const std::string text = row.get(key);
  long long number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc() && read.ptr == text.data() + text.size() ? Value(number) : Value(text);
}

Value describe(const Value& row) {
  Value node = Value::object();
  node["id"] = integer_or_text(row, "node_id");
  node["hostname"] = row.get("hostname");
  node["port"] = integer_or_text(row, "port");
  // Versions before 4.3 have no pg_status and no pg_role.
  for (const char* name : {"status", "pg_status", "role", "pg_role", "replication_state",
                           "replication_sync_state", "last_status_change"}) {
    if (const Value* value = row.find(name)) node[name] = *value;
  }
  node["select_cnt"] = integer_or_text(row, "select_cnt");
  node["replication_delay"] = integer_or_text(row, "replication_delay");
  return node;
}

// `waiting` is up and not used by a session yet.
bool is_up(const Value& node) {
  const std::string status = node.get("status");
  return (status == "up" || status == "waiting") && node.get("pg_status", "up") == "up";
}

Result<void> observe_nodes(Attempt& attempt) {
  Trace trace = attempt.trace();
  auto postgres = postgres_connect(attempt, trace);
  if (!postgres) return Failure(postgres.error());
  const auto rows = all_of(postgres->query("show pool_nodes", attempt.context, trace));
  // To Postgres that is a setting it does not know (42704); to PgBouncer and others it is no command at all.
  if (!rows && rows.error().code == "postgres.error") {
    return fail("pgpool.not-pgpool", "request",
                "the server does not know SHOW pool_nodes: " + rows.error().message);
  }
  if (!rows) return Failure(rows.error());
  Value& seen = attempt.seen;
  Value nodes = Value::array();
  Value down = Value::array();
  std::int64_t up = 0;
  std::int64_t primaries = 0;
  bool agree = true;
  for (const Value& row : rows->rows.items()) {
    Value node = describe(row);
    if (is_up(node)) {
      ++up;
      const std::string role = node.get("role");
      const std::string real = node.get("pg_role", role);
      agree = agree && role == real;
      if (real == "primary") ++primaries;
    } else {
      down.push_back(HostPort{node.get("hostname"), static_cast<std::uint16_t>(node.get_int("port"))}.text());
    }
    nodes.push_back(std::move(node));
  }
  seen["total"] = rows->count;
  seen["up"] = up;
  seen["primaries"] = primaries;
  seen["roles_agree"] = agree;
  seen["down"] = std::move(down);
  seen["nodes"] = std::move(nodes);
  return {};
}

}  // namespace

Probes pgpool_probes() {
  Probe probe =
      postgres_probe("pgpool.nodes", "every backend of Pgpool-II is up, and it has their roles right");
  probe.observes = {
      seen_field("total", Type::integer, "backends"),
      seen_field("up", Type::integer, "backends that Pgpool uses and that answer it"),
      seen_field("down", Type::texts, "host:port of the others"),
      seen_field("primaries", Type::integer, "backends that are up and a primary"),
      seen_field("roles_agree", Type::boolean,
                 "of every backend that is up, Pgpool has the role that Postgres has"),
      seen_field(
          "nodes", Type::list, "each backend",
          {seen_field("id", Type::integer, "its number"), seen_field("hostname", Type::text, "where it is"),
           seen_field("port", Type::integer, "its port"),
           seen_field("status", Type::text,
                      "what Pgpool does with it: up, waiting, down, quarantine, unused"),
           seen_field("pg_status", Type::text, "whether it answers: up, down or unknown"),
           seen_field("role", Type::text, "what Pgpool takes it for: primary or standby"),
           seen_field("pg_role", Type::text, "what it is"),
           seen_field("select_cnt", Type::integer, "queries sent to it"),
           seen_field("replication_delay", Type::any, "bytes behind the primary, or a text with a unit"),
           seen_field("replication_state", Type::text, "streaming, or empty"),
           seen_field("replication_sync_state", Type::text, "async, sync, quorum, or empty"),
           seen_field("last_status_change", Type::text, "when its status changed")}),
      sqlstate_field()};
  probe.defaults = {{"down", Value::object({{"count", 0}})}, {"roles_agree", true}, {"primaries", 1}};
  probe.example = "address: pgpool.example.org:5432\nuser: app\npassword: {env: PGPASSWORD}";
  probe.observe = observe_nodes;
  return {probe};
}

}  // namespace assay

// repmgr.cluster: what repmgr's table says of the cluster, and what each node in it says of itself.
// Table: https://www.repmgr.org/docs/current/ (repmgr.nodes)
#include <fmt/format.h>

#include <map>

#include "probes/postgres_connect.h"

namespace assay {
namespace {

constexpr const char* kNodes = R"(
select node_id as id, node_name as name, type, active, upstream_node_id as upstream_id, conninfo, priority
from repmgr.nodes order by node_id)";

constexpr const char* kSelf = R"(
select pg_is_in_recovery() as in_recovery,
       pg_has_role(current_user, 'pg_read_all_stats', 'usage') as may_read,
       (select status from pg_stat_wal_receiver) as receiver)";

// Asks one node with our credentials at the host and port of its conninfo; what is seen goes into `node`.
Result<void> ask_node(Attempt& attempt, const PostgresTarget& login, const Context& share, Value& node) {
  const auto conninfo = parse_postgres_dsn(Secret(node.get("conninfo")));
  node.erase("conninfo");
  node["reachable"] = false;
  if (!conninfo || conninfo->hosts.empty()) {
    node["error"] = "params.invalid";
    return {};
  }
  PostgresTarget target = login;
  target.hosts = conninfo->hosts;
  node["address"] = target.hosts.front().address.text();
  Value aside;
  Trace trace(aside);
  auto postgres = Postgres::connect(attempt.network, target, share, trace);
  auto rows =
      postgres ? postgres->query(kSelf, share, trace) : Result<PostgresRows>(Failure(postgres.error()));
  if (!rows || rows->rows.items().empty()) {
    const Error error = rows ? Error{"protocol.invalid", "request", "no answer", true} : rows.error();
    node["error"] = error.code;
    return error.code == "harness.cancelled" ? Result<void>(Failure(error)) : Result<void>();
  }
  const Value& self = rows->rows.items().front();
  node["reachable"] = true;
  node["in_recovery"] = self.get_bool("in_recovery");
  if (self.get_bool("may_read") && self.get_bool("in_recovery"))
    node["receiving"] = self.get("receiver") == "streaming";
  // A witness is a server of its own: by its role alone it looks like a primary.
  node["role_seen"] = self.get_bool("in_recovery")    ? "standby"
                      : node.get("type") == "witness" ? "witness"
                                                      : "primary";
  return {};
}

void conclude(Value& nodes, Value& seen) {
  std::map<std::int64_t, const Value*> by_id;
  for (const Value& node : nodes.items()) by_id[node.get_int("id")] = &node;
  std::int64_t primaries = 0;
  std::int64_t running = 0;
  std::int64_t mismatches = 0;
  bool upstreams_ok = true;
  Value unreachable = Value::array();
  Value inactive = Value::array();
  for (Value& node : nodes.items()) {
    const auto upstream = by_id.find(node.get_int("upstream_id", -1));
    if (upstream != by_id.end()) node["upstream"] = upstream->second->get("name");
    if (!node.get_bool("active")) inactive.push_back(node.get("name"));
    if (!node.get_bool("reachable")) {
      unreachable.push_back(node.get("name"));
      continue;
    }
    ++running;
    if (node.get("role_seen") == "primary") {
      ++primaries;
      seen["primary"] = node.get("name");
    }
    if (node.get("role_seen") != node.get("type")) ++mismatches;
    if (node.get("role_seen") == "standby") {
      upstreams_ok = upstreams_ok && upstream != by_id.end() && upstream->second->get_bool("reachable") &&
                     node.get_bool("receiving", true);
    }
  }
  seen["primaries"] = primaries;
  seen["running"] = running;
  seen["total"] = static_cast<std::int64_t>(nodes.items().size());
  seen["mismatches"] = mismatches;
  seen["upstreams_ok"] = upstreams_ok;
  seen["unreachable"] = std::move(unreachable);
  seen["inactive"] = std::move(inactive);
}

Result<void> observe_cluster(Attempt& attempt) {
  const auto target = postgres_target(attempt);
  if (!target) return Failure(target.error());
  Trace trace = attempt.trace();
  auto postgres = Postgres::connect(attempt.network, *target, attempt.context, trace);
  if (!postgres) return Failure(postgres.error());
  auto table = all_of(postgres->query(kNodes, attempt.context, trace));
  if (!table && table.error().code == "postgres.relation") {
    return fail("repmgr.missing", "request",
                fmt::format("the database {} has no table repmgr.nodes",
                            target->database.empty() ? target->user : target->database));
  }
  if (!table) return Failure(table.error());
  Value nodes = std::move(table->rows);
  const PhaseTimer timer(trace, "request");
  for (std::size_t i = 0; i < nodes.items().size(); ++i) {
    // A silent node must not take the others' time.
    const auto share = attempt.context.deadline().left() / static_cast<long>(nodes.items().size() - i);
    const auto asked = ask_node(attempt, *target, attempt.context.within(share), nodes.items()[i]);
    if (!asked) return asked;
  }
  conclude(nodes, attempt.seen);
  attempt.seen["nodes"] = std::move(nodes);
  return {};
}

}  // namespace

Probes repmgr_probes() {
  Probe probe = postgres_probe("repmgr.cluster",
                               "repmgr's nodes are reachable and are what they are registered as", "repmgr");
  probe.observes = {
      seen_field("primaries", Type::integer, "nodes that answer as primary"),
      seen_field("primary", Type::text, "name of the (last) one"),
      seen_field("running", Type::integer, "nodes that answer"),
      seen_field("total", Type::integer, "nodes that are registered"),
      seen_field("unreachable", Type::texts, "names of nodes that do not answer"),
      seen_field("inactive", Type::texts, "names of nodes that repmgr holds for inactive"),
      seen_field("mismatches", Type::integer,
                 "nodes that are another role than the one they are registered with"),
      seen_field("upstreams_ok", Type::boolean,
                 "every running standby's upstream answers and, where the account may see it, streams to it"),
      seen_field("nodes", Type::list, "each registered node",
                 {seen_field("id", Type::integer, "its number"), seen_field("name", Type::text, "its name"),
                  seen_field("type", Type::text, "registered role: primary, standby or witness"),
                  seen_field("active", Type::boolean, "what repmgr holds of it"),
                  seen_field("priority", Type::integer, "for promotion; 0: never"),
                  seen_field("upstream_id", Type::integer, "number of its upstream"),
                  seen_field("upstream", Type::text, "name of its upstream"),
                  seen_field("address", Type::text, "host:port from its conninfo"),
                  seen_field("reachable", Type::boolean, "it let us in and answered"),
                  seen_field("in_recovery", Type::boolean, "it is a standby"),
                  seen_field("role_seen", Type::text, "the role it has now"),
                  seen_field("receiving", Type::boolean,
                             "of a standby: WAL streams in; absent where the account may not see it"),
                  seen_field("error", Type::text, "the code where it did not answer")}),
      sqlstate_field()};
  probe.defaults = {{"primaries", 1},
                    {"unreachable", Value::object({{"count", 0}})},
                    {"mismatches", 0},
                    {"upstreams_ok", true}};
  probe.example =
      "address: [db1.example.org:5432, db2.example.org:5432]\nuser: repmgr\npassword: {env: REPMGR_PASSWORD}";
  probe.observe = observe_cluster;
  return {probe};
}

}  // namespace assay

// postgres.replication: who streams from whom and how far behind.
// Views: https://www.postgresql.org/docs/current/monitoring-stats.html, .../view-pg-replication-slots.html
#include <algorithm>

#include "probes/postgres_connect.h"

namespace assay {
namespace {

constexpr const char* kState = R"(
select pg_is_in_recovery() as in_recovery,
       current_setting('transaction_read_only')::bool as read_only,
       pg_has_role(current_user, 'pg_read_all_stats', 'usage') as may_read,
       case when pg_is_in_recovery() then coalesce((select received_tli from pg_stat_wal_receiver), (select timeline_id from pg_control_checkpoint()))
            else ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int end as timeline)";

constexpr const char* kStandbys = R"(
select application_name, host(client_addr) as client, state, sync_state,
       pg_wal_lsn_diff(here, replay_lsn)::float8 as lag_bytes,
       extract(epoch from replay_lag)::float8 as lag
from pg_stat_replication,
     (select case when pg_is_in_recovery() then pg_last_wal_receive_lsn() else pg_current_wal_lsn() end as here) as position
where coalesce(state, '') <> 'backup'
order by application_name, client)";

constexpr const char* kSlots = R"(
select slot_name as name, slot_type as type, active,
       pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_receive_lsn() else pg_current_wal_lsn() end, restart_lsn)::float8 as retained_bytes
from pg_replication_slots where not temporary order by slot_name)";

// A standby that has replayed all it received is not behind, however long ago the last transaction was.
constexpr const char* kReceiver = R"(
select (select status from pg_stat_wal_receiver) as status,
       (select case when sender_host like '%:%' then '[' || sender_host || ']' else sender_host end || ':' || sender_port from pg_stat_wal_receiver) as upstream,
       (select slot_name from pg_stat_wal_receiver) as slot,
       (select pg_wal_lsn_diff(latest_end_lsn, pg_last_wal_receive_lsn())::float8 from pg_stat_wal_receiver) as receive_lag_bytes,
       pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::float8 as replay_lag_bytes,
       case when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0
            else extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::float8 end as replay_lag)";

// Differences of positions are whole numbers of bytes, and never below zero: two of them are not read at one
// moment.
void to_bytes(Value& row, std::string_view key) {
  if (Value* value = row.find(key); value != nullptr && value->is_number()) {
    *value = std::max<std::int64_t>(0, static_cast<std::int64_t>(value->number()));
  }
}

void fill_standbys(Value rows, Value& seen) {
  std::int64_t streaming = 0;
  std::int64_t most_bytes = seen.get_int("max_lag_bytes");
  double most = seen.get_number("max_lag");
  for (Value& row : rows.items()) {
    to_bytes(row, "lag_bytes");
    if (row.get("state") == "streaming") ++streaming;
    most_bytes = std::max(most_bytes, row.get_int("lag_bytes"));
    most = std::max(most, row.get_number("lag"));
  }
  seen["standbys"] = static_cast<std::int64_t>(rows.items().size());
  seen["streaming"] = streaming;
  seen["max_lag_bytes"] = most_bytes;
  seen["max_lag"] = most;
  seen["replication"] = std::move(rows);
}

void fill_receiver(Value row, Value& seen) {
  to_bytes(row, "receive_lag_bytes");
  to_bytes(row, "replay_lag_bytes");
  seen["max_lag_bytes"] = row.get_int("receive_lag_bytes") + row.get_int("replay_lag_bytes");
  seen["max_lag"] = row.get_number("replay_lag");
  if (row.get("status").empty()) row["status"] = "none";
  seen["receiver"] = std::move(row);
}

Result<void> observe_replication(Attempt& attempt) {
  Trace trace = attempt.trace();
  auto postgres = postgres_connect(attempt, trace);
  if (!postgres) return Failure(postgres.error());
  Value& seen = attempt.seen;
  auto state = postgres->query(kState, attempt.context, trace);
  if (!state) return Failure(state.error());
  if (state->rows.items().empty())
    return fail("protocol.invalid", "request", "no answer to a question about the server");
  const Value& row = state->rows.items().front();
  const bool standby = row.get_bool("in_recovery");
  seen["role"] = standby ? "standby" : "primary";
  seen["in_recovery"] = standby;
  seen["read_only"] = row.get_bool("read_only");
  seen["timeline"] = row.get_int("timeline");
  auto standbys = all_of(postgres->query(kStandbys, attempt.context, trace));
  if (!standbys) return Failure(standbys.error());
  // Without the right the rows are there and empty, which must not be taken for standbys that do not stream.
  if (!row.get_bool("may_read") && (standby || standbys->count > 0)) {
    return fail("auth.denied", "request",
                "the account may not see the state of replication: it needs the role pg_monitor");
  }
  auto slots = all_of(postgres->query(kSlots, attempt.context, trace));
  if (!slots) return Failure(slots.error());
  if (standby) {
    auto receiver = postgres->query(kReceiver, attempt.context, trace);
    if (!receiver) return Failure(receiver.error());
    if (!receiver->rows.items().empty()) fill_receiver(std::move(receiver->rows.items().front()), seen);
  }
  fill_standbys(std::move(standbys->rows), seen);
  std::int64_t inactive = 0;
  for (Value& slot : slots->rows.items()) {
    to_bytes(slot, "retained_bytes");
    if (!slot.get_bool("active")) ++inactive;
  }
  seen["inactive_slots"] = inactive;
  seen["slots"] = std::move(slots->rows);
  const Value* receiver = seen.find("receiver");
  const bool receives = !standby || (receiver != nullptr && receiver->get("status") == "streaming");
  seen["replicating"] = receives && seen.get_int("streaming") == seen.get_int("standbys");
  return {};
}

}  // namespace

Probes replication_probes() {
  Probe probe = postgres_probe("postgres.replication",
                               "who streams from whom, how far behind, and which slots keep WAL");
  probe.observes = {
      seen_field("role", Type::text, "primary or standby"),
      seen_field("in_recovery", Type::boolean, "it is a standby"),
      seen_field("read_only", Type::boolean, "a transaction is read-only unless it says otherwise"),
      seen_field("timeline", Type::integer, "timeline; grows by one with every promotion"),
      seen_field("standbys", Type::integer, "standbys that are connected to it"),
      seen_field("streaming", Type::integer, "those that stream"),
      seen_field("replicating", Type::boolean,
                 "every connected standby streams and, on a standby, so does it itself"),
      seen_field("max_lag_bytes", Type::size,
                 "the greatest distance of a standby (of itself on a standby) in WAL"),
      seen_field("max_lag", Type::duration, "the same in time"),
      seen_field("inactive_slots", Type::integer,
                 "slots that nobody reads: they keep WAL until the disk is full"),
      seen_field(
          "replication", Type::list, "each connected standby",
          {seen_field("application_name", Type::text, "its name"),
           seen_field("client", Type::text, "its address"),
           seen_field("state", Type::text, "streaming, catchup or startup"),
           seen_field("sync_state", Type::text, "async, potential, sync or quorum"),
           seen_field("lag_bytes", Type::size, "WAL that it has not replayed"),
           seen_field("lag", Type::duration,
                      "how long ago what it replayed last was written; null when nothing is written")}),
      seen_field(
          "slots", Type::list, "each replication slot",
          {seen_field("name", Type::text, "its name"), seen_field("type", Type::text, "physical or logical"),
           seen_field("active", Type::boolean, "somebody reads it"),
           seen_field("retained_bytes", Type::size, "WAL that it keeps")}),
      seen_field("receiver", Type::object, "of a standby: the process that receives WAL",
                 {seen_field("status", Type::text, "streaming, or `none` where there is no receiver"),
                  seen_field("upstream", Type::text, "host:port of the server it receives from"),
                  seen_field("slot", Type::text, "the slot that it reads there"),
                  seen_field("receive_lag_bytes", Type::size,
                             "WAL that the upstream has sent word of and that has not arrived"),
                  seen_field("replay_lag_bytes", Type::size, "WAL that has arrived and is not replayed"),
                  seen_field("replay_lag", Type::duration,
                             "age of the last replayed transaction where any WAL waits, else 0")}),
      sqlstate_field()};
  probe.defaults = {{"replicating", true}, {"inactive_slots", 0}};
  probe.observe = observe_replication;
  return {probe};
}

}  // namespace assay

// postgres.ready, postgres.query, postgres.writable.
#include <fmt/format.h>

#include <set>

#include "core/utf8.h"
#include "probes/cut.h"
#include "probes/postgres_connect.h"

namespace assay {
namespace {

// Not inlined: what it needs on the stack would lie there while a connection is waited for, in each of up to
// 2,000 threads.
[[gnu::noinline]] Result<void> ask_ready(Postgres& postgres, Attempt& attempt, Trace& trace) {
  attempt.seen["server_version"] = postgres.parameter("server_version");
  const auto rows =
      postgres.query("select 1 as one, pg_is_in_recovery() as in_recovery", attempt.context, trace);
  if (!rows) return Failure(rows.error());
  if (rows->text(0, "one") != "1")
    return fail("protocol.invalid", "request", "the answer to `select 1` is not 1");
  attempt.seen["in_recovery"] = rows->text(0, "in_recovery") == "true";
  attempt.seen["ready"] = true;
  return {};
}

Result<void> observe_ready(Attempt& attempt) {
  Trace trace = attempt.trace();
  return postgres_connect(attempt, trace).and_then([&](Postgres postgres) {
    return ask_ready(postgres, attempt, trace);
  });
}

// A parameter as Postgres takes it: texts as they are, numbers and booleans in its own notation, null as
// null.
std::vector<std::optional<std::string>> arguments(const Value& given) {
  std::vector<std::optional<std::string>> all;
  if (!given.is_array()) return all;
  for (const Value& item : given.items()) {
    if (item.is_null()) {
      all.emplace_back(std::nullopt);
    } else {
      all.emplace_back(item.is_string() ? item.string() : to_json(item));
    }
  }
  return all;
}

// A row is a map of its columns, so that one of two with the same name would be lost.
Result<void> names_are_unique(const std::vector<std::string>& columns) {
  std::set<std::string_view> names;
  for (const std::string& name : columns) {
    if (!names.insert(name).second)
      return fail("params.invalid", "request",
                  fmt::format("two columns of the answer are named {}: give each a name of its own (as)",
                              printable(name)));
  }
  return {};
}

Result<void> observe_query(Attempt& attempt) {
  Reader reader = attempt.reader();
  const std::string sql = reader.text("query");
  const auto values = arguments(reader.any("params"));
  if (const auto ok = reader.ok(); !ok) return ok;
  Trace trace = attempt.trace();
  auto postgres = postgres_connect(attempt, trace);
  if (!postgres) return Failure(postgres.error());
  // The probe is declared to read, so the server has to hold it to that. The session ends with the
  // transaction open.
  const auto begun = postgres->query("begin read only", attempt.context, trace);
  if (!begun) return Failure(begun.error());
  auto rows = postgres->query(sql, values, attempt.context, trace);
  if (!rows) return Failure(rows.error());
  if (const auto unique = names_are_unique(rows->columns); !unique) return unique;
  Value& seen = attempt.seen;
  seen["columns"] = Value::array();
  for (const std::string& name : rows->columns) seen["columns"].push_back(name);
  seen["row_count"] = rows->count;
  if (rows->count > 0 && !rows->rows.items().empty() && !rows->columns.empty()) {
    if (const Value* first = rows->rows.items().front().find(rows->columns.front())) seen["value"] = *first;
  }
  seen["truncated"] = !rows->complete();
  if (rows->complete()) {
    seen["rows"] = std::move(rows->rows);
  } else {
    // What is said of all rows, or of any, or of their number, cannot be told from some of them.
    seen["rows"] = cut_marker(shorten(to_json(rows->rows), kShown), static_cast<std::uint64_t>(rows->bytes));
  }
  return {};
}

// The table that writes go to; nothing else lies in that schema.
constexpr const char* kTable = "assay.roundtrip";

bool missing(const Error& error) { return error.code == "postgres.relation"; }

Result<void> run(Postgres& postgres, Attempt& attempt, Trace& trace, const std::string& sql) {
  const auto done = postgres.query(sql, attempt.context, trace);
  return done ? Result<void>() : Failure(done.error());
}

// Two attempts may do this at once; the one that comes second finds what it wanted (42P06, 42P07, 23505).
Result<void> create_table(Postgres& postgres, Attempt& attempt, Trace& trace) {
  const auto done =
      run(postgres, attempt, trace,
          fmt::format("create schema if not exists assay; create table if not exists {} "
                      "(id text primary key, value text not null, at timestamptz not null default now())",
                      kTable));
  const std::string state = attempt.seen.get("sqlstate");
  const bool raced = !done && (state == "42P06" || state == "42P07" || state == "23505");
  if (!done && !raced) return done;
  attempt.seen["created"] = done.has_value();
  return {};
}

// Insert, read, delete and commit; `seen` tells how far it came.
Result<void> write_once(Postgres& postgres, Attempt& attempt, Trace& trace) {
  const std::string id = fmt::format("{}:{:016x}", attempt.run, attempt.random);
  const std::string value = fmt::format("{:016x}", ~attempt.random);
  if (const auto begun = run(postgres, attempt, trace, "begin"); !begun) return begun;
  const auto written = postgres.query(fmt::format("insert into {} (id, value) values ($1, $2)", kTable),
                                      {id, value}, attempt.context, trace);
  if (!written) return Failure(written.error());
  attempt.seen["written"] = true;
  const auto read =
      postgres.query(fmt::format("select value from {} where id = $1", kTable), {id}, attempt.context, trace);
  if (!read) return Failure(read.error());
  const bool same = read->text(0, "value") == value;
  attempt.seen["read_back"] = same;
  const auto removed =
      postgres.query(fmt::format("delete from {} where id = $1", kTable), {id}, attempt.context, trace);
  if (!removed) return Failure(removed.error());
  if (const auto committed = run(postgres, attempt, trace, "commit"); !committed) return committed;
  attempt.seen["committed"] = true;
  if (!same)
    return fail("roundtrip.mismatch", "request", "the row was written and does not read back as written");
  return {};
}

Result<void> observe_writable(Attempt& attempt) {
  Reader reader = attempt.reader();
  const bool create = reader.boolean("create");
  if (const auto ok = reader.ok(); !ok) return ok;
  Trace trace = attempt.trace();
  auto postgres = postgres_connect(attempt, trace);
  if (!postgres) return Failure(postgres.error());
  auto done = write_once(*postgres, attempt, trace);
  if (done || !missing(done.error())) return done;
  if (const auto back = run(*postgres, attempt, trace, "rollback"); !back) return back;
  // A standby has no such table either, and that is not what is wrong with it. The comment keeps Pgpool from
  // asking one of its standbys
  // (https://www.pgpool.net/docs/latest/en/html/runtime-config-load-balancing.html).
  const auto state = postgres->query(
      "/*NO LOAD BALANCE*/ select pg_is_in_recovery() or current_setting('transaction_read_only')::bool as "
      "read_only",
      attempt.context, trace);
  if (!state) return Failure(state.error());
  if (state->text(0, "read_only") == "true")
    return fail("postgres.read-only", "request",
                "the server accepts no writes: it is in recovery or read-only");
  if (!create)
    return fail("setup.missing", "request",
                fmt::format("the table {} does not exist and `create: true` is not set", kTable));
  if (const auto made = create_table(*postgres, attempt, trace); !made) return made;
  attempt.seen.erase("sqlstate");
  return write_once(*postgres, attempt, trace);
}

}  // namespace

Probes postgres_probes() {
  Probe ready = postgres_probe("postgres.ready", "Postgres lets the account in and answers a query");
  ready.observes = {seen_field("ready", Type::boolean, "a query was answered"),
                    seen_field("server_version", Type::text, "as the server reports it"),
                    seen_field("in_recovery", Type::boolean, "it is a standby"), sqlstate_field()};
  ready.defaults = {{"ready", true}};
  ready.observe = observe_ready;

  Probe query = postgres_probe("postgres.query", "the rows of a query, in a read-only transaction");
  query.params.push_back({"query",
                          Type::text,
                          "one statement; $1, $2, ... stand for params",
                          true,
                          {},
                          "select count(*) from orders where state = $1",
                          {},
                          {}});
  query.params.push_back(
      {"params", Type::any, "a list of what stands for $1, $2, ...", false, {}, "[open]", {}, {}});
  query.observes = {seen_field("columns", Type::texts, "names of the columns"),
                    seen_field("rows", Type::any, "a map for each row; more than 1000 are cut and marked so"),
                    seen_field("row_count", Type::integer, "how many rows there were"),
                    seen_field("value", Type::any, "first column of the first row"),
                    seen_field("truncated", Type::boolean, "there were more rows than `rows` can hold"),
                    sqlstate_field()};
  query.example =
      "address: db.example.org:5432\nuser: app\npassword: {env: PGPASSWORD}\nquery: select count(*) from "
      "orders";
  query.observe = observe_query;

  Probe writable = postgres_probe("postgres.writable",
                                  "a row of assay's own is written, read back, removed and committed");
  writable.effect = Effect::writes;
  writable.params.push_back({"create",
                             Type::boolean,
                             "true: makes the schema assay and its table where they do not exist",
                             false,
                             false,
                             "",
                             {},
                             {}});
  writable.observes = {seen_field("written", Type::boolean, "the row was taken"),
                       seen_field("read_back", Type::boolean, "it read back as written"),
                       seen_field("committed", Type::boolean, "the transaction was committed"),
                       seen_field("created", Type::boolean, "schema or table were made by this attempt"),
                       sqlstate_field()};
  writable.defaults = {{"committed", true}, {"read_back", true}};
  writable.observe = observe_writable;

  Probes all = {ready, query, writable};
  for (Probes (*family)() : {replication_probes, repmgr_probes, pgpool_probes}) {
    for (Probe& probe : family()) all.push_back(std::move(probe));
  }
  return all;
}

}  // namespace assay

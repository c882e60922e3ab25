#include "net/postgres.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <charconv>

#include "net/postgres_open.h"

namespace assay {
namespace {

struct Clear {
  void operator()(pg_result* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<pg_result, Clear>;

// Object ids of types (catalog/pg_type.dat); they never change.
enum Oid : unsigned {
  kBool = 16,
  kInt8 = 20,
  kInt2 = 21,
  kInt4 = 23,
  kOid = 26,
  kFloat4 = 700,
  kFloat8 = 701
};

template <class T>
Value number_or_text(std::string_view text) {
  T number{};
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
  // "NaN" and "Infinity" stay texts: JSON has no such numbers.
  return whole && !(text.back() == 'y' || text.back() == 'N') ? Value(number) : Value(text);
}

Value cell(const pg_result* result, int row, int column) {
  if (PQgetisnull(result, row, column) != 0) return {};
  const std::string_view text(PQgetvalue(result, row, column),
                              static_cast<std::size_t>(PQgetlength(result, row, column)));
  switch (PQftype(result, column)) {
    case kBool:
      return text == "t";
    case kInt2:
    case kInt4:
    case kInt8:
    case kOid:
      return number_or_text<long long>(text);
    case kFloat4:
    case kFloat8:
      return number_or_text<double>(text);
    default:
      return text;
  }
}

std::string field(const pg_result* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? std::string() : text;
}

std::string first_line(std::string_view text) { return std::string(text.substr(0, text.find('\n'))); }

// May another host of a list do better? libpq goes on likewise: not after a refused log-in.
bool goes_on(const Error& error) {
  return error.phase == "resolve" || error.phase == "connect" || error.code == "deadline" ||
         error.code == "protocol.closed" || error.code == "connect.reset" ||
         error.code == "postgres.starting-up" || error.code == "postgres.shutting-down" ||
         error.code == "postgres.read-only" || error.message.find("read-only") != std::string::npos ||
         error.message.find("hot standby") != std::string::npos;
}

template <class Out>
[[gnu::noinline]] Out no_host() {
  return fail("params.invalid", "setup", "no host to connect to");
}

// The values of target_session_attrs to try, one after the other.
[[gnu::noinline]] std::vector<std::string> sessions_of(const PostgresTarget& target) {
  std::vector<std::string> sessions = {""};
  for (const auto& [name, value] : target.options) {
    if (name != "target_session_attrs") continue;
    sessions = value == "prefer-standby" ? std::vector<std::string>{"standby", "any"}
                                         : std::vector<std::string>{value};
  }
  return sessions;
}

}  // namespace

void Postgres::Finish::operator()(pg_conn* connection) const { PQfinish(connection); }

std::string PostgresRows::text(std::size_t row, std::string_view column) const {
  if (row >= rows.items().size()) return {};
  const Value* value = rows.items()[row].find(column);
  if (value == nullptr || value->is_null()) return {};
  return value->is_string() ? value->string() : to_json(*value);
}

// Not inlined, like sessions_of(): see Opening.
[[gnu::noinline]] std::unique_ptr<Postgres::Opening> Postgres::prepare(Network& network,
                                                                       const PostgresTarget& target,
                                                                       const Context& context, Trace& trace) {
  return std::make_unique<Opening>(Opening{network, target, context, trace, {}});
}

Result<Postgres> Postgres::connect(Network& network, const PostgresTarget& target, const Context& context,
                                   Trace& trace) {
  const std::vector<std::string> sessions = sessions_of(target);
  const auto opening = prepare(network, target, context, trace);
  const std::size_t tries = sessions.size() * target.hosts.size();
  for (std::size_t turn = 0; turn < tries; ++turn) {
    const auto share = context.deadline().left() / static_cast<long>(tries - turn);
    trace.seen().erase("sqlstate");
    opening->session = sessions[turn / target.hosts.size()];
    opening->bare = false;
    auto opened = opening->open(target.hosts[turn % target.hosts.size()], context.within(share));
    const bool last = turn + 1 == tries;
    if (opened || last || !goes_on(opened.error()) || context.deadline().passed())
      return std::move(opened).map([](Handle handle) { return Postgres(std::move(handle)); });
  }
  return no_host<Result<Postgres>>();
}

std::string Postgres::parameter(const std::string& name) const {
  const char* value = PQparameterStatus(connection_.get(), name.c_str());
  return value == nullptr ? std::string() : value;
}

Result<PostgresRows> Postgres::query(const std::string& sql, const Context& context, Trace& trace,
                                     const PostgresLimits& limits) {
  const std::uint64_t before = received_bytes(PQsocket(connection_.get()));
  return answer(PQsendQuery(connection_.get(), sql.c_str()) == 1, before + limits.bytes, context, trace,
                limits);
}

Result<PostgresRows> Postgres::query(const std::string& sql,
                                     const std::vector<std::optional<std::string>>& params,
                                     const Context& context, Trace& trace, const PostgresLimits& limits) {
  std::vector<const char*> values;
  for (const auto& param : params) values.push_back(param ? param->c_str() : nullptr);
  const std::uint64_t before = received_bytes(PQsocket(connection_.get()));
  const int sent = PQsendQueryParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()), nullptr,
                                     values.data(), nullptr, nullptr, 0);
  return answer(sent == 1, before + limits.bytes, context, trace, limits);
}

// The next result, or null after the last one.
Result<pg_result*> Postgres::next_result(const Context& context, std::uint64_t max_received) {
  pg_conn* const raw = connection_.get();
  const auto broken = [&] { return libpq_failure(first_line(PQerrorMessage(raw)), "request"); };
  while (true) {
    const int unsent = PQflush(raw);
    if (unsent < 0) return broken();
    if (unsent == 0 && PQisBusy(raw) == 0) return PQgetResult(raw);
    const auto ready =
        context.wait(PQsocket(raw), static_cast<short>(unsent == 1 ? POLLIN | POLLOUT : POLLIN), "request");
    if (!ready) return Failure(ready.error());
    if ((*ready & ~POLLOUT) != 0 && PQconsumeInput(raw) == 0) return broken();
    if (received_bytes(PQsocket(raw)) > max_received)
      return fail("protocol.too-large", "request", "the answer is larger than the limit");
  }
}

Result<PostgresRows> Postgres::answer(bool sent, std::uint64_t max_received, const Context& context,
                                      Trace& trace, const PostgresLimits& limits) {
  const PhaseTimer timer(trace, "request");
  pg_conn* const raw = connection_.get();
  if (!sent) return libpq_failure(first_line(PQerrorMessage(raw)), "request");
  PQsetSingleRowMode(raw);  // else libpq keeps all rows before it gives the first
  PostgresRows rows;
  Result<void> outcome;
  while (true) {
    auto next = next_result(context, max_received);
    if (!next) return Failure(next.error());
    const Answer result(*next);
    if (result == nullptr) break;
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
      return fail("postgres.error", "request",
                  "the statement is a COPY from or to the client, which assay does not do");
    }
    if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE || status == PGRES_NONFATAL_ERROR) {
      const std::string state = field(result.get(), PG_DIAG_SQLSTATE);
      if (!state.empty()) trace.seen()["sqlstate"] = state;
      if (outcome) {
        outcome = state.empty()
                      ? libpq_failure(first_line(PQresultErrorMessage(result.get())), "request")
                      : postgres_failure(state, field(result.get(), PG_DIAG_MESSAGE_PRIMARY), "request");
      }
      continue;
    }
    const int columns = PQnfields(result.get());
    if (rows.columns.empty()) {
      for (int c = 0; c < columns; ++c) rows.columns.emplace_back(PQfname(result.get(), c));
    }
    for (int r = 0; r < PQntuples(result.get()); ++r) {
      for (int c = 0; c < columns; ++c) rows.bytes += PQgetlength(result.get(), r, c);
      if (++rows.count > static_cast<std::int64_t>(limits.rows)) continue;
      Value row = Value::object();
      for (int c = 0; c < columns; ++c) row[PQfname(result.get(), c)] = cell(result.get(), r, c);
      rows.rows.push_back(std::move(row));
    }
  }
  if (!outcome) return Failure(outcome.error());
  return rows;
}

}  // namespace assay

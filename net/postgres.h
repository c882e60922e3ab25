// A connection to Postgres, or to something that speaks its protocol (Pgpool-II, PgBouncer).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/secret.h"
#include "net/transport.h"

struct pg_conn;
struct pg_result;

namespace assay {

// Where to connect; `name` is what the certificate must carry when it is not the host that is dialled.
struct PostgresHost {
  HostPort address;
  std::string name;
};

// Where to connect and who logs in.
struct PostgresTarget {
  std::vector<PostgresHost> hosts;  // tried in turn
  std::string database;             // empty: the user's name, as Postgres has it
  std::string user = "postgres";
  Secret password;
  // Enabled and verifying: verify-full, so that no password can reach a server that is not trusted. Enabled
  // and not verifying: libpq's `require`. Not enabled: plain text.
  TlsOptions tls;
  std::string ssl_mode;  // from a dsn, where it is neither of those three: "prefer" or "verify-ca"
  std::vector<std::pair<std::string, std::string>> options;  // further ones of libpq, from a dsn
};

// Reads a connection string of libpq (URI or key=value). Options that decide how long and from which files
// libpq works are ignored (connect_timeout) or refused (service, passfile); Unix sockets are refused. No
// message repeats anything of the string. Errors: params.invalid (phase setup). Rule:
// https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
Result<PostgresTarget> parse_postgres_dsn(const Secret& dsn);

struct PostgresLimits {
  std::size_t rows = 1000;      // kept; further ones are counted
  std::size_t bytes = 4 << 20;  // of one answer on the wire
};

struct PostgresRows {
  std::vector<std::string> columns;
  Value rows =
      Value::array();      // a map a row; integers, floats and booleans are typed, everything else is text
  std::int64_t count = 0;  // also of the rows that were not kept
  std::int64_t bytes = 0;  // of all values as they came, also of the rows that were not kept
  bool complete() const { return count == static_cast<std::int64_t>(rows.items().size()); }
  std::string text(std::size_t row, std::string_view column) const;  // "" for a null or where there is none
};

// One session, driven by libpq without blocking. The server is told to end a statement at the deadline of
// connect() (statement_timeout); a session is not made for reuse. One thread at a time.
class Postgres {
 public:
  // Resolves by our resolver, then connects and logs in to the first host that accepts (phases resolve,
  // connect, tls, auth). When TLS fails, one more connection of our own, without credentials, finds out why
  // and captures the chain. Leaves `sqlstate` in the observation where the server refused. Errors: dns.*,
  // connect.*, tls.*, auth.*, postgres.*, protocol.*, deadline, harness.cancelled.
  static Result<Postgres> connect(Network& network, const PostgresTarget& target, const Context& context,
                                  Trace& trace);

  // Runs one statement by the simple protocol, phase request.
  Result<PostgresRows> query(const std::string& sql, const Context& context, Trace& trace,
                             const PostgresLimits& limits = {});
  // Runs one statement with parameters ($1, $2, ...; nothing: null) by the extended protocol, which takes no
  // second statement after a semicolon.
  Result<PostgresRows> query(const std::string& sql, const std::vector<std::optional<std::string>>& params,
                             const Context& context, Trace& trace, const PostgresLimits& limits = {});

  // What the server reported at the start ("server_version"), or "".
  std::string parameter(const std::string& name) const;

 private:
  struct Finish {
    void operator()(pg_conn* connection) const;
  };
  using Handle = std::unique_ptr<pg_conn, Finish>;
  struct Opening;
  static std::unique_ptr<Opening> prepare(Network& network, const PostgresTarget& target,
                                          const Context& context, Trace& trace);
  explicit Postgres(Handle connection) : connection_(std::move(connection)) {}
  Result<PostgresRows> answer(bool sent, std::uint64_t max_received, const Context& context, Trace& trace,
                              const PostgresLimits& limits);
  Result<pg_result*> next_result(const Context& context, std::uint64_t max_received);

  Handle connection_;
};

// The code of an SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html); the message
// follows it in parentheses. `message` tells a shutdown from a start-up, which share 57P03.
Failure postgres_failure(std::string_view sqlstate, std::string_view message, std::string_view phase);

// The code of a failure for which the server gave no SQLSTATE, from libpq's own English sentence.
Failure libpq_failure(std::string_view message, std::string_view phase);

}  // namespace assay

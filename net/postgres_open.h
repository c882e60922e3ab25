// One attempt to open a session of Postgres at one address.
#pragma once

#include "net/postgres.h"

namespace assay {

// What the attempts of one connect() share. On the heap, and with little on the stack while the server is
// waited for: 2,000 threads may stand here, and the frames of each have room in two pages.
struct Postgres::Opening {
  Network& network;
  const PostgresTarget& target;
  const Context& context;  // of the whole connect(): its deadline becomes statement_timeout
  Trace& trace;
  std::string session;  // target_session_attrs, or ""
  bool bare = false;    // without start-up options, which PgBouncer refuses

  // Connects to one address of `host`. Phases connect, tls, auth.
  Result<Handle> open(const PostgresHost& host, const SocketAddress& at, const Context& context);
  // Resolves a host and opens a session at the first of its addresses that accepts.
  Result<Handle> open(const PostgresHost& host, const Context& context);

 private:
  bool secured() const { return target.tls.enabled || !target.ssl_mode.empty(); }
  using Settings = std::vector<std::pair<const char*, std::string>>;
  Result<void> resolve(const PostgresHost& host, const Context& share, std::vector<SocketAddress>& addresses);
  Result<Settings> settings(const PostgresHost& host, const SocketAddress& at) const;
  Result<Handle> begin(const PostgresHost& host, const SocketAddress& at) const;
  Result<Handle> start(const PostgresHost& host, const SocketAddress& at, const Context& share);
  Result<Handle> refused(const pg_conn* connection, std::string_view phase, const PostgresHost& host,
                         const SocketAddress& at, const Context& share);
  Failure explain_tls(Failure otherwise, const PostgresHost& host, const SocketAddress& at,
                      const Context& share);
  bool wants_tls(const PostgresHost& host, const SocketAddress& at, const Context& share);
};

// Bytes that the kernel has received on a socket so far (TCP_INFO): libpq does not tell how much it holds.
std::uint64_t received_bytes(int fd);

}  // namespace assay

#include "net/postgres_open.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "core/utf8.h"
#include "net/tls_files.h"

namespace assay {
namespace {

// libpq would let OpenSSL ask on the terminal for the passphrase of a key wherever a dsn gives none. With
// this hook, one for the whole process, it says what the dsn says, or nothing.
void never_ask() {
  static const bool set = [] {
    PQsetSSLKeyPassHook_OpenSSL(PQdefaultSSLKeyPassHook_OpenSSL);
    return true;
  }();
  static_cast<void>(set);
}

// A path that cannot exist: for the files that libpq would else look for in the home folder. (/dev/null
// itself makes it print a warning.)
constexpr const char* kNoFile = "/dev/null/none";
// A server has no reason to send more than this before the first query.
constexpr std::uint64_t kMaxStart = 1 << 20;

// Where a distribution keeps the trusted authorities in one file; libpq cannot read OpenSSL's folder of them.
Result<std::string> system_authorities() {
  for (const char* path : {X509_get_default_cert_file(), "/etc/ssl/certs/ca-certificates.crt",
                           "/etc/pki/tls/certs/ca-bundle.crt"}) {
    if (::access(path, R_OK) == 0) return std::string(path);
  }
  return fail("tls.local", "setup", "no file with the system's trusted authorities; set tls.ca");
}

std::string_view phase_of(ConnStatusType status, bool secured) {
  switch (status) {
    case CONNECTION_STARTED:
      return "connect";
    case CONNECTION_MADE:
      return secured ? "tls" : "auth";
    case CONNECTION_SSL_STARTUP:
      return "tls";
    default:
      return "auth";
  }
}

// Adds up what each phase took and hands it to the trace at the end.
class Phases {
 public:
  explicit Phases(Trace& trace) : trace_(trace) {}
  Phases(const Phases&) = delete;
  Phases& operator=(const Phases&) = delete;
  ~Phases() {
    for (const auto& [name, took] : took_) {
      if (took > Duration::zero()) trace_.phase(name, took);
    }
  }
  void end_of(std::string_view name) {
    const TimePoint now = std::chrono::steady_clock::now();
    for (auto& [known, took] : took_) {
      if (known == name) took += now - since_;
    }
    since_ = now;
  }
  // The server refused TLS and libpq went on in plain text: what that took belongs to the log-in.
  void no_tls() { took_[2].second += std::exchange(took_[1].second, Duration::zero()); }

 private:
  Trace& trace_;
  TimePoint since_ = std::chrono::steady_clock::now();
  std::array<std::pair<std::string_view, Duration>, 3> took_{{{"connect", {}}, {"tls", {}}, {"auth", {}}}};
};

struct Refusal {
  std::string state;  // SQLSTATE, or ""
  std::string message;
};

// Takes libpq's text apart: `connection to server at "::1", port 5432 failed: FATAL:  28P01: password ...`,
// in which the SQLSTATE stands because the error verbosity says so. Further lines tell where in the server's
// source it happened.
Refusal read_refusal(std::string_view text) {
  text = text.substr(0, text.find('\n'));
  constexpr std::string_view kFailed = " failed: ";
  if (text.starts_with("connection to server")) {
    const auto failed = text.find(kFailed);
    if (failed != std::string_view::npos) text.remove_prefix(failed + kFailed.size());
  }
  const auto state = text.find(":  ");
  if (state != std::string_view::npos && text.size() > state + 10 && text.substr(state + 8, 2) == ": ") {
    const std::string_view code = text.substr(state + 3, 5);
    if (std::all_of(code.begin(), code.end(),
                    [](unsigned char c) { return std::isupper(c) != 0 || std::isdigit(c) != 0; })) {
      return {std::string(code), std::string(text.substr(state + 10))};
    }
  }
  return {"", std::string(text)};
}

}  // namespace

[[gnu::noinline]] std::uint64_t received_bytes(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  return ::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? info.tcpi_bytes_received : 0;
}

Result<Postgres::Opening::Settings> Postgres::Opening::settings(const PostgresHost& host,
                                                                const SocketAddress& at) const {
  const TlsOptions& tls = target.tls;
  Settings all = {{"host", tls.name.empty() ? (host.name.empty() ? host.address.host : host.name) : tls.name},
                  {"hostaddr", at.ip()},
                  {"port", std::to_string(at.port())},
                  {"user", target.user},
                  {"password", target.password.reveal()},
                  {"dbname", target.database.empty() ? target.user : target.database},
                  {"passfile", kNoFile},
                  {"client_encoding", "UTF8"},
                  {"gssencmode", "disable"},
                  {"fallback_application_name", "assay"}};
  all.emplace_back("sslmode", !target.ssl_mode.empty() ? target.ssl_mode
                              : !tls.enabled           ? "disable"
                              : tls.verify             ? "verify-full"
                                                       : "require");
  if (secured()) {
    if (const auto readable = regular_files(tls); !readable) return Failure(readable.error());
    std::string authorities = kNoFile;
    if (tls.enabled && tls.verify) {
      auto system = tls.ca.empty() ? system_authorities() : Result<std::string>(tls.ca);
      if (!system) return Failure(system.error());
      authorities = std::move(*system);
    }
    all.emplace_back("sslrootcert", std::move(authorities));
    all.emplace_back("sslcrl", kNoFile);
    all.emplace_back("sslcert", tls.cert.empty() ? kNoFile : tls.cert);
    all.emplace_back("sslkey", !tls.key.empty() ? tls.key : tls.cert.empty() ? kNoFile : tls.cert);
    all.emplace_back("ssl_min_protocol_version", tls.minimum == "1.3" ? "TLSv1.3" : "TLSv1.2");
  }
  std::string start;
  for (const auto& [name, value] : target.options) {
    if (name == "options") start = value + " ";
    if (name != "options" && name != "target_session_attrs") all.emplace_back(name.c_str(), value);
  }
  // Whole seconds, so that a pooler finds the same start-up options every time and can reuse its connection.
  const auto bound = std::chrono::ceil<std::chrono::seconds>(context.deadline().left());
  if (!bare) start += fmt::format("-c statement_timeout={}s", std::max<long>(1, bound.count()));
  if (!start.empty()) all.emplace_back("options", start);
  if (!session.empty()) all.emplace_back("target_session_attrs", session);
  return all;
}

Result<Postgres::Handle> Postgres::Opening::begin(const PostgresHost& host, const SocketAddress& at) const {
  auto chosen = settings(host, at);
  if (!chosen) return Failure(chosen.error());
  never_ask();
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : *chosen) {
    names.push_back(name);
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  Handle connection(PQconnectStartParams(names.data(), values.data(), 0));
  for (auto& [name, value] : *chosen) Secret(std::move(value));
  if (connection == nullptr) return fail("harness.internal", "setup", "no memory for a connection");
  PQsetErrorVerbosity(connection.get(), PQERRORS_VERBOSE);
  PQsetNoticeProcessor(
      connection.get(), [](void*, const char*) {}, nullptr);
  return connection;
}

namespace {

// Not inlined: the texts would take their room on the stack while the server is waited for, in each of up to
// 2,000 threads.
template <class Out>
[[gnu::noinline]] Out told(std::string_view code, std::string_view phase, const SocketAddress& at,
                           std::string_view words) {
  return fail(code, phase, at.text() + std::string(words));
}

template <class Out>
[[gnu::noinline]] Out not_waited(const Error& why, std::string_view phase, const SocketAddress& at) {
  return told<Out>(why.code, phase, at, ": " + why.message);
}

template <class Out>
[[gnu::noinline]] Out not_connected(int error, std::string_view phase, const SocketAddress& at) {
  return socket_failure(error, phase, at.text());
}

// The session stands: what TLS it has, and no call of libpq blocks from now on.
template <class Handle>
[[gnu::noinline]] Result<Handle> settle(Handle& handle, Phases& phases, Trace& trace) {
  pg_conn* const connection = handle.get();
  if (PQsslInUse(connection) == 0) {
    phases.no_tls();
  } else if (auto* const ssl = static_cast<ssl_st*>(PQsslStruct(connection, "OpenSSL")); ssl != nullptr) {
    trace.tls(describe_tls(ssl));
  }
  if (PQsetnonblocking(connection, 1) == 0) return std::move(handle);
  return fail("harness.internal", "auth", "libpq does not take the connection as non-blocking");
}

}  // namespace

Result<Postgres::Handle> Postgres::Opening::start(const PostgresHost& host, const SocketAddress& at,
                                                  const Context& share) {
  trace.peer(at);
  Phases phases(trace);
  auto connection = begin(host, at);
  if (!connection) return connection;
  phases.end_of("connect");
  pg_conn* const raw = connection->get();
  if (PQstatus(raw) == CONNECTION_BAD) return refused(raw, "connect", host, at, share);
  const bool encrypted = secured();
  for (PostgresPollingStatusType turn = PGRES_POLLING_WRITING; turn != PGRES_POLLING_OK;) {
    const int fd = PQsocket(raw);
    const std::string_view phase = phase_of(PQstatus(raw), encrypted);
    const auto ready = share.wait(fd, turn == PGRES_POLLING_READING ? POLLIN : POLLOUT, phase);
    if (!ready) {
      phases.end_of(phase);
      return not_waited<Result<Handle>>(ready.error(), phase, at);
    }
    if (phase == "connect") {
      // Asked for here because libpq keeps only a sentence; that takes the error from it, which is of no
      // matter.
      int error = 0;
      socklen_t size = sizeof error;
      ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
      phases.end_of(phase);
      if (error != 0) return not_connected<Result<Handle>>(error, phase, at);
    }
    turn = PQconnectPoll(raw);
    phases.end_of(phase);
    if (turn == PGRES_POLLING_FAILED) return refused(raw, phase, host, at, share);
    if (received_bytes(PQsocket(raw)) > kMaxStart)
      return told<Result<Handle>>("protocol.too-large", phase, at,
                                  " sends without end before the first query");
  }
  return settle(*connection, phases, trace);
}

[[gnu::noinline]] Result<Postgres::Handle> Postgres::Opening::refused(const pg_conn* connection,
                                                                      std::string_view phase,
                                                                      const PostgresHost& host,
                                                                      const SocketAddress& at,
                                                                      const Context& share) {
  const Refusal refusal = read_refusal(PQerrorMessage(connection));
  if (phase == "connect") {
    // libpq has closed the socket and with it the number of the error: the same once more, by ourselves.
    const auto again = dial(at, share);
    if (refusal.message.find("could not create socket") != std::string::npos)
      return fail("harness.internal", phase, refusal.message);
    if (!again) return Failure(again.error());
    return fail("connect.failed", phase, at.text() + ": " + refusal.message);
  }
  if (!refusal.state.empty()) {
    trace.seen()["sqlstate"] = refusal.state;
    // Pgpool-II has no code of its own for a refused log-in.
    const bool pool =
        refusal.state == "XX000" && refusal.message.find("authentication failed") != std::string::npos;
    const bool before_password = PQconnectionUsedPassword(connection) == 0;
    if ((pool || refusal.state == "28000") && before_password && !secured() && wants_tls(host, at, share)) {
      return fail("tls.required", phase, "the server refuses plain text and lets TLS in: " + refusal.message);
    }
    if (pool) return fail("auth.denied", phase, "the server says: " + to_utf8(refusal.message));
    return postgres_failure(refusal.state, refusal.message, phase);
  }
  Failure failure = libpq_failure(refusal.message, phase);
  // A handshake of our own gives no passphrase: where the dsn has one, libpq's sentence is the better one.
  const bool passphrase = std::any_of(target.options.begin(), target.options.end(),
                                      [](const auto& option) { return option.first == "sslpassword"; });
  const std::string& code = failure.value().code;
  const bool settled = code == "tls.not-tls" || (code == "tls.local" && passphrase);
  if (phase == "tls" && !settled) return explain_tls(std::move(failure), host, at, share);
  return failure;
}

// Asks for TLS and shakes hands as libpq did, with our transport, which captures the chain before it judges
// it (https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL). No credentials are sent.
Failure Postgres::Opening::explain_tls(Failure otherwise, const PostgresHost& host, const SocketAddress& at,
                                       const Context& share) {
  Value aside;
  Trace scratch(aside);
  auto plain = Transport::connect(network, {at.ip(), at.port()}, {}, share, scratch);
  if (!plain) return otherwise;
  constexpr std::string_view kRequest{"\0\0\0\x08\x04\xd2\x16\x2f", 8};
  char answer = 0;
  if (!plain->write(kRequest, share, "tls")) return otherwise;
  const auto got = plain->read({&answer, 1}, share, "tls");
  if (!got || *got == 0) return otherwise;
  if (answer == 'N') return fail("tls.not-tls", "tls", at.text() + " does not offer TLS");
  if (answer != 'S') return otherwise;
  const auto done = plain->start_tls(network, host.name.empty() ? host.address.host : host.name, target.tls,
                                     share, scratch);
  if (const Value* tls = aside.find("tls")) trace.tls(*tls);
  return done ? otherwise : Failure(done.error());
}

// "No entry in pg_hba.conf" can be about TLS or not: without a password, over TLS, a server that only wanted
// TLS goes on to ask for the password.
bool Postgres::Opening::wants_tls(const PostgresHost& host, const SocketAddress& at, const Context& share) {
  PostgresTarget secured = target;
  secured.password = Secret();
  secured.tls.enabled = true;
  secured.tls.verify = false;
  Value aside;
  Trace scratch(aside);
  Opening again{network, secured, context, scratch, session, bare};
  const auto opened = again.start(host, at, share);
  return opened || opened.error().code == "auth.required";
}

Result<Postgres::Handle> Postgres::Opening::open(const PostgresHost& host, const SocketAddress& at,
                                                 const Context& share) {
  auto opened = start(host, at, share);
  const bool pooler = !opened && !bare && trace.seen().get("sqlstate") == "08P01" &&
                      opened.error().message.find("startup parameter") != std::string::npos;
  if (!pooler) return opened;
  // PgBouncer: "unsupported startup parameter: options".
  trace.seen().erase("sqlstate");
  bare = true;
  return start(host, at, share);
}

// Not inlined: see told().
[[gnu::noinline]] Result<void> Postgres::Opening::resolve(const PostgresHost& host, const Context& share,
                                                          std::vector<SocketAddress>& addresses) {
  const PhaseTimer timer(trace, "resolve");
  auto found = network.resolver.resolve(host.address.host, host.address.port, share);
  if (!found) return Failure(found.error());
  addresses = std::move(*found);
  return {};
}

Result<Postgres::Handle> Postgres::Opening::open(const PostgresHost& host, const Context& share) {
  std::vector<SocketAddress> addresses;
  if (const auto resolved = resolve(host, share, addresses); !resolved) return Failure(resolved.error());
  trace.resolved(addresses);
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const std::size_t still = addresses.size() - i;
    auto opened = open(host, addresses[i], share.within(share.deadline().left() / static_cast<long>(still)));
    if (opened || still == 1 || opened.error().phase != "connect" ||
        opened.error().code == "harness.cancelled")
      return opened;
  }
  return fail("connect.failed", "connect", "no address to try");
}

}  // namespace assay

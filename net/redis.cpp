#include "net/redis.h"

#include "core/utf8.h"

namespace assay {
namespace {

// First byte of a TLS alert record (RFC 8446, section 5.1). OpenSSL answers plain text with one.
constexpr char kAlert = 0x15;

Failure in_phase(Error error, std::string_view phase) {
  error.phase = phase;
  return Failure(std::move(error));
}

// Does a Redis answer there in plain text? Without credentials.
bool speaks_plain(Network& network, const HostPort& target, const Context& context) {
  Value aside;
  Trace trace(aside);
  auto plain = Transport::connect(network, target, {}, context, trace);
  if (!plain || !plain->write("PING\r\n", context)) return false;
  char first = 0;
  const auto got = plain->read({&first, 1}, context);
  return got && *got == 1 && (first == '+' || first == '-');
}

bool mentions(std::string_view text, std::string_view what) {
  return text.find(what) != std::string_view::npos;
}

}  // namespace

Failure redis_failure(std::string_view text, std::string_view phase) {
  const std::string_view word = text.substr(0, text.find(' '));
  const std::string message = "the server says: " + shorten(to_utf8(text), 300);
  if (word == "NOAUTH") return fail("auth.required", phase, message);
  if (word == "WRONGPASS" || word == "NOPERM" || word == "DENIED") return fail("auth.denied", phase, message);
  if (word == "LOADING") return fail("redis.loading", phase, message);
  if (word == "READONLY") return fail("redis.read-only", phase, message);
  // Without ACLs (before version 6), and where no password is set, AUTH fails with a plain ERR.
  if (word == "ERR" && phase == "auth" && mentions(text, "password"))
    return fail("auth.denied", phase, message);
  return fail("redis.error", phase, message);
}

Result<Redis> Redis::connect(Network& network, const HostPort& target, const TlsOptions& tls,
                             const RedisLogin& login, const Context& context, Trace& trace,
                             RespLimits limits) {
  // A Redis that speaks plain text waits in silence for the end of a line while it is offered a handshake: a
  // quarter of the time is kept for finding that out.
  const Context most = tls.enabled ? context.within(context.deadline().left() / 4 * 3) : context;
  auto transport = Transport::connect(network, target, tls, most, trace);
  if (!transport) {
    const Error& error = transport.error();
    if (error.code != "deadline" || error.phase != "tls" || !speaks_plain(network, target, context))
      return Failure(error);
    return fail("tls.not-tls", "tls", "the server is silent in TLS and answers in plain text at this port");
  }
  Redis redis(network, target, std::move(*transport), limits);
  if (login.password.empty() && login.user.empty() && login.database == 0) return redis;
  const PhaseTimer timer(trace, "auth");
  if (!login.password.empty() || !login.user.empty()) {
    const std::string_view password = login.password.reveal();
    const auto done = login.user.empty() ? redis.command({"AUTH", password}, context, "auth")
                                         : redis.command({"AUTH", login.user, password}, context, "auth");
    if (!done) return Failure(done.error());
  }
  if (login.database != 0) {
    const auto done = redis.command({"SELECT", std::to_string(login.database)}, context, "auth");
    if (!done) return Failure(done.error());
  }
  return redis;
}

Result<Value> Redis::command(std::initializer_list<std::string_view> words, const Context& context,
                             std::string_view phase) {
  if (parser_.pending()) return fail("protocol.invalid", phase, "the server sent more than it was asked for");
  const Secret wire = resp_command({words.begin(), words.size()});
  if (wire.empty()) return fail("harness.internal", phase, "no memory for a command");
  auto answer = exchange(wire.reveal(), context, phase);
  if (!answer) {
    const std::string& code = answer.error().code;
    const bool hung_up = code == "protocol.closed" || code == "connect.reset";
    if (!hung_up || answered_ || transport_.secure() || !wants_tls(context)) return Failure(answer.error());
    return fail("tls.required", phase, "the server hangs up on plain text and speaks TLS at this port");
  }
  if (answer->is_error) return redis_failure(answer->value.string(), phase);
  return std::move(answer->value);
}

// Redis closes a TLS port's connection without an alert when plain text comes, so that a handshake has to
// tell.
bool Redis::wants_tls(const Context& context) const {
  TlsOptions tls;
  tls.enabled = true;
  tls.verify = false;
  Value aside;
  Trace trace(aside);
  return Transport::connect(*network_, target_, tls, context, trace).has_value();
}

// The reply that is complete with these bytes of the server, or nothing; no bytes: it has closed the
// connection. Not inlined, like rest(): what they need on the stack would lie there while the first byte is
// waited for, in each of up to 2,000 threads.
[[gnu::noinline]] Result<std::optional<RespReply>> Redis::take(std::string_view bytes,
                                                               std::string_view phase) {
  if (bytes.empty())
    return fail("protocol.closed", phase, "the server closed the connection before its answer was complete");
  if (!answered_ && bytes[0] == kAlert && !transport_.secure()) {
    return fail("tls.required", phase,
                "the server answered plain text with a TLS alert: this port wants TLS");
  }
  answered_ = true;
  auto one = parser_.next(bytes);
  if (!one) return in_phase(one.error(), phase);
  return one;
}

// What is longer than a few words, in larger pieces.
[[gnu::noinline]] Result<RespReply> Redis::rest(const Context& context, std::string_view phase) {
  while (true) {
    char buffer[4096];
    const auto got = transport_.read(buffer, context, phase);
    if (!got) return in_phase(got.error(), phase);
    auto one = take({buffer, *got}, phase);
    if (!one) return Failure(one.error());
    if (*one) return std::move(**one);
  }
}

Result<RespReply> Redis::exchange(std::string_view wire, const Context& context, std::string_view phase) {
  if (const auto sent = transport_.write(wire, context, phase); !sent) return Failure(sent.error());
  char first[128];
  const auto got = transport_.read(first, context, phase);
  if (!got) return in_phase(got.error(), phase);
  auto one = take({first, *got}, phase);
  if (!one) return Failure(one.error());
  if (*one) return std::move(**one);
  return rest(context, phase);
}

}  // namespace assay

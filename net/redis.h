// A connection to Redis or to a Sentinel.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "core/secret.h"
#include "net/resp.h"
#include "net/transport.h"

namespace assay {

// Who logs in where. Without a password nothing is sent before the first command.
struct RedisLogin {
  std::string user;  // empty: the default user, as servers before version 6 know it
  Secret password;
  int database = 0;
};

// Speaks RESP2 over a Transport of its own; one command at a time. One thread at a time; the network must
// outlive it.
class Redis {
 public:
  // Connects, logs in and chooses the database (phases resolve, connect, tls, auth). Errors: those of
  // Transport::connect and of command().
  static Result<Redis> connect(Network& network, const HostPort& target, const TlsOptions& tls,
                               const RedisLogin& login, const Context& context, Trace& trace,
                               RespLimits limits = {});

  // Sends a command and waits for its reply. A server that hangs up on the first command in plain text is
  // asked once, on a connection of its own and without credentials, whether it speaks TLS. Errors:
  // auth.required, auth.denied, redis.loading, redis.read-only, redis.error, tls.required, protocol.closed,
  // protocol.invalid, protocol.too-large, connect.reset, deadline, harness.cancelled. An error reply leaves
  // the connection usable, every other error does not.
  Result<Value> command(std::initializer_list<std::string_view> words, const Context& context,
                        std::string_view phase = "request");

 private:
  Redis(Network& network, const HostPort& target, Transport transport, RespLimits limits)
      : network_(&network), target_(target), transport_(std::move(transport)), parser_(limits) {}
  Result<RespReply> exchange(std::string_view wire, const Context& context, std::string_view phase);
  Result<std::optional<RespReply>> take(std::string_view bytes, std::string_view phase);
  Result<RespReply> rest(const Context& context, std::string_view phase);
  bool wants_tls(const Context& context) const;

  Network* network_;
  HostPort target_;
  Transport transport_;
  RespParser parser_;
  bool answered_ = false;
};

// The code of an error reply, from its first word
// (https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors).
Failure redis_failure(std::string_view text, std::string_view phase);

}  // namespace assay

// A connected byte stream, plain or TLS, bounded by the one wait.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/context.h"
#include "net/network.h"
#include "net/trace.h"

namespace assay {

// Dials, and with TLS shakes hands and verifies; everything that takes time goes through Context::wait. Owns
// its socket. One thread at a time.
class Transport {
 public:
  // Resolves (phase resolve), connects to the addresses in turn until one accepts (connect; each gets an
  // equal share of the time when there are several) and secures (tls). Leaves addresses, peer, phases and the
  // chain in `trace`, also when it fails. Errors: dns.*, connect.*, tls.*, deadline, harness.cancelled.
  static Result<Transport> connect(Network& network, const HostPort& target, const TlsOptions& tls,
                                   const Context& context, Trace& trace);

  // Turns a plain connection into TLS (for protocols that ask first, as Postgres does).
  Result<void> start_tls(Network& network, const std::string& host, const TlsOptions& tls,
                         const Context& context, Trace& trace);

  // At least one byte, or 0 at the end of the stream. Errors: connect.reset, deadline, harness.cancelled,
  // tls.failed.
  Result<std::size_t> read(std::span<char> into, const Context& context, std::string_view phase = "request");
  // Everything, or an error.
  Result<void> write(std::string_view bytes, const Context& context, std::string_view phase = "request");
  // The same without waiting: what can be had or sent now, nothing when none can. What was not sent must come
  // first the next time.
  Result<std::optional<std::size_t>> try_read(std::span<char> into, std::string_view phase = "request");
  Result<std::optional<std::size_t>> try_write(std::string_view bytes, std::string_view phase = "request");

  int fd() const { return fd_.get(); }
  bool secure() const { return ssl_ != nullptr; }
  Transport(Transport&&) noexcept = default;
  Transport& operator=(Transport&&) noexcept = default;
  ~Transport() = default;

 private:
  struct FreeSsl {
    void operator()(ssl_st* ssl) const;
  };
  explicit Transport(Fd fd) : fd_(std::move(fd)) {}
  bool has_read(std::span<char> into, std::string_view phase, Result<std::size_t>& came);

  Fd fd_;
  short wanted_ = 0;  // what a try that came to nothing waits for
  std::unique_ptr<ssl_st, FreeSsl> ssl_;
};

// Connects one socket to one address. Errors: connect.refused, connect.unreachable, connect.reset,
// connect.failed, deadline.
Result<Fd> dial(const SocketAddress& address, const Context& context);

// The code for an errno of connect, read or write.
Failure socket_failure(int error, std::string_view phase, const std::string& what);

}  // namespace assay

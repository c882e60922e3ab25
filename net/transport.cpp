#include "net/transport.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace assay {

Failure socket_failure(int error, std::string_view phase, const std::string& what) {
  const std::string text = what + ": " + std::strerror(error);
  switch (error) {
    case ECONNREFUSED:
      return fail("connect.refused", phase, text);
    case ECONNRESET:
    case EPIPE:
    case ECONNABORTED:
      return fail("connect.reset", phase, text);
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EADDRNOTAVAIL:
    case ENETDOWN:
    case EACCES:
    case EPERM:
      return fail("connect.unreachable", phase, text);
    case ETIMEDOUT:
      return fail("deadline", phase, text);
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return fail("harness.internal", phase, text);
    default:
      return fail("connect.failed", phase, text);
  }
}

Result<Fd> dial(const SocketAddress& address, const Context& context) {
  Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return socket_failure(errno, "connect", "socket");
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd.get(), address.data(), address.size()) == 0) return fd;
  if (errno != EINPROGRESS) return socket_failure(errno, "connect", address.text());
  const auto ready = context.wait(fd.get(), POLLOUT, "connect");
  if (!ready) {
    Error error = ready.error();
    if (error.code == "deadline")
      error.message = "no answer to the connection to " + address.text() + " within the timeout";
    return Failure(error);
  }
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return socket_failure(error, "connect", address.text());
  return fd;
}

void Transport::FreeSsl::operator()(ssl_st* ssl) const {
  ERR_clear_error();
  SSL_free(ssl);
}

Result<Transport> Transport::connect(Network& network, const HostPort& target, const TlsOptions& tls,
                                     const Context& context, Trace& trace) {
  Result<std::vector<SocketAddress>> addresses;
  {
    const PhaseTimer timer(trace, "resolve");
    addresses = network.resolver.resolve(target.host, target.port, context);
  }
  if (!addresses) return Failure(addresses.error());
  trace.resolved(*addresses);
  Result<Fd> fd = fail("connect.failed", "connect", "no address to try");
  {
    const PhaseTimer timer(trace, "connect");
    for (std::size_t i = 0; i < addresses->size(); ++i) {
      const SocketAddress& address = (*addresses)[i];
      trace.peer(address);
      const auto share = context.deadline().left() / static_cast<long>(addresses->size() - i);
      fd = dial(address, context.within(share));
      if (fd || fd.error().code == "harness.cancelled") break;
    }
  }
  if (!fd) return Failure(fd.error());
  Transport transport(std::move(*fd));
  if (tls.enabled) {
    const auto secured = transport.start_tls(network, target.host, tls, context, trace);
    if (!secured) return Failure(secured.error());
  }
  return transport;
}

Result<void> Transport::start_tls(Network& network, const std::string& host, const TlsOptions& tls,
                                  const Context& context, Trace& trace) {
  const PhaseTimer timer(trace, "tls");
  const auto shared = network.tls.get(tls);
  if (!shared) return Failure(shared.error());
  ERR_clear_error();
  ssl_.reset(SSL_new(*shared));
  if (ssl_ == nullptr || SSL_set_fd(ssl_.get(), fd_.get()) != 1)
    return fail("harness.internal", "tls", "no TLS connection");
  const std::string& name = tls.name.empty() ? host : tls.name;
  X509_VERIFY_PARAM* const verify = SSL_get0_param(ssl_.get());
  if (X509_VERIFY_PARAM_set1_ip_asc(verify, name.c_str()) != 1) {
    SSL_set1_host(ssl_.get(), name.c_str());
    SSL_set_tlsext_host_name(ssl_.get(), name.c_str());
  }
  while (true) {
    ERR_clear_error();
    errno = 0;
    const int done = SSL_connect(ssl_.get());
    if (done == 1) break;
    const int want = SSL_get_error(ssl_.get(), done);
    if (want == SSL_ERROR_WANT_READ || want == SSL_ERROR_WANT_WRITE) {
      const auto ready = context.wait(fd_.get(), want == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, "tls");
      if (!ready) return Failure(ready.error());
      continue;
    }
    if (want == SSL_ERROR_SYSCALL) {
      if (errno != 0) return socket_failure(errno, "tls", "TLS handshake with " + host);
      return fail("connect.reset", "tls", host + " closed the connection during the TLS handshake");
    }
    const unsigned long code = ERR_peek_error();
    if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
      ERR_clear_error();
      return fail("connect.reset", "tls", host + " closed the connection during the TLS handshake");
    }
    return tls_handshake_failure(host);
  }
  trace.tls(describe_tls(ssl_.get()));
  const long verified = SSL_get_verify_result(ssl_.get());
  if (tls.verify && verified != X509_V_OK) return tls_verify_failure(verified, name);
  return {};
}

Result<std::optional<std::size_t>> Transport::try_read(std::span<char> into, std::string_view phase) {
  wanted_ = POLLIN;
  while (ssl_ == nullptr) {
    const auto got = ::recv(fd_.get(), into.data(), into.size(), 0);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == EAGAIN) return std::nullopt;
    if (errno != EINTR) return socket_failure(errno, phase, "reading");
  }
  ERR_clear_error();
  errno = 0;
  std::size_t got = 0;
  if (SSL_read_ex(ssl_.get(), into.data(), into.size(), &got) == 1) return got;
  const int want = SSL_get_error(ssl_.get(), 0);
  if (want == SSL_ERROR_ZERO_RETURN) return std::size_t{0};
  if (want == SSL_ERROR_WANT_WRITE) wanted_ = POLLOUT;
  if (want == SSL_ERROR_WANT_READ || want == SSL_ERROR_WANT_WRITE) return std::nullopt;
  if (want == SSL_ERROR_SYSCALL && errno != 0) return socket_failure(errno, phase, "reading");
  const unsigned long code = ERR_peek_error();
  if (want == SSL_ERROR_SYSCALL || ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    ERR_clear_error();
    return std::size_t{0};  // closed without a close_notify
  }
  Failure failure = tls_handshake_failure("the server");
  failure.value().phase = phase;
  return failure;
}

// False: nothing has come yet. Not inlined: what it needs would lie on the stack while a thread waits
// (core/stack.h).
[[gnu::noinline]] bool Transport::has_read(std::span<char> into, std::string_view phase,
                                           Result<std::size_t>& came) {
  auto got = try_read(into, phase);
  if (!got) {
    came = Failure(std::move(got.error()));
  } else if (*got) {
    came = **got;
  } else {
    return false;
  }
  return true;
}

Result<std::size_t> Transport::read(std::span<char> into, const Context& context, std::string_view phase) {
  Result<std::size_t> came;
  while (!has_read(into, phase, came)) {
    auto ready = context.wait(fd_.get(), wanted_, phase);
    if (ready) continue;
    came = Failure(std::move(ready.error()));
    break;
  }
  return came;
}

Result<std::optional<std::size_t>> Transport::try_write(std::string_view bytes, std::string_view phase) {
  wanted_ = POLLOUT;
  while (ssl_ == nullptr) {
    const auto sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) return static_cast<std::size_t>(sent);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN) return socket_failure(errno, phase, "writing");
    return std::nullopt;
  }
  ERR_clear_error();
  errno = 0;
  std::size_t sent = 0;
  if (SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent) == 1) return sent;
  const int want = SSL_get_error(ssl_.get(), 0);
  if (want == SSL_ERROR_WANT_READ) wanted_ = POLLIN;
  if (want == SSL_ERROR_WANT_READ || want == SSL_ERROR_WANT_WRITE) return std::nullopt;
  if (want == SSL_ERROR_SYSCALL && errno != 0) return socket_failure(errno, phase, "writing");
  ERR_clear_error();
  return fail("connect.reset", phase, "the other side closed the connection");
}

Result<void> Transport::write(std::string_view bytes, const Context& context, std::string_view phase) {
  while (!bytes.empty()) {
    const auto sent = try_write(bytes, phase);
    if (!sent) return Failure(sent.error());
    if (*sent) {
      bytes.remove_prefix(**sent);
      continue;
    }
    const auto ready = context.wait(fd_.get(), wanted_, phase);
    if (!ready) return Failure(ready.error());
  }
  return {};
}

}  // namespace assay

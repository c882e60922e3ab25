// A connection in between, for tests of what happens when it breaks.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>

#include "net/transport.h"
#include "tests/cluster/cluster.h"
#include "tests/support/server.h"

namespace assay::test {

// Passes every connection on to the API server of a kubeconfig until it is told to cut.
class Relay {
 public:
  explicit Relay(const KubeAccess& access) : access_(access), url_(*parse_http_url(access.server)) {}

  // The same cluster by way of this relay.
  KubeAccess access() const {
    KubeAccess through = access_;
    through.server = "https://" + server_.address();
    if (through.tls.name.empty()) through.tls.name = url_.host;
    return through;
  }
  // Ends every connection that is open now. New ones are let through again.
  void cut() { ++cuts_; }
  int connections() const { return server_.accepted(); }

 private:
  void pass_on(Peer& peer) {
    const int born = cuts_;
    Stop never;
    auto there =
        dial(*SocketAddress::numeric(url_.host, url_.port), {Deadline::in(std::chrono::seconds(5)), never});
    if (!there) return;
    std::array<char, 16384> piece;
    pollfd fds[2] = {{peer.fd(), POLLIN, 0}, {there->get(), POLLIN, 0}};
    while (cuts_ == born) {
      ::poll(fds, 2, 20);
      for (int i = 0; i < 2; ++i) {
        if (fds[i].revents == 0) continue;
        const auto got = ::recv(fds[i].fd, piece.data(), piece.size(), MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN)) return;
        if (got > 0 && !send_all(fds[1 - i].fd, {piece.data(), static_cast<std::size_t>(got)})) return;
      }
    }
  }
  const KubeAccess access_;
  const HttpUrl url_;
  std::atomic<int> cuts_ = 0;
  Server server_{[this](Peer& peer) { pass_on(peer); }};
};

}  // namespace assay::test

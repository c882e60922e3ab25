// An HTTP and SOCKS proxy on loopback.
#pragma once

#include <atomic>
#include <string>

#include "tests/support/server.h"

namespace assay::test {

// Speaks CONNECT (RFC 9110) and SOCKS 5 (RFC 1928, 1929) on one port, whichever a client begins with. With
// `user` and `password` it wants both.
class ProxyServer {
 public:
  explicit ProxyServer(std::string user = "", std::string password = "");

  std::string address() const { return server_.address(); }
  int connected() const { return connected_; }  // how many connections it has passed on
  std::string last_target() const;              // "host:port", as the client wrote it

 private:
  void serve(Peer& peer);
  bool connect_http(Peer& peer, std::string head);
  bool connect_socks(Peer& peer, std::string bytes);
  int dial(const std::string& host, int port);
  void pass_on(Peer& peer, int there);

  const std::string user_;
  const std::string password_;
  std::atomic<int> connected_ = 0;
  mutable std::mutex mutex_;
  std::string last_target_;
  std::atomic<bool> ending_ = false;
  Server server_;

 public:
  ~ProxyServer() { ending_ = true; }
};

}  // namespace assay::test

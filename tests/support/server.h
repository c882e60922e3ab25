// A real listener on loopback for tests: each connection is handled by a function on its own thread.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/context.h"
#include "core/fd.h"

namespace assay::test {

// What a handler gets: blocking reads and writes that end when the server is taken down.
class Peer {
 public:
  Peer(int fd, const Stop& stop) : fd_(fd), stop_(stop) {}
  std::string read_some();  // empty at the end or when the server is taken down
  std::string read_until(std::string_view end);
  bool write(std::string_view bytes);  // false when the other side is gone
  void hold();                         // until the client leaves or the server is taken down
  int fd() const { return fd_; }

 private:
  int fd_;
  const Stop& stop_;
};

// Listens on 127.0.0.1 and a free port from its making to its end.
class Server {
 public:
  explicit Server(std::function<void(Peer&)> handler);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  int port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  int accepted() const { return accepted_; }

 private:
  void accept_all();

  std::function<void(Peer&)> handler_;
  Stop stop_;
  Fd listener_;
  int port_ = 0;
  std::atomic<int> accepted_ = 0;
  std::mutex mutex_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

// Everything, to a socket that may be slow; false when the other side is gone.
bool send_all(int fd, std::string_view bytes);

// A port on 127.0.0.1 on which nothing listens.
int closed_port();

}  // namespace assay::test

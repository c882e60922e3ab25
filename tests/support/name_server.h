// A name server for tests, and answers for it.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "core/context.h"
#include "core/fd.h"

namespace assay::test {

// Answers every datagram on a port of loopback with what `reply` makes of it, one after the other, or not at
// all where that is empty.
class NameServer {
 public:
  explicit NameServer(std::function<std::string(const std::string&)> reply);
  ~NameServer();
  NameServer(const NameServer&) = delete;
  NameServer& operator=(const NameServer&) = delete;
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  int asked() const { return asked_; }

 private:
  void serve();

  std::function<std::string(const std::string&)> reply_;
  Stop stop_;
  Fd fd_;
  int port_ = 0;
  std::atomic<int> asked_ = 0;
  std::thread thread_;
};

// The question with the flags of an answer (RFC 1035, 4.1.1) and the response code `code`; additional records
// are cut.
std::string dns_answer(std::string query, char code, int answers);

// 192.0.2.7 to whoever asks for an IPv4 address, and no IPv6 address.
std::string one_address(const std::string& query);

}  // namespace assay::test

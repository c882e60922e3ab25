// Host and port as a user writes them, and socket addresses.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

struct HostPort {
  std::string host;  // a name or an address, without brackets
  std::uint16_t port = 0;
  std::string text() const;  // "host:port", "[::1]:6379"
};

// Reads "host:port", "1.2.3.4:80", "[::1]:80"; `default_port` stands where none is written (0: a port is
// required).
std::optional<HostPort> parse_host_port(std::string_view text, std::uint16_t default_port = 0);

// A comma-separated list of them, as Kafka's bootstrap servers are written.
std::optional<std::vector<HostPort>> parse_host_ports(std::string_view text, std::uint16_t default_port = 0);

// One IPv4 or IPv6 address with its port.
class SocketAddress {
 public:
  SocketAddress() = default;
  // A numeric address; empty when `ip` is none.
  static std::optional<SocketAddress> numeric(const std::string& ip, std::uint16_t port);
  static SocketAddress from(const sockaddr* address, socklen_t length);

  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const { return size_; }
  int family() const { return storage_.ss_family; }
  SocketAddress with_port(std::uint16_t port) const;
  std::uint16_t port() const;
  std::string ip() const;    // "127.0.0.1", "::1"
  std::string text() const;  // with the port

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

}  // namespace assay

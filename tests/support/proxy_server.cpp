#include "tests/support/proxy_server.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "core/base64.h"
#include "net/transport.h"

namespace assay::test {
namespace {

// At least `count` bytes, with what was read already.
bool fill(Peer& peer, std::string& bytes, std::size_t count) {
  while (bytes.size() < count) {
    const std::string more = peer.read_some();
    if (more.empty()) return false;
    bytes += more;
  }
  return true;
}

}  // namespace

ProxyServer::ProxyServer(std::string user, std::string password)
    : user_(std::move(user)), password_(std::move(password)), server_([this](Peer& peer) { serve(peer); }) {}

std::string ProxyServer::last_target() const {
  const std::lock_guard lock(mutex_);
  return last_target_;
}

void ProxyServer::serve(Peer& peer) {
  std::string bytes;
  if (!fill(peer, bytes, 1)) return;
  if (bytes[0] == 5) {
    connect_socks(peer, bytes);
  } else {
    connect_http(peer, bytes);
  }
}

bool ProxyServer::connect_http(Peer& peer, std::string head) {
  while (head.find("\r\n\r\n") == std::string::npos) {
    if (!fill(peer, head, head.size() + 1)) return false;
  }
  const std::string login = "Proxy-Authorization: Basic " + encode_base64(user_ + ":" + password_) + "\r\n";
  if (!user_.empty() && head.find(login) == std::string::npos)
    return peer.write("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
  const auto space = head.find(' ');
  const auto target = parse_host_port(head.substr(space + 1, head.find(' ', space + 1) - space - 1));
  const int there = target && head.starts_with("CONNECT ") ? dial(target->host, target->port) : -1;
  if (there < 0) return peer.write("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
  const Fd held(there);
  peer.write("HTTP/1.1 200 Connection established\r\nVia: 1.1 test\r\n\r\n");
  pass_on(peer, there);
  return true;
}

bool ProxyServer::connect_socks(Peer& peer, std::string bytes) {
  using namespace std::string_view_literals;
  if (!fill(peer, bytes, 2) || !fill(peer, bytes, 2 + static_cast<std::size_t>(bytes[1]))) return false;
  const bool login = !user_.empty();
  if (login && bytes.find('\x02', 2) == std::string::npos) return peer.write("\x05\xff"sv);
  peer.write(login ? "\x05\x02"sv : "\x05\x00"sv);
  bytes.clear();
  if (login) {
    const std::string wanted = "\x01" + std::string(1, static_cast<char>(user_.size())) + user_ +
                               std::string(1, static_cast<char>(password_.size())) + password_;
    if (!fill(peer, bytes, 2)) return false;
    const std::size_t user = static_cast<unsigned char>(bytes[1]);
    if (!fill(peer, bytes, 3 + user)) return false;
    if (!fill(peer, bytes, 3 + user + static_cast<unsigned char>(bytes[2 + user]))) return false;
    const bool good = bytes == wanted;
    peer.write(good ? "\x01\x00"sv : "\x01\x01"sv);
    if (!good) return false;
    bytes.clear();
  }
  if (!fill(peer, bytes, 5)) return false;
  const bool name = bytes[3] == 3;
  const std::size_t size = name ? 1 + static_cast<unsigned char>(bytes[4]) : 4;
  if (!fill(peer, bytes, 4 + size + 2)) return false;
  std::string host = bytes.substr(5, size - 1);
  if (!name) {
    host.clear();
    for (std::size_t i = 4; i < 8; ++i)
      host += (i > 4 ? "." : "") + std::to_string(static_cast<unsigned char>(bytes[i]));
  }
  const int port =
      static_cast<unsigned char>(bytes[4 + size]) * 256 + static_cast<unsigned char>(bytes[5 + size]);
  const int there = dial(host, port);
  if (there < 0) return peer.write("\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00"sv);
  const Fd held(there);
  peer.write("\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x07"sv);
  pass_on(peer, there);
  return true;
}

// `localhost` and numbers; what is called "inside.test" only this proxy knows.
int ProxyServer::dial(const std::string& host, int port) {
  {
    const std::lock_guard lock(mutex_);
    last_target_ = host + ":" + std::to_string(port);
  }
  const std::string ip = host == "inside.test" ? "127.0.0.1" : host;
  const auto address = SocketAddress::numeric(ip, static_cast<std::uint16_t>(port));
  if (!address) return -1;
  const Stop never;
  auto fd = assay::dial(*address, {Deadline::in(std::chrono::seconds(5)), never});
  if (!fd) return -1;
  ++connected_;
  return fd->release();
}

void ProxyServer::pass_on(Peer& peer, int there) {
  std::array<char, 16384> piece;
  pollfd fds[2] = {{peer.fd(), POLLIN, 0}, {there, POLLIN, 0}};
  while (!ending_) {
    ::poll(fds, 2, 20);
    for (int i = 0; i < 2; ++i) {
      if (fds[i].revents == 0) continue;
      const auto got = ::recv(fds[i].fd, piece.data(), piece.size(), MSG_DONTWAIT);
      if (got == 0 || (got < 0 && errno != EAGAIN)) return;
      if (got > 0 && !send_all(fds[1 - i].fd, {piece.data(), static_cast<std::size_t>(got)})) return;
    }
  }
}

}  // namespace assay::test

#include "tests/support/server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <stdexcept>

namespace assay::test {
namespace {

int bound_port(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

Fd bind_loopback() {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("bind");
  }
  return fd;
}

}  // namespace

std::string Peer::read_some() {
  pollfd fds[2] = {{stop_.fd(), POLLIN, 0}, {fd_, POLLIN, 0}};
  while (::poll(fds, 2, -1) < 0 && errno == EINTR) {
  }
  if (fds[0].revents != 0) return {};
  char buffer[4096];
  const auto got = ::recv(fd_, buffer, sizeof buffer, 0);
  return got > 0 ? std::string(buffer, static_cast<std::size_t>(got)) : std::string();
}

std::string Peer::read_until(std::string_view end) {
  std::string text;
  while (text.find(end) == std::string::npos) {
    const std::string more = read_some();
    if (more.empty()) break;
    text += more;
  }
  return text;
}

bool Peer::write(std::string_view bytes) {
  while (!bytes.empty()) {
    pollfd fds[2] = {{stop_.fd(), POLLIN, 0}, {fd_, POLLOUT, 0}};
    ::poll(fds, 2, -1);
    if (fds[0].revents != 0) return false;
    const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void Peer::hold() {
  while (!read_some().empty()) {
  }
}

Server::Server(std::function<void(Peer&)> handler)
    : handler_(std::move(handler)), listener_(bind_loopback()) {
  if (::listen(listener_.get(), 4096) != 0) throw std::runtime_error("listen");
  port_ = bound_port(listener_.get());
  acceptor_ = std::thread([this] { accept_all(); });
}

Server::~Server() {
  stop_.raise();
  acceptor_.join();
  for (std::thread& thread : threads_) thread.join();
}

void Server::accept_all() {
  while (true) {
    pollfd fds[2] = {{stop_.fd(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    ::poll(fds, 2, -1);
    if (fds[0].revents != 0) return;
    const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    ++accepted_;
    threads_.emplace_back([this, fd] {
      const Fd owned(fd);
      Peer peer(fd, stop_);
      handler_(peer);
    });
  }
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    pollfd one{fd, POLLOUT, 0};
    ::poll(&one, 1, 1000);
    const auto sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN) return false;
    if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

int closed_port() { return bound_port(bind_loopback().get()); }

}  // namespace assay::test

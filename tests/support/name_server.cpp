#include "tests/support/name_server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <stdexcept>

namespace assay::test {

NameServer::NameServer(std::function<std::string(const std::string&)> reply)
    : reply_(std::move(reply)), fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0)
    throw std::runtime_error("bind");
  ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

NameServer::~NameServer() {
  stop_.raise();
  thread_.join();
}

void NameServer::serve() {
  while (true) {
    pollfd fds[2] = {{stop_.fd(), POLLIN, 0}, {fd_.get(), POLLIN, 0}};
    ::poll(fds, 2, -1);
    if (fds[0].revents != 0) return;
    char buffer[1024];
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const auto got =
        ::recvfrom(fd_.get(), buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (got <= 12) continue;
    ++asked_;
    const std::string answer = reply_(std::string(buffer, static_cast<std::size_t>(got)));
    if (!answer.empty())
      ::sendto(fd_.get(), answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
  }
}

std::string dns_answer(std::string query, char code, int answers) {
  const auto name_end = query.find('\0', 12);
  query.resize(name_end + 5);
  query[2] = static_cast<char>(0x81);
  query[3] = static_cast<char>(0x80 | code);
  query[7] = static_cast<char>(answers);
  query[9] = query[11] = 0;
  return query;
}

std::string one_address(const std::string& query) {
  const auto name_end = query.find('\0', 12);
  const bool ipv4 = query[name_end + 2] == 1;  // the low byte of QTYPE: A is 1
  std::string answer = dns_answer(query, 0, ipv4 ? 1 : 0);
  if (ipv4) answer += std::string("\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x07", 16);
  return answer;
}

}  // namespace assay::test

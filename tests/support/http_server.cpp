#include "tests/support/http_server.h"

#include <strings.h>

#include <cstdlib>

namespace assay::test {

std::string HttpSeen::header(std::string_view name) const {
  std::size_t line = head.find("\r\n");
  while (line != std::string::npos && line + 2 < head.size()) {
    const auto end = head.find("\r\n", line + 2);
    const std::string_view text = std::string_view(head).substr(line + 2, end - line - 2);
    const auto colon = text.find(':');
    if (colon == name.size() && ::strncasecmp(text.data(), name.data(), colon) == 0) {
      const auto from = text.find_first_not_of(' ', colon + 1);
      return from == std::string_view::npos ? std::string() : std::string(text.substr(from));
    }
    line = end;
  }
  return {};
}

std::function<void(Peer&)> http_handler(std::function<HttpSaid(const HttpSeen&)> answer) {
  return [answer = std::move(answer)](Peer& peer) {
    std::string text = peer.read_until("\r\n\r\n");
    const auto end = text.find("\r\n\r\n");
    if (end == std::string::npos) return;
    HttpSeen seen;
    seen.head = text.substr(0, end + 2);
    seen.body = text.substr(end + 4);
    const auto first = seen.head.find(' ');
    seen.method = seen.head.substr(0, first);
    seen.target = seen.head.substr(first + 1, seen.head.find(' ', first + 1) - first - 1);
    const auto length = std::strtoul(seen.header("Content-Length").c_str(), nullptr, 10);
    while (seen.body.size() < length) {
      const std::string more = peer.read_some();
      if (more.empty()) return;
      seen.body += more;
    }
    const HttpSaid said = answer(seen);
    if (said.status == 0) return;
    peer.write("HTTP/1.1 " + std::to_string(said.status) + " Status\r\nContent-Type: " + said.type +
               "\r\nContent-Length: " + std::to_string(said.body.size()) + "\r\n" + said.headers + "\r\n" +
               said.body);
  };
}

}  // namespace assay::test

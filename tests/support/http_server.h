// An HTTP/1.1 server for tests: requests in, answers out.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "tests/support/server.h"

namespace assay::test {

struct HttpSeen {
  std::string method;
  std::string target;  // path and query as sent
  std::string head;    // request line and headers
  std::string body = {};
  // The value of a header, or "".
  std::string header(std::string_view name) const;
};

struct HttpSaid {
  int status = 200;  // 0: the connection is closed without a word
  std::string body = {};
  std::string type = "application/json";
  std::string headers = {};  // more of them, each with its line end
};

// A handler for Server: one request a connection, answered by `answer`.
std::function<void(Peer&)> http_handler(std::function<HttpSaid(const HttpSeen&)> answer);

}  // namespace assay::test

// One HTTP exchange on its way through the engine. Internal to net/.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/context.h"
#include "net/http.h"

struct curl_slist;
struct ssl_ctx_st;

namespace assay {

class HttpBody;

// What an exchange is made of. Everything is owned or outlives the run.
struct HttpExchange {
  const HttpRequest& request;
  HttpUrl url;
  std::string method;
  bool send_body = false;
  HostPort endpoint;                     // what is dialled
  std::vector<SocketAddress> addresses;  // its addresses; empty for a unix socket
  ssl_ctx_st* trust = nullptr;           // for https: whose certificate store is used
  Duration left;                         // time for the whole exchange
  std::shared_ptr<HttpBody> body;        // takes the answer while it comes, where there is one
};

// Made by the caller's thread, then touched by the engine's thread alone until `done` is raised. Shared, so
// that a caller who has to leave takes nothing away from under libcurl.
class HttpJob {
 public:
  explicit HttpJob(const HttpExchange& exchange);
  ~HttpJob();
  HttpJob(const HttpJob&) = delete;
  HttpJob& operator=(const HttpJob&) = delete;

  void* easy() const { return easy_; }

  // Engine's thread. `started` when the transfer is handed to libcurl; `finish` takes everything out of
  // libcurl's handle (which is then freed) and raises done. `code` is a CURLcode; cancelled says that the
  // caller gave up.
  void started();
  void finish(int code, bool cancelled);

  // Caller's thread, once done is raised: fills trace and response and says how it went. `given_up` is why
  // the caller stopped waiting, where it did.
  Result<void> conclude(Trace& trace, HttpResponse& response, const std::optional<Error>& given_up);

  Stop done;

 private:
  friend struct HttpCallbacks;
  // Microseconds since the start; 0: not reached. Where a callback marks a moment, that is used: libcurl's
  // own figure for it is set later or counts something else (7.88 says "connected" when TLS stands, "sent"
  // when it is back from its wait for the answer, and "first byte" at an empty end).
  struct Timing {
    long long resolved = 0, connected = 0, sent = 0, first_byte = 0, total = 0;
  };
  long long elapsed() const;

  void set_up(const HttpExchange& exchange);
  void set_headers(const HttpExchange& exchange);
  void set_proxy(const HttpRequest& request);
  void set_tls(const HttpExchange& exchange);
  void append(curl_slist*& list, const std::string& line);
  void trace_phases(Trace& trace) const;
  std::string_view stage() const;
  Failure transport_failure() const;
  Failure handshake_failure() const;

  void* easy_ = nullptr;
  curl_slist* headers_ = nullptr;
  curl_slist* resolve_ = nullptr;
  curl_slist* connect_to_ = nullptr;
  Secret body_;
  std::shared_ptr<HttpBody> stream_;
  std::size_t max_body_;
  ssl_ctx_st* trust_;
  bool verify_;
  bool secure_;
  bool proxy_secure_;   // the next TLS connection is the one to the proxy, which libcurl verifies itself
  std::string name_;    // what the certificate must carry
  std::string origin_;  // for messages
  std::string peer_;
  std::vector<char> error_text_;

  TimePoint start_;
  Timing timing_;
  int code_ = 0;
  long os_error_ = 0;
  int socket_error_ = 0;  // errno where no socket could be made
  long connects_ = 0;
  bool cancelled_ = false;
  std::size_t header_bytes_ = 0;
  bool headers_end_ = false;
  std::optional<Error> failure_;  // found by a callback
  Value tls_;
  HttpResponse response_;
};

}  // namespace assay

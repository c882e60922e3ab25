// HTTP/1.1 and HTTP/2 as a client: requests, responses and the engine that carries them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/context.h"
#include "core/secret.h"
#include "net/address.h"
#include "net/proxy.h"
#include "net/tls.h"
#include "net/trace.h"

namespace assay {

class HttpJob;
class HttpLoop;
class HttpStream;
struct HttpExchange;
class Network;

// An absolute URL of http or https, taken apart.
struct HttpUrl {
  std::string scheme;
  std::string host;  // in lower case, without brackets
  std::uint16_t port = 0;
  std::string authority;  // host, and port where it is not the usual one
  std::string path;       // with the query, as written
  std::string text;       // all of it, without fragment
  HostPort target() const { return {host, port}; }
  std::string origin() const { return scheme + "://" + target().text(); }
};

// Reads an absolute URL, or one relative to `base` (RFC 3986, section 5); the dots of an absolute one stay.
// Errors: params.invalid, phase setup, for other schemes, for credentials in the URL (they would end up in
// logs) and for what is no URL.
Result<HttpUrl> parse_http_url(const std::string& text, const HttpUrl* base = nullptr);

// `text` for one path segment or query value: everything but RFC 3986's unreserved characters is escaped.
// With `keep_slashes` the text is a path of several segments.
std::string escape_url(std::string_view text, bool keep_slashes = false);

struct HttpHeader {
  std::string name;
  Secret value;
};

enum class HttpVersion {
  one,  // HTTP/1.1
  two,  // HTTP/2: negotiated over TLS (HTTP/1.1 where the server does not know it), with prior knowledge
        // without TLS
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<HttpHeader> headers;
  std::optional<Secret> body;
  TlsOptions tls;  // for https; `enabled` is not read, the URL's scheme decides
  int follow = 0;  // how many redirects may be followed; with 0 a redirect is the answer
  std::size_t max_body = 4U << 20;
  HttpVersion version = HttpVersion::one;
  bool fresh = true;  // a connection of its own, closed afterwards
  // Dials this instead of the URL's host and port, which stay what is asked for and what TLS verifies.
  std::optional<HostPort> connect_to;
  std::string unix_socket;  // dials this socket instead
  // Goes through this. Names of targets are then resolved by the proxy. A proxy of https is verified against
  // `tls.ca` too.
  std::optional<Proxy> proxy;
};

using HttpHeaders =
    std::vector<std::pair<std::string, std::string>>;  // names in lower case, in the order received

struct HttpResponse {
  int status = 0;       // 0: no status line was received
  std::string version;  // "1.0", "1.1" or "2"
  HttpHeaders headers;
  HttpHeaders trailers;
  std::string body;
  std::string url;  // where it came from, after redirects
  int redirects = 0;
  // The first header (or trailer) of that name, given in lower case; null when there is none.
  const std::string* header(std::string_view name) const;
  const std::string* trailer(std::string_view name) const;
};

// Carries every request of a run on one thread and one libcurl multi handle, since libcurl's connections
// cannot be shared between threads. Names are resolved by assay's own resolver; netrc files and cookies are
// never used, and a proxy only where a request names it. Safe from any thread.
class HttpEngine {
 public:
  // Starts the thread. `network` must outlive this.
  explicit HttpEngine(Network& network);
  // Cancels what is under way and joins the thread.
  ~HttpEngine();
  HttpEngine(const HttpEngine&) = delete;
  HttpEngine& operator=(const HttpEngine&) = delete;

  // Sends the request, follows redirects, and waits in Context::wait. Leaves phases (resolve, connect, tls,
  // request: until the first byte of the answer, transfer), addresses, peer and the certificate chain in
  // `trace`, also when it fails. A status is never an error, but for 400 where the answer says that TLS was
  // wanted. On the way to another origin only Accept, Accept-Language, Content-Type and User-Agent of the
  // given headers are kept, and a redirect that would carry a body there is the answer itself. Errors: dns.*,
  // connect.*, tls.*, deadline, harness.cancelled, protocol.invalid (no HTTP), protocol.closed (half an
  // answer or none), protocol.too-large (a body above `max_body`, headers above 256 KiB), http.redirects,
  // params.invalid (no URL).
  Result<HttpResponse> run(const HttpRequest& request, const Context& context, Trace& trace);
  // The same; `response` keeps what was received before an error.
  Result<void> run(const HttpRequest& request, const Context& context, Trace& trace, HttpResponse& response);
  // The same up to the headers of the answer; its body, of any size, is read from what this gives. `context`
  // bounds the wait for the headers. No redirect is followed. Of the phases only `resolve` and `request`
  // (with all that comes before it) are left in `trace`.
  Result<HttpStream> open(const HttpRequest& request, const Context& context, Trace& trace);

 private:
  struct Hop;
  Result<HttpExchange> aim(const HttpRequest& request, const HttpUrl& url, const std::string& method,
                           bool send_body, const Context& context, Trace& trace);
  static Result<void> first_hop(const HttpRequest& request, std::unique_ptr<Hop>& hop);
  static Result<void> next_hop(const HttpRequest& request, const HttpResponse& response, Hop& hop,
                               bool& arrived);
  Result<void> exchange(const HttpRequest& request, const Hop& hop, const Context& context, Trace& trace,
                        HttpResponse& response);
  Result<void> begin(const HttpRequest& request, const Hop& hop, const Context& context, Trace& trace,
                     std::shared_ptr<HttpJob>& job);
  Result<void> settle(const Result<short>& waited, const std::shared_ptr<HttpJob>& job,
                      const HttpRequest& request, const Hop& hop, const Context& context, Trace& trace,
                      HttpResponse& response);
  bool wants_tls(const Result<void>& done, const HttpResponse& response, const HttpRequest& request,
                 const Hop& hop, const Context& context);

  Network& network_;
  Stop never_;
  std::unique_ptr<HttpLoop> loop_;
};

}  // namespace assay

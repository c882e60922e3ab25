#include "net/http.h"

#include <algorithm>
#include <array>

#include "core/utf8.h"
#include "net/http_loop.h"
#include "net/http_stream.h"
#include "net/network.h"
#include "net/transport.h"

namespace assay {
namespace {

// How long a transfer that was given up may take to hand over what it saw. The engine never blocks, so this
// ends early.
constexpr auto kHandOver = std::chrono::milliseconds(80);
constexpr auto kDiagnosis = std::chrono::seconds(1);

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

const std::string* find_header(const HttpHeaders& headers, std::string_view name) {
  const auto found =
      std::find_if(headers.begin(), headers.end(), [&](const auto& one) { return one.first == name; });
  return found == headers.end() ? nullptr : &found->second;
}

// What of a request may go to another origin than the one that the user named: nothing that is a secret or
// was meant for that one alone.
HttpRequest for_another_origin(const HttpRequest& request) {
  constexpr std::array<std::string_view, 4> kHarmless = {"accept", "accept-language", "content-type",
                                                         "user-agent"};
  HttpRequest other;
  other.method = request.method;
  other.max_body = request.max_body;
  other.version = request.version;
  other.fresh = request.fresh;
  other.proxy = request.proxy;
  other.tls.ca = request.tls.ca;
  other.tls.verify = request.tls.verify;
  other.tls.minimum = request.tls.minimum;
  for (const HttpHeader& header : request.headers) {
    if (std::find(kHarmless.begin(), kHarmless.end(), lower_ascii(header.name)) != kHarmless.end())
      other.headers.push_back(header);
  }
  return other;
}

}  // namespace

const std::string* HttpResponse::header(std::string_view name) const { return find_header(headers, name); }
const std::string* HttpResponse::trailer(std::string_view name) const { return find_header(trailers, name); }

// Where the chain that redirects make has come to.
struct HttpEngine::Hop {
  HttpUrl url;
  std::string method;
  bool send_body = false;
  std::string origin;                           // of the first URL
  std::unique_ptr<HttpRequest> elsewhere = {};  // what is sent once the chain has left that

  Result<bool> next(const HttpRequest& request, const HttpResponse& response);
};

// Takes the step that the response asks for; false when it is the answer.
Result<bool> HttpEngine::Hop::next(const HttpRequest& request, const HttpResponse& response) {
  const std::string* location = response.header("location");
  if (request.follow == 0 || !is_redirect(response.status) || location == nullptr) return false;
  if (response.redirects == request.follow)
    return fail("http.redirects", "request", "more than " + std::to_string(request.follow) + " redirects");
  auto there = parse_http_url(*location, &url);
  if (!there)
    return fail("protocol.invalid", "request", "the redirect does not lead to a URL of http or https");
  // RFC 9110, section 15.4: 303 asks for GET; 301 and 302 turn POST into GET, as every client does.
  if ((response.status == 303 && method != "HEAD") || (response.status <= 302 && method == "POST")) {
    method = "GET";
    send_body = false;
  }
  if (!elsewhere && there->origin() != origin)
    elsewhere = std::make_unique<HttpRequest>(for_another_origin(request));
  if (send_body && elsewhere) return false;
  url = std::move(*there);
  return true;
}

HttpEngine::HttpEngine(Network& network) : network_(network), loop_(std::make_unique<HttpLoop>()) {}
HttpEngine::~HttpEngine() = default;

// Where a request goes: addresses and trust.
Result<HttpExchange> HttpEngine::aim(const HttpRequest& request, const HttpUrl& url,
                                     const std::string& method, bool send_body, const Context& context,
                                     Trace& trace) {
  HttpExchange exchange{request, url, method, send_body, url.target(), {}, nullptr, {}, nullptr};
  if (request.connect_to) exchange.endpoint = *request.connect_to;
  if (url.scheme == "https") {
    const auto trust = network_.tls.get(request.tls);
    if (!trust) return Failure(trust.error());
    exchange.trust = *trust;
  }
  if (request.unix_socket.empty()) {
    const PhaseTimer timer(trace, "resolve");
    const HostPort& dialled = request.proxy ? request.proxy->at : exchange.endpoint;
    auto addresses = network_.resolver.resolve(dialled.host, dialled.port, context);
    if (!addresses) return Failure(addresses.error());
    trace.resolved(*addresses);
    exchange.addresses = std::move(*addresses);
    if (context.route() != nullptr && !request.proxy)
      exchange.endpoint = {exchange.addresses.front().ip(), exchange.addresses.front().port()};
  }
  exchange.left = context.deadline().left();
  return exchange;
}

// Makes the job of an exchange and hands it to the loop. Not inlined, like settle() and others here: what
// they need on the stack would lie there while the answer is waited for, in each of up to 2,000 threads.
[[gnu::noinline]] Result<void> HttpEngine::begin(const HttpRequest& request, const Hop& hop,
                                                 const Context& context, Trace& trace,
                                                 std::shared_ptr<HttpJob>& job) {
  const auto exchange = aim(request, hop.url, hop.method, hop.send_body, context, trace);
  if (!exchange) return Failure(exchange.error());
  job = std::make_shared<HttpJob>(*exchange);
  loop_->submit(job);
  return {};
}

// After the wait: `waited` says how it ended.
[[gnu::noinline]] Result<void> HttpEngine::settle(const Result<short>& waited,
                                                  const std::shared_ptr<HttpJob>& job,
                                                  const HttpRequest& request, const Hop& hop,
                                                  const Context& context, Trace& trace,
                                                  HttpResponse& response) {
  std::optional<Error> given_up;
  if (!waited) {
    given_up = waited.error();
    loop_->cancel(job);
    if (!Context(Deadline::in(kHandOver), never_).wait(job->done.fd(), POLLIN, "request"))
      return Failure(*given_up);
  }
  if (!job->done.raised()) return fail("harness.internal", "request", "the transfer is still under way");
  auto done = job->conclude(trace, response, given_up);
  if (hop.url.scheme == "http" && wants_tls(done, response, request, hop, context)) {
    return fail("tls.required", "request",
                hop.url.target().text() + " speaks TLS and was asked in plain text");
  }
  return done;
}

Result<void> HttpEngine::exchange(const HttpRequest& request, const Hop& hop, const Context& context,
                                  Trace& trace, HttpResponse& response) {
  std::shared_ptr<HttpJob> job;
  Result<void> done = begin(request, hop, context, trace, job);
  if (!done) return done;
  const auto waited = context.wait(job->done.fd(), POLLIN, "request");
  done = settle(waited, job, request, hop, context, trace, response);
  return done;
}

// Was a plain request made to a TLS port? Web servers say so in words (nginx, Go); others hang up without a
// word, and then one handshake without a request tells.
bool HttpEngine::wants_tls(const Result<void>& done, const HttpResponse& response, const HttpRequest& request,
                           const Hop& hop, const Context& context) {
  if (done) {
    return response.status == 400 &&
           (response.body.find("HTTP request to an HTTPS server") != std::string::npos ||
            response.body.find("plain HTTP request was sent to HTTPS port") != std::string::npos);
  }
  const std::string& code = done.error().code;
  if (response.status != 0 || !request.unix_socket.empty() || request.proxy ||
      (code != "connect.reset" && code != "protocol.closed")) {
    return false;
  }
  Value unseen = Value::object();
  Trace trace(unseen);
  TlsOptions options;
  options.enabled = true;
  options.verify = false;
  return Transport::connect(network_, request.connect_to.value_or(hop.url.target()), options,
                            context.within(kDiagnosis), trace)
      .has_value();
}

// On the heap, as 2,000 threads may stand here with small stacks.
[[gnu::noinline]] Result<void> HttpEngine::first_hop(const HttpRequest& request, std::unique_ptr<Hop>& hop) {
  auto url = parse_http_url(request.url);
  if (!url) return Failure(url.error());
  hop = std::make_unique<Hop>(Hop{*url, request.method, request.body.has_value(), url->origin()});
  return {};
}

[[gnu::noinline]] Result<void> HttpEngine::next_hop(const HttpRequest& request, const HttpResponse& response,
                                                    Hop& hop, bool& arrived) {
  const auto more = hop.next(request, response);
  if (!more) return Failure(more.error());
  arrived = !*more;
  return {};
}

Result<void> HttpEngine::run(const HttpRequest& request, const Context& context, Trace& trace,
                             HttpResponse& response) {
  std::unique_ptr<Hop> hop;
  bool arrived = false;
  Result<void> done = first_hop(request, hop);
  for (response.redirects = 0; done; ++response.redirects) {
    response.url = hop->url.text;
    done = exchange(hop->elsewhere ? *hop->elsewhere : request, *hop, context, trace, response);
    if (done) done = next_hop(request, response, *hop, arrived);
    if (!done || arrived) break;
  }
  return done;
}

Result<HttpResponse> HttpEngine::run(const HttpRequest& request, const Context& context, Trace& trace) {
  HttpResponse response;
  if (const auto done = run(request, context, trace, response); !done) return Failure(done.error());
  return response;
}

}  // namespace assay

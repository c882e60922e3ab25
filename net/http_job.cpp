#include "net/http_job.h"

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <new>

#include "core/utf8.h"
#include "net/http_body.h"

namespace assay {
namespace {

constexpr std::size_t kMaxHeaders = 256U << 10;
// Small, because thousands of transfers may be open at once and each has one; a kept connection carries more.
// HTTP/2 must have room: with 1 KiB libcurl 7.88 stops in the middle of an answer (9 of 10 replies of
// Prometheus over TLS).
constexpr long kReceiveBuffer = 1024;
constexpr long kLargeReceiveBuffer = 64 << 10;

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto from = text.find_first_not_of(kBlank);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kBlank) - from + 1);
}

}  // namespace

// libcurl calls these on the engine's thread; none of them blocks.
struct HttpCallbacks {
  static std::size_t header(char* data, std::size_t size, std::size_t count, void* user) {
    auto& job = *static_cast<HttpJob*>(user);
    if (job.timing_.first_byte == 0) job.timing_.first_byte = job.elapsed();
    const std::string_view line(data, size * count);
    job.header_bytes_ += line.size();
    if (job.header_bytes_ > kMaxHeaders) {
      job.failure_ =
          fail("protocol.too-large", "request", "the headers of the answer are larger than 256 KiB").value();
      return 0;
    }
    if (line.starts_with("HTTP/")) {  // also after an interim answer (100, 103)
      const auto space = line.find(' ');
      job.response_.status = 0;
      if (space != std::string_view::npos)
        job.response_.status = std::atoi(std::string(line.substr(space + 1)).c_str());
      job.response_.headers.clear();
      job.headers_end_ = false;
      return line.size();
    }
    const std::string_view text = trim(line);
    if (text.empty()) {
      job.headers_end_ = true;
      if (job.stream_ != nullptr && job.response_.status >= 200) job.stream_->begin(job.response_);
      return line.size();
    }
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return line.size();
    HttpHeaders& into = job.headers_end_ ? job.response_.trailers : job.response_.headers;
    into.emplace_back(lower_ascii(trim(text.substr(0, colon))), std::string(trim(text.substr(colon + 1))));
    return line.size();
  }

  static std::size_t body(char* data, std::size_t size, std::size_t count, void* user) {
    auto& job = *static_cast<HttpJob*>(user);
    const std::string_view bytes(data, size * count);
    if (job.response_.status == 0) {  // HTTP/0.9, which nobody means
      // A TLS record that is an alert (RFC 8446, section 5.1) is how a TLS server answers plain text.
      if (bytes.size() >= 2 && bytes[0] == 0x15 && bytes[1] == 0x03) {
        job.failure_ =
            fail("tls.required", "request", job.origin_ + " speaks TLS and was asked in plain text").value();
      } else {
        job.failure_ =
            fail("protocol.invalid", "request",
                 job.origin_ + " answered with something that is not HTTP: " + shorten(printable(bytes), 60))
                .value();
      }
      return 0;
    }
    if (job.stream_ != nullptr) return job.stream_->put(bytes) ? bytes.size() : CURL_WRITEFUNC_PAUSE;
    if (job.response_.body.size() + bytes.size() > job.max_body_) {
      job.response_.body.append(bytes.substr(0, job.max_body_ - job.response_.body.size()));
      job.failure_ = fail("protocol.too-large", "transfer",
                          "the body is larger than " + std::to_string(job.max_body_) + " bytes")
                         .value();
      return 0;
    }
    job.response_.body.append(bytes);
    return bytes.size();
  }

  // libcurl keeps to itself why it got no socket.
  static curl_socket_t open_socket(void* user, curlsocktype, curl_sockaddr* address) {
    const int fd = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0) static_cast<HttpJob*>(user)->socket_error_ = errno;
    return fd;
  }

  // The connection gets assay's own trust store and the name to look for. As in Transport, the handshake goes
  // on whatever the chain is; before_request judges it.
  static CURLcode context(CURL*, void* made, void* user) {
    auto& job = *static_cast<HttpJob*>(user);
    if (std::exchange(job.proxy_secure_, false)) return CURLE_OK;
    job.timing_.connected = job.elapsed();
    auto* context = static_cast<SSL_CTX*>(made);
    SSL_CTX_set1_cert_store(context, SSL_CTX_get_cert_store(job.trust_));
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
    X509_VERIFY_PARAM* const verify = SSL_CTX_get0_param(context);
    if (X509_VERIFY_PARAM_set1_ip_asc(verify, job.name_.c_str()) != 1) {
      X509_VERIFY_PARAM_set1_host(verify, job.name_.c_str(), job.name_.size());
    }
    return CURLE_OK;
  }

  // Called when the connection stands (and is secured) and nothing of the request has been sent.
  static int before_request(void* user, char* ip, char*, int port, int) {
    auto& job = *static_cast<HttpJob*>(user);
    job.timing_.sent = job.elapsed();
    if (ip != nullptr && *ip != '\0') job.peer_ = HostPort{ip, static_cast<std::uint16_t>(port)}.text();
    if (!job.secure_) return CURL_PREREQFUNC_OK;
    const curl_tlssessioninfo* session = nullptr;
    curl_easy_getinfo(job.easy_, CURLINFO_TLS_SSL_PTR, &session);
    auto* const ssl = session == nullptr ? nullptr : static_cast<SSL*>(session->internals);
    if (ssl == nullptr) {
      job.failure_ = fail("harness.internal", "tls", "libcurl does not show its TLS connection").value();
      return CURL_PREREQFUNC_ABORT;
    }
    job.tls_ = describe_tls(ssl);
    const long verified = SSL_get_verify_result(ssl);
    if (!job.verify_ || verified == X509_V_OK) return CURL_PREREQFUNC_OK;
    job.failure_ = tls_verify_failure(verified, job.name_).value();
    job.timing_.sent = 0;
    return CURL_PREREQFUNC_ABORT;
  }
};

HttpJob::HttpJob(const HttpExchange& exchange)
    : stream_(exchange.body),
      max_body_(exchange.request.max_body),
      trust_(exchange.trust),
      verify_(exchange.request.tls.verify),
      secure_(exchange.url.scheme == "https"),
      proxy_secure_(exchange.request.proxy && exchange.request.proxy->kind == Proxy::Kind::https),
      name_(exchange.request.tls.name.empty() ? exchange.url.host : exchange.request.tls.name),
      origin_(exchange.url.target().text()),
      error_text_(CURL_ERROR_SIZE, '\0') {
  if (!exchange.addresses.empty()) peer_ = exchange.addresses.front().text();
  if (exchange.send_body && exchange.request.body) body_ = *exchange.request.body;
  easy_ = curl_easy_init();
  if (easy_ == nullptr) throw std::bad_alloc();
  set_up(exchange);
  set_headers(exchange);
  if (secure_) set_tls(exchange);
}

HttpJob::~HttpJob() {
  if (easy_ != nullptr) curl_easy_cleanup(easy_);
  for (curl_slist* list : {headers_, resolve_, connect_to_}) curl_slist_free_all(list);
}

void HttpJob::set_up(const HttpExchange& exchange) {
  const HttpRequest& request = exchange.request;
  CURL* const easy = easy_;
  curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_text_.data());
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
  set_proxy(request);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE,
                   request.fresh && request.version == HttpVersion::one && stream_ == nullptr
                       ? kReceiveBuffer
                       : kLargeReceiveBuffer);
  curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED,
                   1L);  // so that the callback sees what was sent instead of HTTP
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &HttpCallbacks::header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &HttpCallbacks::body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &HttpCallbacks::before_request);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, this);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &HttpCallbacks::open_socket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
  // The caller keeps the deadline; libcurl only shares it out where there are several addresses to try.
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(exchange.left).count() + 1;
  if (exchange.addresses.size() > 1)
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(left));
  if (request.fresh) {
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
  }
  const bool two = request.version == HttpVersion::two;
  long version = CURL_HTTP_VERSION_1_1;
  if (two) version = secure_ ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, version);

  if (exchange.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (exchange.send_body && request.body) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body_.reveal().size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body_.reveal().c_str());
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, exchange.method.c_str());
  } else {
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    if (exchange.method != "GET") curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, exchange.method.c_str());
  }

  std::string url = exchange.url.text;
  if (secure_ && !request.tls.name.empty()) {  // the name stands in the URL, so that SNI says it too
    const bool six = request.tls.name.find(':') != std::string::npos;
    url = "https://" + (six ? "[" + request.tls.name + "]" : request.tls.name) + ":" +
          std::to_string(exchange.url.port) + exchange.url.path;
  }
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  if (!request.unix_socket.empty()) {
    curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, request.unix_socket.c_str());
    return;
  }
  if (exchange.endpoint.text() != exchange.url.target().text() || url != exchange.url.text) {
    append(connect_to_, "::" + exchange.endpoint.text());
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, connect_to_);
  }
  const HostPort& dialled = request.proxy ? request.proxy->at : exchange.endpoint;
  if (!SocketAddress::numeric(dialled.host, 1)) {
    std::string entry = dialled.text() + ":";
    for (const SocketAddress& address : exchange.addresses) {
      if (!entry.ends_with(':')) entry += ',';
      entry += address.family() == AF_INET6 ? "[" + address.ip() + "]" : address.ip();
    }
    append(resolve_, entry);
    curl_easy_setopt(easy, CURLOPT_RESOLVE, resolve_);
  }
}

void HttpJob::set_tls(const HttpExchange& exchange) {
  const TlsOptions& tls = exchange.request.tls;
  CURL* const easy = easy_;
  // Verification is ours (see HttpCallbacks::context), so that the chain is seen whatever comes of it.
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  curl_easy_setopt(easy, CURLOPT_CAINFO, nullptr);
  curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, &HttpCallbacks::context);
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, this);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION,
                   tls.minimum == "1.3" ? CURL_SSLVERSION_TLSv1_3 : CURL_SSLVERSION_TLSv1_2);
  if (!tls.cert.empty()) {
    curl_easy_setopt(easy, CURLOPT_SSLCERT, tls.cert.c_str());
    curl_easy_setopt(easy, CURLOPT_SSLKEY, (tls.key.empty() ? tls.cert : tls.key).c_str());
    curl_easy_setopt(easy, CURLOPT_KEYPASSWD, "");  // without one OpenSSL would ask on the terminal
  }
}

long long HttpJob::elapsed() const {
  const auto passed = std::chrono::steady_clock::now() - start_;
  return std::max(
      1LL, static_cast<long long>(std::chrono::duration_cast<std::chrono::microseconds>(passed).count()));
}

void HttpJob::started() { start_ = std::chrono::steady_clock::now(); }

void HttpJob::finish(int code, bool cancelled) {
  code_ = code;
  cancelled_ = cancelled;
  const auto read = [this](CURLINFO what) {
    curl_off_t value = 0;
    curl_easy_getinfo(easy_, what, &value);
    return static_cast<long long>(value);
  };
  timing_.resolved = read(CURLINFO_NAMELOOKUP_TIME_T);
  if (!secure_) timing_.connected = read(CURLINFO_CONNECT_TIME_T);
  timing_.total = elapsed();  // libcurl has none for a transfer that was taken from it
  curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &os_error_);
  curl_easy_getinfo(easy_, CURLINFO_NUM_CONNECTS, &connects_);
  const char* ip = nullptr;
  long port = 0;
  curl_easy_getinfo(easy_, CURLINFO_PRIMARY_IP, &ip);
  curl_easy_getinfo(easy_, CURLINFO_PRIMARY_PORT, &port);
  if (ip != nullptr && *ip != '\0' && port > 0) peer_ = HostPort{ip, static_cast<std::uint16_t>(port)}.text();
  long version = 0;
  curl_easy_getinfo(easy_, CURLINFO_HTTP_VERSION, &version);
  if (version == CURL_HTTP_VERSION_1_0) response_.version = "1.0";
  if (version == CURL_HTTP_VERSION_1_1) response_.version = "1.1";
  if (version == CURL_HTTP_VERSION_2_0) response_.version = "2";
  curl_easy_cleanup(easy_);
  easy_ = nullptr;
  done.raise();
  if (stream_ != nullptr) stream_->end();
}

}  // namespace assay

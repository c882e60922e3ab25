// What libcurl is told about a request's headers and proxy.
#include <curl/curl.h>

#include <new>

#include "core/utf8.h"
#include "net/http_job.h"

namespace assay {

void HttpJob::append(curl_slist*& list, const std::string& line) {
  curl_slist* const longer = curl_slist_append(list, line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  list = longer;
}

// The environment's proxies are never used.
void HttpJob::set_proxy(const HttpRequest& request) {
  CURL* const easy = easy_;
  if (!request.proxy) {
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    return;
  }
  const Proxy& proxy = *request.proxy;
  const char* scheme = proxy.kind == Proxy::Kind::http    ? "http"
                       : proxy.kind == Proxy::Kind::https ? "https"
                                                          : "socks5h";
  curl_easy_setopt(easy, CURLOPT_PROXY, (std::string(scheme) + "://" + proxy.at.text()).c_str());
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
  curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, proxy.kind == Proxy::Kind::socks5 ? 0L : 1L);
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (!proxy.user.empty()) {
    curl_easy_setopt(easy, CURLOPT_PROXYUSERNAME, proxy.user.reveal().c_str());
    curl_easy_setopt(easy, CURLOPT_PROXYPASSWORD, proxy.password.reveal().c_str());
  }
  if (!request.tls.ca.empty()) curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, request.tls.ca.c_str());
  curl_easy_setopt(easy, CURLOPT_PROXY_SSL_VERIFYPEER, request.tls.verify ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_PROXY_SSL_VERIFYHOST, request.tls.verify ? 2L : 0L);
}

void HttpJob::set_headers(const HttpExchange& exchange) {
  bool agent = false;
  bool type = false;
  bool host = false;
  for (const HttpHeader& header : exchange.request.headers) {
    const std::string name = lower_ascii(header.name);
    agent |= name == "user-agent";
    type |= name == "content-type";
    host |= name == "host";
    // libcurl takes "name;" for a header without a value.
    append(headers_, header.value.empty() ? header.name + ";" : header.name + ": " + header.value.reveal());
  }
  if (!agent) append(headers_, "User-Agent: assay");
  if (exchange.send_body) append(headers_, "Expect:");
  if (exchange.send_body && !type) append(headers_, "Content-Type:");
  if (!host && secure_ && !exchange.request.tls.name.empty()) {
    append(headers_, "Host: " + exchange.url.authority);
  }
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
}

}  // namespace assay

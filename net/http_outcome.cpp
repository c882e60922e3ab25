// What a finished exchange shows: its phases, and a code of ours for every one of libcurl's.
#include <curl/curl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cerrno>

#include "net/http_job.h"
#include "net/transport.h"

namespace assay {
namespace {

constexpr int kTooLarge = 100;  // CURLE_TOO_LARGE, since libcurl 8.6

Duration microseconds(long long count) { return std::chrono::microseconds(count); }

}  // namespace

// How far it came: the phase that was under way.
std::string_view HttpJob::stage() const {
  if (timing_.first_byte > 0) return "transfer";
  if (timing_.sent > 0) return "request";
  if (timing_.connected == 0) return "connect";
  return secure_ ? "tls" : "request";
}

void HttpJob::trace_phases(Trace& trace) const {
  const std::string_view last = stage();
  const auto phase = [&](std::string_view name, long long from, long long to) {
    trace.phase(name, microseconds(std::max(0LL, (name == last ? timing_.total : to) - from)));
  };
  const bool reused = connects_ == 0 && timing_.sent > 0;
  if (!reused) {
    phase("connect", timing_.resolved, timing_.connected);
    if (last == "connect") return;
    if (secure_) phase("tls", timing_.connected, timing_.sent);
    if (last == "tls") return;
  }
  phase("request", std::max(timing_.sent, timing_.connected), timing_.first_byte);
  if (last == "transfer") phase("transfer", timing_.first_byte, timing_.total);
}

Failure HttpJob::handshake_failure() const {
  const std::string text = error_text_.data();
  // libcurl passes OpenSSL's code on in words, "error:0A00010B:SSL routines::wrong version number" (newer
  // ones begin with "TLS connect error: "), and empties its queue. It is put back there, so that both ways
  // of shaking hands give the same code.
  const auto at = text.rfind("error:");
  const unsigned long code = at == std::string::npos ? 0 : std::strtoul(text.c_str() + at + 6, nullptr, 16);
  const int reason = ERR_GET_REASON(code);
  if (code == 0 || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    if (os_error_ != 0)
      return socket_failure(static_cast<int>(os_error_), "tls", "TLS handshake with " + origin_);
    if (code != 0 || text.find("SSL_ERROR_SYSCALL") != std::string::npos || text.empty()) {
      return fail("connect.reset", "tls", origin_ + " closed the connection during the TLS handshake");
    }
    return fail("tls.failed", "tls", origin_ + ": " + text);
  }
  ERR_clear_error();
  ERR_new();
  ERR_set_error(ERR_GET_LIB(code), reason, nullptr);
  return tls_handshake_failure(origin_);
}

Failure HttpJob::transport_failure() const {
  const std::string_view phase = stage();
  const std::string text =
      error_text_[0] != '\0' ? error_text_.data() : curl_easy_strerror(static_cast<CURLcode>(code_));
  const std::string said = origin_ + ": " + text;
  const bool begun = response_.status != 0;
  const std::string closed = begun ? origin_ + " closed the connection in the middle of the answer"
                                   : origin_ + " closed the connection without an answer";
  switch (code_) {
    case CURLE_COULDNT_CONNECT:
      if (socket_error_ != 0) {
        Failure why = socket_failure(socket_error_, "connect", "socket");
        if (why.value().code == "harness.internal") return why;
      }
      if (os_error_ != 0)
        return socket_failure(static_cast<int>(os_error_), "connect", peer_.empty() ? origin_ : peer_);
      return fail("connect.failed", "connect", said);
    case CURLE_OPERATION_TIMEDOUT:
      return fail("deadline", phase, "no answer from " + origin_ + " within the timeout");
    case CURLE_SSL_CONNECT_ERROR:
      return handshake_failure();
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
      return fail("tls.local", "setup", said);
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
      return fail("tls.failed", "tls", said);
    case CURLE_PROXY:
      return fail("connect.failed", "connect", said);
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
      return fail("protocol.closed", phase, closed);
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      if (text.find("alert") != std::string::npos) return fail("tls.failed", "tls", said);
      if (text.find("CONNECT tunnel failed") != std::string::npos)
        return fail("connect.failed", "connect", "the proxy does not connect to " + said);
      if (os_error_ != 0) return socket_failure(static_cast<int>(os_error_), phase, origin_);
      return fail("protocol.closed", phase, closed);
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      // Without words of its own, newer ones say only that the connection went away.
      if (!begun && error_text_[0] == '\0') return fail("protocol.closed", phase, closed);
      return fail(begun ? "protocol.closed" : "protocol.invalid", phase, said);
    case CURLE_OUT_OF_MEMORY:  // also how libcurl refuses a header line above its own limit; newer ones have
                               // a code for it
    case kTooLarge:
      if (timing_.sent > 0 && !headers_end_) {
        return fail("protocol.too-large", "request", "a header of the answer is larger than 100 KiB");
      }
      return fail("harness.internal", phase, said);
    case CURLE_FAILED_INIT:
    case CURLE_ABORTED_BY_CALLBACK:
    case CURLE_BAD_FUNCTION_ARGUMENT:
      return fail("harness.internal", phase, said);
    default:
      return fail("protocol.invalid", phase, said);
  }
}

Result<void> HttpJob::conclude(Trace& trace, HttpResponse& response, const std::optional<Error>& given_up) {
  trace_phases(trace);
  if (!peer_.empty()) trace.seen()["peer"] = peer_;
  if (tls_.is_object()) trace.tls(std::move(tls_));
  const int redirects = response.redirects;
  const std::string url = response.url;
  response = std::move(response_);
  response.redirects = redirects;
  response.url = url;
  if (failure_) return Failure(*failure_);
  if (code_ == CURLE_OK && headers_end_) return {};
  if (code_ == CURLE_OK) {
    return fail("protocol.closed", stage(), origin_ + " closed the connection in the middle of the headers");
  }
  if (!cancelled_) return transport_failure();
  if (given_up && given_up->code != "deadline")
    return fail(given_up->code, stage(), "cancelled while waiting");
  if (!given_up) return fail("harness.cancelled", stage(), "cancelled while waiting");
  return fail("deadline", stage(),
              stage() == "connect" ? "no answer to the connection to " + origin_ + " within the timeout"
                                   : "no answer from " + origin_ + " within the timeout");
}

}  // namespace assay

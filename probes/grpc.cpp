// grpc.health: the standard health service, grpc.health.v1.Health/Check
// (https://github.com/grpc/grpc/blob/master/doc/health-checking.md), over HTTP/2
// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
#include <array>
#include <charconv>

#include "net/http.h"
#include "probes/cut.h"
#include "probes/grpc_message.h"
#include "probes/http_call.h"
#include "probes/probe.h"

namespace assay {
namespace {

// ServingStatus of the service's proto file.
constexpr std::array<std::string_view, 4> kServing = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};
// google.rpc.Code.
constexpr std::array<std::string_view, 17> kStatus = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};
constexpr int kUnauthenticated = 16;
constexpr int kPermissionDenied = 7;
// In the trailers, or in the headers of an answer that has nothing else.
const std::string* find(const HttpResponse& response, std::string_view name) {
  const std::string* value = response.trailer(name);
  return value != nullptr ? value : response.header(name);
}

Result<void> read_answer(const HttpResponse& response, const std::string& service, Value& seen) {
  if (response.version != "2") return fail("protocol.invalid", "request", "the server does not speak HTTP/2");
  const std::string* status_text = find(response, "grpc-status");
  if (response.status != 200 && status_text == nullptr) {
    return fail("http.status", "request",
                "the answer is HTTP " + std::to_string(response.status) + " and not gRPC");
  }
  int status = -1;
  if (status_text != nullptr)
    std::from_chars(status_text->data(), status_text->data() + status_text->size(), status);
  if (status < 0) return fail("protocol.invalid", "request", "the answer carries no grpc-status");
  const bool known = static_cast<std::size_t>(status) < kStatus.size();
  const std::string name =
      known ? std::string(kStatus[static_cast<std::size_t>(status)]) : std::to_string(status);
  seen["grpc_status"] = name;
  std::string message;
  if (const std::string* words = find(response, "grpc-message")) message = grpc_words(*words);
  if (!message.empty()) seen["message"] = cut_text(message);
  if (status == kUnauthenticated) return fail("auth.required", "request", name + said(message));
  if (status == kPermissionDenied) return fail("auth.denied", "request", name + said(message));
  if (status != 0) return fail("grpc.status", "request", "the call ended with " + name + said(message));
  const auto serving = read_health_response(response.body);
  if (!serving) return fail("protocol.invalid", "transfer", "the answer is no HealthCheckResponse");
  const std::string state =
      *serving < kServing.size() ? std::string(kServing[*serving]) : std::to_string(*serving);
  seen["serving"] = state;
  if (state == "SERVING") return {};
  return fail("grpc.not-serving", "request", (service.empty() ? "the server" : service) + " is " + state);
}

Result<void> observe_health(Attempt& attempt) {
  Reader reader = attempt.reader();
  const auto address = reader.address("address");
  const std::string service = reader.text("service");
  HttpRequest request;
  request.tls = reader.tls("tls");
  request.method = "POST";
  request.version = HttpVersion::two;
  for (auto& [name, value] : reader.map("metadata")) request.headers.push_back({name, std::move(value)});
  if (const auto ok = reader.ok(); !ok) return ok;
  request.url =
      (request.tls.enabled ? "https://" : "http://") + address->text() + "/grpc.health.v1.Health/Check";
  request.headers.push_back({"Content-Type", Secret("application/grpc")});
  request.headers.push_back({"TE", Secret("trailers")});
  request.body = Secret(health_request(service));
  Trace trace = attempt.trace();
  auto response = attempt.network.http().run(request, attempt.context, trace);
  if (!response) {
    // libcurl says the same of a server that hangs up and of one that answers in HTTP/1.1.
    if (response.error().code == "protocol.closed") response.error().message += "; does it speak HTTP/2?";
    return Failure(response.error());
  }
  return read_answer(*response, service, attempt.seen);
}

}  // namespace

Probes grpc_probes() {
  Probe health;
  health.name = "grpc.health";
  health.summary = "a gRPC server, or one service of it, says that it is serving";
  health.params = {
      param("address", Type::address, "where the server listens", true, {}, "openfga:8081"),
      param("service", Type::text, "full name of a service; the whole server when it is not given", false, {},
            "openfga.v1.OpenFGAService"),
      param("metadata", Type::map, "metadata of the call; values may be references", false, {},
            "{authorization: {env: TOKEN}}"),
      tls_field(),
  };
  health.observes = {
      seen_field("serving", Type::text, "SERVING, NOT_SERVING, SERVICE_UNKNOWN or UNKNOWN"),
      seen_field("grpc_status", Type::text, "how the call ended: OK, UNIMPLEMENTED, NOT_FOUND, ..."),
      seen_field("message", Type::text, "what the server says about a failure"),
  };
  health.defaults = {{"serving", "SERVING"}};
  health.example = "address: openfga:8081\nservice: openfga.v1.OpenFGAService";
  health.observe = observe_health;
  health.targets = address_targets;
  return {health};
}

}  // namespace assay

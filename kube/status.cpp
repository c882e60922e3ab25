#include "kube/status.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/utf8.h"

namespace assay {
std::string_view kube_code(int status) {
  switch (status) {
    case 401:
      return "kube.unauthorized";
    case 403:
      return "kube.forbidden";
    case 404:
      return "kube.not-found";
    case 409:
      return "kube.conflict";
    case 410:
      return "kube.expired";
    case 429:
      return "kube.busy";
    default:
      return status >= 500 ? "kube.server" : "kube.invalid";
  }
}

namespace {

// A 429 that no waiting for the server's own sake helps against
// (https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/).
bool is_budget(int status, const Value& body) {
  const Value* details = status == 429 ? body.find("details") : nullptr;
  const Value* causes = details == nullptr ? nullptr : details->find("causes");
  if (causes == nullptr || !causes->is_array()) return false;
  return std::any_of(causes->items().begin(), causes->items().end(),
                     [](const Value& cause) { return cause.get("reason") == "DisruptionBudget"; });
}

}  // namespace

Failure kube_failure(const HttpResponse& response, const std::string& method, const std::string& path) {
  const auto body = parse_json(response.body);
  std::string said;
  if (body && body->get("kind") == "Status") {
    said = body->get("message");
  } else {
    said = response.body;
  }
  said = shorten(printable(said), 500);
  while (said.ends_with(' ')) said.pop_back();
  const std::string what = method + " " + path.substr(0, path.find('?'));
  const bool budget = body && is_budget(response.status, *body);
  return fail(budget ? "kube.disruption-budget" : kube_code(response.status), "request",
              said.empty() ? fmt::format("{}: HTTP {}", what, response.status)
                           : fmt::format("{} (HTTP {} for {})", said, response.status, what));
}

std::optional<Duration> retry_after(const HttpResponse& response) {
  if (const std::string* header = response.header("retry-after")) {
    int seconds = 0;
    const auto [end, error] = std::from_chars(header->data(), header->data() + header->size(), seconds);
    if (error == std::errc() && end == header->data() + header->size() && seconds >= 0)
      return std::chrono::seconds(seconds);
  }
  const auto body = parse_json(response.body);
  const Value* details = body ? body->find("details") : nullptr;
  const std::int64_t seconds = details == nullptr ? 0 : details->get_int("retryAfterSeconds");
  if (seconds <= 0) return std::nullopt;
  return std::chrono::seconds(std::min<std::int64_t>(seconds, 3600));
}

}  // namespace assay

// What only pods have: logs and eviction.
#include <fmt/format.h>

#include "kube/client.h"

namespace assay {
namespace {

std::string pod_path(const std::string& ns, const std::string& pod, const char* part) {
  return fmt::format("/api/v1/namespaces/{}/pods/{}/{}", url_escaped(ns), url_escaped(pod), part);
}

}  // namespace

Result<std::string> KubeClient::logs(const std::string& ns, const std::string& pod, const KubeLogs& which,
                                     const Context& context, Trace& trace) {
  KubeRequest request;
  request.accept = "*/*";
  request.path = pod_path(ns, pod, "log") + fmt::format("?limitBytes={}", which.max_bytes);
  request.max_body = which.max_bytes + (64U << 10);  // the limit is the kubelet's, and not exact
  if (!which.container.empty()) request.path += "&container=" + url_escaped(which.container);
  if (which.tail) request.path += fmt::format("&tailLines={}", *which.tail);
  if (which.since) {
    const auto whole = std::chrono::ceil<std::chrono::seconds>(*which.since);
    request.path += fmt::format("&sinceSeconds={}", std::max<std::int64_t>(1, whole.count()));
  }
  if (which.previous) request.path += "&previous=true";
  if (which.timestamps) request.path += "&timestamps=true";
  return text(request, context, trace);
}

Result<void> KubeClient::evict(const std::string& ns, const std::string& pod, const std::string& uid,
                               const Context& context, Trace& trace) {
  Value eviction = Value::object({{"apiVersion", "policy/v1"},
                                  {"kind", "Eviction"},
                                  {"metadata", Value::object({{"name", pod}, {"namespace", ns}})}});
  if (!uid.empty())
    eviction["deleteOptions"] = Value::object({{"preconditions", Value::object({{"uid", uid}})}});
  KubeRequest request;
  request.method = "POST";
  request.path = pod_path(ns, pod, "eviction");
  request.body = to_json(eviction);
  const auto done = call(request, context, trace);
  if (!done) return Failure(done.error());
  return {};
}

}  // namespace assay

#include "kube/find_pod.h"

#include <fmt/format.h>

namespace assay {
namespace {

std::string expression_text(const Value& expression) {
  const std::string key = expression.get("key");
  const std::string has = expression.get("operator");
  if (has == "Exists") return key;
  if (has == "DoesNotExist") return "!" + key;
  std::string values;
  if (const Value& all = value_at(expression, {"values"}); all.is_array()) {
    for (const Value& one : all.items())
      values += (values.empty() ? "" : ",") + (one.is_string() ? one.string() : "");
  }
  return fmt::format("{} {} ({})", key, has == "In" ? "in" : "notin", values);
}

}  // namespace

bool is_ready_pod(const Value& pod) {
  const Value& conditions = value_at(pod, {"status", "conditions"});
  if (!conditions.is_array()) return false;
  for (const Value& one : conditions.items()) {
    if (one.get("type") == "Ready") return one.get("status") == "True";
  }
  return false;
}

std::string selector_text(const Value& selector) {
  std::string text;
  const auto add = [&](const std::string& one) { text += (text.empty() ? "" : ",") + one; };
  if (const Value& labels = value_at(selector, {"matchLabels"}); labels.is_object()) {
    for (const Member& one : labels.members()) add(one.key + "=" + labels.get(one.key));
  }
  if (const Value& expressions = value_at(selector, {"matchExpressions"}); expressions.is_array()) {
    for (const Value& one : expressions.items()) add(expression_text(one));
  }
  return text;
}

Result<std::string> find_pod(KubeClient& client, const std::string& ns, const std::string& word,
                             const Context& context, Trace& trace) {
  const auto slash = word.find('/');
  const std::string kind = slash == std::string::npos ? "pod" : word.substr(0, slash);
  const std::string name = slash == std::string::npos ? word : word.substr(slash + 1);
  const auto resource = client.resource(kind, "", context, trace);
  if (!resource) return Failure(resource.error());
  if (resource->kind == "Pod") return name;
  const auto object = client.get(*resource, ns, name, context, trace);
  if (!object) return Failure(object.error());
  Value selector = value_at(*object, {"spec", "selector"});
  if (resource->kind == "Service") selector = Value::object({{"matchLabels", selector}});
  KubeSelection selection;
  selection.ns = ns;
  selection.labels = selector_text(selector);
  if (selection.labels.empty()) return fail("kube.no-pod", "request", word + " selects no pods");
  selection.labels += ",app.kubernetes.io/managed-by!=assay";
  const auto pods = client.resource("pods", "v1", context, trace);
  if (!pods) return Failure(pods.error());
  std::string found;
  int all = 0;
  const auto listed = client.list(*pods, selection, context, trace, [&](const Value& pod) {
    ++all;
    const bool going = !value_at(pod, {"metadata", "deletionTimestamp"}).is_null();
    const std::string its = value_at(pod, {"metadata"}).get("name");
    if (!going && is_ready_pod(pod) && (found.empty() || its < found)) found = its;
    return true;
  });
  if (!listed) return Failure(listed.error());
  if (found.empty())
    return fail("kube.no-pod", "request",
                fmt::format("{} in {} has {} pods, and none is ready", word, ns, all));
  return found;
}

}  // namespace assay

// kube.ready: pods of a selector, or a workload with its pods; and why not.
#include <fmt/format.h>

#include <algorithm>

#include "core/utf8.h"
#include "probes/kube_reads.h"

namespace assay {
namespace {

// Pods that assay itself made are of no concern to anybody's readiness.
bool is_ours(const Value& pod) {
  return value_at(pod, {"metadata", "labels"}).get("app.kubernetes.io/managed-by") == "assay";
}

// The first container that does not run as it should: "web: CrashLoopBackOff: back-off 10s restarting failed
// ...".
std::string container_reason(const Value& pod) {
  for (const char* list : {"initContainerStatuses", "containerStatuses"}) {
    const Value& statuses = value_at(pod, {"status", list});
    if (!statuses.is_array()) continue;
    for (const Value& status : statuses.items()) {
      for (const char* state : {"waiting", "terminated"}) {
        const Value& what = value_at(status, {"state", state});
        const std::string reason = what.get("reason");
        // An init container that has ended well is as it should be; one that only waits for its turn says
        // nothing.
        if (reason.empty() || reason == "Completed" || reason == "PodInitializing") continue;
        std::string text = status.get("name") + ": " + reason;
        if (const std::string message = what.get("message"); !message.empty()) text += ": " + message;
        const Value& last = value_at(status, {"lastState", "terminated"});
        if (last.is_object()) text += fmt::format(" (ended before with {})", last.get_int("exitCode"));
        return text;
      }
    }
  }
  return {};
}

// Why a pod is not ready, in one sentence
// (https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-conditions).
std::string pod_reason(const Value& pod) {
  if (value_at(pod, {"metadata", "deletionTimestamp"}).is_string()) return "is being deleted";
  if (const Value* scheduled = condition_of(pod, "PodScheduled");
      scheduled != nullptr && scheduled->get("status") == "False")
    return scheduled->get("reason") + ": " + scheduled->get("message");
  if (const std::string container = container_reason(pod); !container.empty()) return container;
  const Value& status = value_at(pod, {"status"});
  if (const std::string reason = status.get("reason"); !reason.empty())
    return reason + ": " + status.get("message");
  if (const Value* ready = condition_of(pod, "Ready"); ready != nullptr && !ready->get("reason").empty())
    return ready->get("reason") + ": " + ready->get("message");
  return "phase " + status.get("phase");
}

std::int64_t restarts(const Value& pod) {
  const Value& statuses = value_at(pod, {"status", "containerStatuses"});
  std::int64_t sum = 0;
  if (!statuses.is_array()) return 0;
  for (const Value& status : statuses.items()) sum += status.get_int("restartCount");
  return sum;
}

struct Pods {
  std::int64_t all = 0;
  std::int64_t ready = 0;
  std::string first_reason;  // with the pod's name
  std::string first;         // that pod
};

// Lists the pods and shows each; a pod that has done its work (Succeeded) is left out.
Result<Pods> show_pods(KubeClient& client, const std::string& ns, const std::string& selector,
                       Attempt& attempt, Trace& trace) {
  const auto resource = client.resource("pods", "v1", attempt.context, trace);
  if (!resource) return Failure(resource.error());
  KubeSelection selection;
  selection.ns = ns;
  selection.labels = selector;
  Pods pods;
  Value shown = Value::array();
  const auto listed = client.list(*resource, selection, attempt.context, trace, [&](const Value& pod) {
    if (is_ours(pod) || value_at(pod, {"status"}).get("phase") == "Succeeded") return true;
    ++pods.all;
    const Value* ready = condition_of(pod, "Ready");
    const bool is_ready = ready != nullptr && ready->get("status") == "True" &&
                          !value_at(pod, {"metadata", "deletionTimestamp"}).is_string();
    const std::string name = value_at(pod, {"metadata"}).get("name");
    const std::string reason = is_ready ? "" : shorten(printable(pod_reason(pod)), 400);
    if (is_ready) ++pods.ready;
    if (!is_ready && pods.first.empty()) {
      pods.first = name;
      pods.first_reason = name + " " + reason;
    }
    if (shown.items().size() >= kListed) return true;
    Value one = Value::object({{"name", name}, {"ready", is_ready}, {"restarts", restarts(pod)}});
    if (!is_ready) one["reason"] = reason;
    shown.push_back(std::move(one));
    return true;
  });
  if (!listed) return Failure(listed.error());
  if (!pods.first.empty()) {
    if (const std::string event = last_event(client, ns, "Pod", pods.first, attempt, trace); !event.empty()) {
      attempt.seen["last_event"] = event;
      pods.first_reason += " (last event: " + event + ")";
    }
  }
  attempt.seen["total"] = pods.all;
  attempt.seen["ready"] = pods.ready;
  attempt.seen["pods"] = std::move(shown);
  return pods;
}

// The selector of a workload as the API takes it in a query.
std::string selector_of(const Value& workload) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ",") + part; };
  if (const Value& labels = value_at(workload, {"spec", "selector", "matchLabels"}); labels.is_object()) {
    for (const Member& label : labels.members())
      add(label.key + "=" + (label.value.is_string() ? label.value.string() : ""));
  }
  if (const Value& rules = value_at(workload, {"spec", "selector", "matchExpressions"}); rules.is_array()) {
    for (const Value& rule : rules.items()) {
      const std::string key = rule.get("key");
      const std::string what = rule.get("operator");
      std::string values;
      if (const Value* list = rule.find("values"); list != nullptr && list->is_array()) {
        for (const Value& value : list->items())
          values += (values.empty() ? "" : ",") + (value.is_string() ? value.string() : "");
      }
      if (what == "Exists") add(key);
      if (what == "DoesNotExist") add("!" + key);
      if (what == "In") add(key + " in (" + values + ")");
      if (what == "NotIn") add(key + " notin (" + values + ")");
    }
  }
  return text;
}

// Whether a Deployment, StatefulSet or DaemonSet has rolled out, as `kubectl rollout status` sees it; a
// sentence where it has not (k8s.io/kubectl, pkg/polymorphichelpers/rollout_status.go).
std::string rollout_fault(const Value& workload, Value& seen) {
  const Value& spec = value_at(workload, {"spec"});
  const Value& status = value_at(workload, {"status"});
  const std::string kind = workload.get("kind");
  const std::int64_t generation = value_at(workload, {"metadata"}).get_int("generation");
  const std::int64_t observed = status.get_int("observedGeneration");
  const bool daemon = kind == "DaemonSet";
  const std::int64_t wanted = daemon ? status.get_int("desiredNumberScheduled") : spec.get_int("replicas", 1);
  const std::int64_t updated = status.get_int(daemon ? "updatedNumberScheduled" : "updatedReplicas");
  const std::int64_t available = status.get_int(daemon                 ? "numberAvailable"
                                                : kind == "Deployment" ? "availableReplicas"
                                                                       : "readyReplicas");
  seen["desired"] = wanted;
  seen["updated"] = updated;
  seen["available"] = available;
  seen["observed"] = observed >= generation;
  const std::string numbered =
      value_at(workload, {"metadata", "annotations"}).get("deployment.kubernetes.io/revision");
  const std::string revision = numbered.empty() ? status.get("updateRevision") : numbered;
  if (!revision.empty()) seen["revision"] = revision;
  if (observed < generation) return "its controller has not seen the last change yet";
  if (const Value* progressing = condition_of(workload, "Progressing");
      progressing != nullptr && progressing->get("reason") == "ProgressDeadlineExceeded")
    return "it exceeded its progress deadline: " + progressing->get("message");
  if (const Value* failure = condition_of(workload, "ReplicaFailure");
      failure != nullptr && failure->get("status") == "True")
    return "its pods cannot be made: " + failure->get("reason") + ": " + failure->get("message");
  if (updated < wanted) return fmt::format("{} of {} replicas are of the new revision", updated, wanted);
  if (kind == "Deployment" && status.get_int("replicas") > updated)
    return fmt::format("{} replicas of the old revision are still there",
                       status.get_int("replicas") - updated);
  if (kind == "StatefulSet" && wanted > 0 && status.get("updateRevision") != status.get("currentRevision") &&
      value_at(spec, {"updateStrategy", "rollingUpdate"}).get_int("partition") == 0)
    return "pods of the old revision are still there";
  if (available < wanted) return fmt::format("{} of {} replicas are available", available, wanted);
  return {};
}

Result<void> not_ready(const std::string& what) { return fail("kube.not-ready", "request", what); }

Result<void> observe_workload(KubeClient& client, const std::string& word, const std::string& ns,
                              Attempt& attempt, Trace& trace) {
  const auto slash = word.find('/');
  if (slash == std::string::npos || slash + 1 == word.size())
    return fail("params.invalid", "setup", "`workload` is KIND/NAME, such as deploy/web");
  const auto resource = client.resource(word.substr(0, slash), "", attempt.context, trace);
  if (!resource) return Failure(resource.error());
  if (resource->kind != "Deployment" && resource->kind != "StatefulSet" && resource->kind != "DaemonSet") {
    return fail(
        "params.invalid", "setup",
        "a " + resource->kind + " does not roll out: `workload` is a Deployment, StatefulSet or DaemonSet");
  }
  const auto workload = client.get(*resource, ns, word.substr(slash + 1), attempt.context, trace);
  if (!workload) return Failure(workload.error());
  std::string fault = rollout_fault(*workload, attempt.seen);
  const auto pods = show_pods(client, ns, selector_of(*workload), attempt, trace);
  if (!pods) return Failure(pods.error());
  if (fault.empty()) return {};
  // Where there is no pod to ask, the workload's own controller has said why.
  if (pods->first.empty()) {
    const std::string event =
        last_event(client, ns, resource->kind, workload->find("metadata")->get("name"), attempt, trace);
    if (!event.empty()) {
      attempt.seen["last_event"] = event;
      fault += " (last event: " + event + ")";
    }
  }
  return not_ready(pods->first_reason.empty() ? fault : fault + ": pod " + pods->first_reason);
}

Result<void> observe_ready(Attempt& attempt) {
  Reader reader = attempt.reader();
  const std::string selector = reader.has("selector") ? reader.text("selector") : "";
  const std::string workload = reader.has("workload") ? reader.text("workload") : "";
  const auto client = kube_client(attempt);
  if (!client) return Failure(client.error());
  const std::string ns = namespace_of(reader, **client);
  if (const auto ok = reader.ok(); !ok) return ok;
  if (selector.empty() == workload.empty())
    return fail("params.invalid", "setup", "either `selector` or `workload` is needed");
  Trace trace = attempt.trace();
  if (!workload.empty()) return observe_workload(**client, workload, ns, attempt, trace);
  const auto pods = show_pods(**client, ns, selector, attempt, trace);
  if (!pods) return Failure(pods.error());
  if (pods->all == 0) return not_ready(fmt::format("no pod in {} matches {}", ns, selector));
  if (pods->ready < pods->all)
    return not_ready(fmt::format("{} of {} pods are ready: {}", pods->ready, pods->all, pods->first_reason));
  return {};
}

}  // namespace

Probes kube_ready_probes() {
  Probe probe;
  probe.name = "kube.ready";
  probe.summary = "pods are ready, or a workload has rolled out; and if not, why";
  probe.params = {{"selector",
                   Type::text,
                   "label selector of pods; one that matches none fails",
                   false,
                   {},
                   "app=web",
                   {},
                   {}},
                  {"workload",
                   Type::text,
                   "instead: a Deployment, StatefulSet or DaemonSet",
                   false,
                   {},
                   "deploy/web",
                   {},
                   {}},
                  namespace_field()};
  probe.observes = {
      seen_field("total", Type::integer, "pods, without those that have done their work and those of assay"),
      seen_field("ready", Type::integer, "of these, ready ones"),
      seen_field("pods", Type::list, "the first 20 of them",
                 {seen_field("name", Type::text, "name"),
                  seen_field("ready", Type::boolean, "ready and not being deleted"),
                  seen_field("restarts", Type::integer, "restarts of all containers"),
                  seen_field("reason", Type::text, "why it is not ready")}),
      seen_field("desired", Type::integer, "of a workload: replicas wanted"),
      seen_field("updated", Type::integer, "of a workload: replicas of the newest revision"),
      seen_field("available", Type::integer, "of a workload: replicas available"),
      seen_field("revision", Type::text, "of a workload: its newest revision"),
      seen_field("last_event", Type::text,
                 "the last event of the first pod that is not ready, or of the workload"),
      seen_field("observed", Type::boolean, "of a workload: its controller has seen the last change")};
  probe.defaults = {{"total", Value::object({{"ge", 1}})}};
  probe.example = "{workload: deploy/web, namespace: shop}";
  probe.observe = observe_ready;
  return {probe};
}

}  // namespace assay

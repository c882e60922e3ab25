#include "engine/job_spec.h"

#include <fmt/format.h>

#include <algorithm>

#include "kube/selector.h"

namespace assay {
namespace {

constexpr std::int64_t kUser = 65532;  // of the image, see deploy/image
constexpr int kKeptSeconds = 60;       // after it has ended, for whoever wants to look

void keys_of(const Value& selector, std::set<std::string>& keys) {
  if (const Value& labels = value_at(selector, {"matchLabels"}); labels.is_object()) {
    for (const Member& one : labels.members()) keys.insert(one.key);
  }
  if (const Value& expressions = value_at(selector, {"matchExpressions"}); expressions.is_array()) {
    for (const Value& one : expressions.items()) keys.insert(one.get("key"));
  }
}

// The keys by which a NetworkPolicy selects pods: those that it is about, and those that it lets through.
void keys_of_policy(const Value& policy, std::set<std::string>& keys) {
  const Value& spec = value_at(policy, {"spec"});
  keys_of(value_at(spec, {"podSelector"}), keys);
  for (const auto& [direction, side] : {std::pair("ingress", "from"), std::pair("egress", "to")}) {
    const Value& rules = value_at(spec, {direction});
    if (!rules.is_array()) continue;
    for (const Value& rule : rules.items()) {
      const Value& peers = value_at(rule, {side});
      if (!peers.is_array()) continue;
      for (const Value& peer : peers.items()) keys_of(value_at(peer, {"podSelector"}), keys);
    }
  }
}

bool is_allowed(const JobRequest& request, const std::string& name) {
  const Value& allowed = value_at(request.spec, {"allow"});
  return allowed.is_array() &&
         std::find(allowed.items().begin(), allowed.items().end(), Value(name)) != allowed.items().end();
}

std::string name_of(const Value& object) { return value_at(object, {"metadata"}).get("name"); }

// The container of `like` that the vantage stands for, or null where there is no `like`.
Result<const Value*> container_of(const JobRequest& request) {
  if (request.like.is_null()) return nullptr;
  const Value& containers = value_at(request.like, {"spec", "containers"});
  const std::string wanted = request.spec.get("container");
  std::string names;
  if (containers.is_array()) {
    for (const Value& one : containers.items()) {
      if (wanted.empty() || one.get("name") == wanted) return &one;
      names += (names.empty() ? "" : ", ") + one.get("name");
    }
  }
  return fail("vantage.failed", "setup",
              fmt::format("{} has no container {}; it has {}", request.spec.get("like"), wanted, names));
}

// A volume of `like` that the Job may have too. A claim is not: its data are the workload's own, and one of
// another node would keep the pod from starting. Those of a StatefulSet's claim templates are not even named.
const Value* volume_of(const JobRequest& request, const std::string& name) {
  const Value& volumes = value_at(request.like, {"spec", "volumes"});
  if (!volumes.is_array()) return nullptr;
  const auto found = std::find_if(volumes.items().begin(), volumes.items().end(),
                                  [&](const Value& one) { return one.get("name") == name; });
  const bool usable = found != volumes.items().end() && found->find("persistentVolumeClaim") == nullptr &&
                      found->find("ephemeral") == nullptr;
  return usable ? &*found : nullptr;
}

Value made_container(const JobRequest& request, const Value* like) {
  Value container = Value::object(
      {{"name", "assay"},
       {"image", request.image},
       {"imagePullPolicy", "IfNotPresent"},
       {"args",
        Value(Value::Array{"agent", "--deadline",
                           std::to_string(static_cast<std::int64_t>(seconds(request.deadline))) + "s"})},
       {"stdin", true},
       {"resources", Value::object({{"requests", Value::object({{"cpu", "50m"}, {"memory", "64Mi"}})},
                                    {"limits", Value::object({{"cpu", "1"}, {"memory", "256Mi"}})}})},
       {"securityContext",
        Value::object({{"allowPrivilegeEscalation", false},
                       {"readOnlyRootFilesystem", true},
                       {"capabilities", Value::object({{"drop", Value(Value::Array{"ALL"})}})}})}});
  Value mounts = Value::array();
  if (like != nullptr) {
    for (const char* key : {"env", "envFrom"}) {
      if (const Value* part = like->find(key)) container[key] = *part;
    }
    if (const Value& theirs = value_at(*like, {"volumeMounts"}); theirs.is_array()) {
      for (Value one : theirs.items()) {
        if (volume_of(request, one.get("name")) == nullptr) continue;
        one["readOnly"] = true;
        mounts.push_back(std::move(one));
      }
    }
  }
  int number = 0;  // a Secret's name can be longer than a volume's, and have dots
  for (const std::string& name : request.secrets) {
    mounts.push_back(Value::object({{"name", fmt::format("assay-secret-{}", number++)},
                                    {"mountPath", std::string(kSecretMounts) + "/" + name},
                                    {"readOnly", true}}));
  }
  if (!mounts.items().empty()) container["volumeMounts"] = std::move(mounts);
  return container;
}

// Only what the container mounts: a volume that nobody uses could keep the pod from starting.
void add_volumes(const JobRequest& request, const Value& container, Value& pod) {
  Value volumes = Value::array();
  std::set<std::string> added;
  if (const Value& mounts = value_at(container, {"volumeMounts"}); mounts.is_array()) {
    for (const Value& mount : mounts.items()) {
      const Value* volume = volume_of(request, mount.get("name"));
      if (volume != nullptr && added.insert(mount.get("name")).second) volumes.push_back(*volume);
    }
  }
  int number = 0;
  for (const std::string& name : request.secrets) {
    // Without the Secret, or the key, the pod starts all the same and the check says what is missing.
    volumes.push_back(Value::object(
        {{"name", fmt::format("assay-secret-{}", number++)},
         {"secret", Value::object({{"secretName", name}, {"optional", true}, {"defaultMode", 0444}})}}));
  }
  if (!volumes.items().empty()) pod["volumes"] = std::move(volumes);
}

}  // namespace

Value job_labels(const JobRequest& request) {
  Value labels = Value::object();
  std::set<std::string> keys;
  for (const Value& policy : request.policies) keys_of_policy(policy, keys);
  if (const Value& theirs = value_at(request.like, {"metadata", "labels"}); theirs.is_object()) {
    for (const Member& one : theirs.members()) {
      if (keys.contains(one.key)) labels[one.key] = one.value;
    }
  }
  if (const Value& given = value_at(request.spec, {"labels"}); given.is_object()) {
    for (const Member& one : given.members()) labels[one.key] = one.value;
  }
  labels[kManagedBy] = "assay";
  labels[kRunLabel] = request.run;
  return labels;
}

Result<void> check_neighbours(const JobRequest& request, const Neighbours& neighbours) {
  const Value labels = job_labels(request);
  const auto refuse = [&](const char* kind, const std::string& name, const char* effect) {
    return fail("vantage.refused", "setup",
                fmt::format("{} {} in {} would {} the Job's pod: give other labels, or name it under `allow`",
                            kind, name, request.ns, effect));
  };
  for (const Value& one : neighbours.budgets) {
    if (selects(value_at(one, {"spec", "selector"}), labels) && !is_allowed(request, name_of(one)))
      return refuse("PodDisruptionBudget", name_of(one), "count");
  }
  for (const auto& [name, selector] : neighbours.autoscaled) {
    if (selects(selector, labels) && !is_allowed(request, name))
      return refuse("HorizontalPodAutoscaler", name, "count");
  }
  for (const Value& one : neighbours.services) {
    const Value& spec = value_at(one, {"spec"});
    if (spec.get_bool("publishNotReadyAddresses") && selects_plainly(value_at(spec, {"selector"}), labels) &&
        !is_allowed(request, name_of(one)))
      return refuse("Service", name_of(one), "send requests to");
  }
  return {};
}

Result<Value> make_job(const JobRequest& request) {
  const auto like = container_of(request);
  if (!like) return Failure(like.error());
  Value container = made_container(request, *like);
  Value security = Value::object({{"runAsNonRoot", true},
                                  {"runAsUser", kUser},
                                  {"runAsGroup", kUser},
                                  {"seccompProfile", Value::object({{"type", "RuntimeDefault"}})}});
  Value pod = Value::object(
      {{"restartPolicy", "Never"},
       {"terminationGracePeriodSeconds", 1},
       {"readinessGates", Value(Value::Array{Value::object({{"conditionType", "assay.dev/never"}})})}});
  Value pull_secrets = Value::array();
  if (!request.like.is_null()) {
    const Value& theirs = value_at(request.like, {"spec"});
    for (const char* key : {"serviceAccountName", "tolerations", "nodeSelector", "dnsPolicy", "dnsConfig",
                            "hostAliases", "runtimeClassName"}) {
      if (const Value* part = theirs.find(key)) pod[key] = *part;
    }
    if (const Value& secrets = value_at(theirs, {"imagePullSecrets"}); secrets.is_array())
      pull_secrets = secrets;
    const Value& context = value_at(theirs, {"securityContext"});
    for (const char* key : {"fsGroup", "supplementalGroups"}) {
      if (const Value* part = context.find(key)) security[key] = *part;
    }
  }
  if (const std::string account = request.spec.get("serviceAccount"); !account.empty())
    pod["serviceAccountName"] = account;
  if (!request.pull_secret.empty()) pull_secrets.push_back(Value::object({{"name", request.pull_secret}}));
  if (!pull_secrets.items().empty()) pod["imagePullSecrets"] = std::move(pull_secrets);
  pod["securityContext"] = std::move(security);
  add_volumes(request, container, pod);
  pod["containers"] = Value(Value::Array{std::move(container)});
  const auto whole = static_cast<std::int64_t>(seconds(request.deadline)) + 5;
  return Value::object(
      {{"apiVersion", "batch/v1"},
       {"kind", "Job"},
       {"metadata",
        Value::object({{"name", request.name},
                       {"labels", Value::object({{kManagedBy, "assay"}, {kRunLabel, request.run}})},
                       {"annotations", Value::object({{kOwnerAnnotation, request.owner}})}})},
       {"spec", Value::object({{"backoffLimit", 0},
                               {"completions", 1},
                               {"parallelism", 1},
                               {"activeDeadlineSeconds", whole},
                               {"ttlSecondsAfterFinished", kKeptSeconds},
                               {"template",
                                Value::object({{"metadata", Value::object({{"labels", job_labels(request)}})},
                                               {"spec", std::move(pod)}})}})}});
}

}  // namespace assay

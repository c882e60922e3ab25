#include "drift/dependent.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>

#include "core/base64.h"
#include "drift/image.h"
#include "drift/quantity.h"

namespace assay::drift {
namespace {

// Puts a default in, marked as one with all that lies in it.
void put(Node& object, std::string_view key, Node value, Arena& arena) {
  mark_defaulted(value);
  set_member(object, key, value, arena);
}

void put_if_absent(Node& object, std::string_view key, Node value, Arena& arena) {
  if (object.find(key) == nullptr) put(object, key, value, arena);
}

Node text(std::string_view value) { return Node::of(value); }
Node number(std::int64_t value) { return Node::of(value); }

bool is_text(const Node& object, std::string_view key, std::string_view value) {
  return object.text_at(key) == value;
}

bool has_items(const Node& object, std::string_view key) {
  const auto* there = object.find(key);
  return there != nullptr && (!there->items().empty() || !there->entries().empty());
}

// A copy of what stands at `from`, where nothing stands at `to`.
void copy_missing(Node* from, Node& to, Arena& arena) {
  if (from == nullptr) return;
  for (const auto& [key, value] : from->entries())
    if (to.find(key) == nullptr) put(to, key, copy_tree(value, arena), arena);
}

// ---- core/v1

// SetDefaults_Container, SetDefaults_EphemeralContainer
void container(Node& object, Arena& arena) {
  put_if_absent(object, "imagePullPolicy", text(pull_policy(object.text_at("image"))), arena);
}

// SetDefaults_Volume
void image_volume(Node& object, Arena& arena) {
  put_if_absent(object, "pullPolicy", text(pull_policy(object.text_at("reference"))), arena);
}

// SetDefaults_Volume
void volume(Node& object, Arena& arena) {
  const auto bare =
      std::ranges::all_of(object.entries(), [](const Entry& entry) { return entry.key == "name"; });
  if (bare) put(object, "emptyDir", Node::map({}), arena);
}

// Convert_v1_PodSpec_To_core_PodSpec and back: serviceAccount is another name of serviceAccountName, which
// wins
void pod_spec(Node& object, Arena& arena) {
  const auto name = object.text_at("serviceAccountName");
  const auto old = object.text_at("serviceAccount");
  if (!name.empty() && old != name) put(object, "serviceAccount", text(name), arena);
  if (name.empty() && !old.empty()) put(object, "serviceAccountName", text(old), arena);
}

// SetDefaults_Pod: requests from limits, and with hostNetwork host ports from container ports
void pod_container(Node& object, bool host_network, Arena& arena) {
  if (auto* limits = object.find({"resources", "limits"}); limits != nullptr) {
    auto& resources = *object.find("resources");
    put_if_absent(resources, "requests", Node::map({}), arena);
    copy_missing(resources.find("limits"), *resources.find("requests"), arena);
  }
  auto* ports = object.find("ports");
  if (!host_network || ports == nullptr) return;
  for (auto& port : ports->items())
    if (const auto* inside = port.find("containerPort"); inside != nullptr)
      put_if_absent(port, "hostPort", *inside, arena);
}

// Of resources, by name; what is no quantity, or too large to be added, is not in it.
using Amounts = std::map<std::string_view, Quantity>;

void add(Amounts& to, const Amounts& more) {
  for (const auto& [name, amount] : more) {
    auto& sum = to[name].nano;
    if (__builtin_add_overflow(sum, amount.nano, &sum)) to.erase(name);
  }
}

void raise(Amounts& to, const Amounts& least) {
  for (const auto& [name, amount] : least) {
    const auto [there, added] = to.emplace(name, amount);
    if (!added && there->second.nano < amount.nano) there->second = amount;
  }
}

Amounts amounts_of(Node& container, std::string_view list) {
  Amounts amounts;
  const auto* resources = container.find({"resources", list});
  if (resources == nullptr) return amounts;
  for (const auto& [name, value] : resources->entries())
    if (const auto amount = quantity_of(value)) amounts.emplace(name, *amount);
  return amounts;
}

// AggregateContainerRequests, AggregateContainerLimits (k8s.io/component-helpers/resource/helpers.go): what a
// pod needs at once of `list`, "requests" or "limits".
Amounts of_containers(Node& spec, std::string_view list) {
  Amounts all, sidecars, first;
  if (auto* containers = spec.find("containers"); containers != nullptr)
    for (auto& one : containers->items()) add(all, amounts_of(one, list));
  if (auto* containers = spec.find("initContainers"); containers != nullptr) {
    for (auto& one : containers->items()) {
      auto own = amounts_of(one, list);
      if (is_text(one, "restartPolicy", "Always")) {
        add(all, own);
        add(sidecars, own);
      } else {
        add(own, sidecars);
        raise(first, own);
      }
    }
  }
  raise(all, first);
  return all;
}

bool is_huge_page(std::string_view resource) { return resource.starts_with("hugepages-"); }

// defaultHugePagePodLimits, defaultPodRequests: what the pod as a whole may use and asks for, where it says
// one of them
void pod_resources(Node& spec, Arena& arena) {
  auto* resources = spec.find("resources");
  if (resources == nullptr) return;
  const auto put_amount = [&](std::string_view list, std::string_view name, Quantity amount) {
    put_if_absent(*resources, list, Node::map({}), arena);
    put_if_absent(*resources->find(list), name, text(arena.keep(to_text(amount))), arena);
  };
  if (has_items(*resources, "limits") || has_items(*resources, "requests")) {
    for (const auto& [name, amount] : of_containers(spec, "limits"))
      if (is_huge_page(name) && resources->find({"requests", name}) == nullptr)
        put_amount("limits", name, amount);
  }
  if (!has_items(*resources, "limits")) return;
  for (const auto& [name, amount] : of_containers(spec, "requests"))
    if (name == "cpu" || name == "memory") put_amount("requests", name, amount);
  // A copy, since `requests` may come to stand beside it.
  const auto limits = *resources->find("limits");
  for (const auto& [name, value] : limits.entries()) {
    if (name != "cpu" && name != "memory" && !is_huge_page(name)) continue;
    put_if_absent(*resources, "requests", Node::map({}), arena);
    put_if_absent(*resources->find("requests"), name, copy_tree(value, arena), arena);
  }
}

// SetDefaults_Pod, Convert_v1_Pod_To_core_Pod
void pod(Node& object, Arena& arena) {
  auto* spec = object.find("spec");
  if (spec == nullptr) return;
  const auto* host = spec->find("hostNetwork");
  for (const auto list : {"containers", "initContainers"})
    if (auto* containers = spec->find(list); containers != nullptr)
      for (auto& one : containers->items()) pod_container(one, host != nullptr && host->boolean(), arena);
  pod_resources(*spec, arena);
  if (auto* period = spec->find("terminationGracePeriodSeconds"); period != nullptr && period->integer() < 0)
    *period = number(1);
}

// What a template says of labels, or null.
Node* template_labels(Node& object) { return object.find({"spec", "template", "metadata", "labels"}); }

// Labels of a controller that has none are those of its template. Helm's own label may stand there alone:
// Helm adds it when it installs, after the defaults.
void labels_of_template(Node& object, Arena& arena) {
  auto* labels = template_labels(object);
  auto* metadata = object.find("metadata");
  if (labels == nullptr || metadata == nullptr) return;
  put_if_absent(*metadata, "labels", Node::map({}), arena);
  auto& own = *metadata->find("labels");
  const auto none = std::ranges::all_of(own.entries(), [](const Entry& entry) {
    return entry.key == "app.kubernetes.io/managed-by" || entry.value.defaulted();
  });
  if (none) copy_missing(labels, own, arena);
}

// SetDefaults_ReplicationController
void replication_controller(Node& object, Arena& arena) {
  auto* labels = template_labels(object);
  if (labels != nullptr && !has_items(object, "spec")) return;
  if (labels != nullptr) put_if_absent(*object.find("spec"), "selector", copy_tree(*labels, arena), arena);
  labels_of_template(object, arena);
}

// SetDefaults_Service, for a port
void service_port(Node& object, Arena& arena) {
  const auto* target = object.find("targetPort");
  const auto none = target == nullptr || (target->is_string() && target->text().empty());
  if (const auto* port = object.find("port"); none && port != nullptr)
    put(object, "targetPort", *port, arena);
}

// SetDefaults_Service
void service_spec(Node& object, Arena& arena) {
  const auto type = object.text_at("type");
  const auto balanced = type == "LoadBalancer";
  const auto reachable =
      balanced || type == "NodePort" || (type == "ClusterIP" && has_items(object, "externalIPs"));
  if (is_text(object, "sessionAffinity", "None")) erase_member(object, "sessionAffinityConfig");
  if (is_text(object, "sessionAffinity", "ClientIP") &&
      object.find({"sessionAffinityConfig", "clientIP", "timeoutSeconds"}) == nullptr) {
    auto client = Node::map({});
    put(client, "timeoutSeconds", number(10800), arena);
    auto config = Node::map({});
    put(config, "clientIP", client, arena);
    put(object, "sessionAffinityConfig", config, arena);
  }
  if (reachable) put_if_absent(object, "externalTrafficPolicy", text("Cluster"), arena);
  if (balanced || type == "NodePort" || type == "ClusterIP")
    put_if_absent(object, "internalTrafficPolicy", text("Cluster"), arena);
  if (balanced) put_if_absent(object, "allocateLoadBalancerNodePorts", Node::of(true), arena);
}

// Convert_v1_Secret_To_core_Secret
void secret(Node& object, Arena& arena) {
  const auto* plain = object.find("stringData");
  if (plain == nullptr) return;
  const auto texts = *plain;
  erase_member(object, "stringData");
  if (texts.entries().empty()) return;
  if (object.find("data") == nullptr) set_member(object, "data", Node::map({}), arena);
  auto& data = *object.find("data");
  for (const auto& [key, value] : texts.entries()) {
    const auto encoded = value.is_string() ? Node::of(arena.keep(encode_base64(value.text()))) : value;
    set_member(data, key, encoded, arena);
  }
}

// SetDefaults_Namespace
void name_space(Node& object, Arena& arena) {
  auto* metadata = object.find("metadata");
  if (metadata == nullptr || metadata->text_at("name").empty()) return;
  put_if_absent(*metadata, "labels", Node::map({}), arena);
  put_if_absent(*metadata->find("labels"), "kubernetes.io/metadata.name", text(metadata->text_at("name")),
                arena);
}

// SetDefaults_LimitRangeItem
void limit_range_item(Node& object, Arena& arena) {
  if (!is_text(object, "type", "Container")) return;
  for (const auto& [key, sources] :
       {std::pair{"default", std::array{"max", ""}}, {"defaultRequest", {"default", "min"}}}) {
    const auto absent = object.find(key) == nullptr;
    if (absent) put(object, key, Node::map({}), arena);
    for (const auto* source : sources) copy_missing(object.find(source), *object.find(key), arena);
    if (absent && object.find(key)->entries().empty()) erase_member(object, key);
  }
}

// Convert_v1_NodeSpec_To_core_NodeSpec and back: podCIDR is the first of podCIDRs, and wins
void node_spec(Node& object, Arena& arena) {
  const auto one = object.text_at("podCIDR");
  const auto* all = object.find("podCIDRs");
  const auto first = all == nullptr || all->items().empty() ? std::string_view{} : all->items()[0].text();
  if (one == first) return;
  if (one.empty()) return put(object, "podCIDR", text(first), arena);
  auto* item = arena.array<Node>(1);
  *item = text(one);
  put(object, "podCIDRs", Node::list({item, 1}), arena);
}

// ---- apps/v1

// A rolling update with both its numbers. Where another strategy has one, its numbers are zero (the internal
// types have no pointers there).
void rolling_update(Node& object, Node unavailable, Node surge, Arena& arena) {
  const auto rolling = is_text(object, "type", "RollingUpdate");
  if (rolling) put_if_absent(object, "rollingUpdate", Node::map({}), arena);
  auto* update = object.find("rollingUpdate");
  if (update == nullptr) return;
  put_if_absent(*update, "maxUnavailable", rolling ? unavailable : number(0), arena);
  put_if_absent(*update, "maxSurge", rolling ? surge : number(0), arena);
}

// SetDefaults_Deployment
void deployment_strategy(Node& object, Arena& arena) {
  rolling_update(object, text("25%"), text("25%"), arena);
}

// SetDefaults_DaemonSet
void daemon_set_strategy(Node& object, Arena& arena) { rolling_update(object, number(1), number(0), arena); }

// SetDefaults_StatefulSet: a rolling update that was written, but without its settings, gets none
void stateful_set_strategy(Node& object, Arena& arena) {
  const auto* type = object.find("type");
  if (type == nullptr || !type->defaulted() || object.find("rollingUpdate") != nullptr) return;
  auto update = Node::map({});
  put(update, "partition", number(0), arena);
  put(object, "rollingUpdate", update, arena);
}

// Convert_apps_StatefulSetSpec_To_v1_StatefulSetSpec: the claims say what they are, whatever was written
void stateful_set_spec(Node& object, Arena& arena) {
  auto* claims = object.find("volumeClaimTemplates");
  if (claims == nullptr) return;
  for (auto& claim : claims->items()) {
    if (!claim.is_map()) continue;
    if (!is_text(claim, "apiVersion", "v1")) put(claim, "apiVersion", text("v1"), arena);
    if (!is_text(claim, "kind", "PersistentVolumeClaim"))
      put(claim, "kind", text("PersistentVolumeClaim"), arena);
  }
}

// ---- others

// batch/v1 SetDefaults_Job
void job(Node& object, Arena& arena) {
  labels_of_template(object, arena);
  auto* spec = object.find("spec");
  if (spec == nullptr) return;
  if (spec->find("parallelism") == nullptr || spec->find("parallelism")->defaulted())
    put_if_absent(*spec, "completions", number(1), arena);
  put_if_absent(*spec, "parallelism", number(1), arena);
  const auto each_index = spec->find("backoffLimitPerIndex") != nullptr;
  put_if_absent(*spec, "backoffLimit", number(each_index ? 2147483647 : 6), arena);
  const auto failed = spec->find("podFailurePolicy") != nullptr;
  put_if_absent(*spec, "podReplacementPolicy", text(failed ? "Failed" : "TerminatingOrFailed"), arena);
}

// networking/v1 SetDefaults_NetworkPolicy
void network_policy_spec(Node& object, Arena& arena) {
  if (object.find("policyTypes") != nullptr) return;
  const auto egress = has_items(object, "egress");
  auto* types = arena.array<Node>(2);
  types[0] = text("Ingress");
  types[1] = text("Egress");
  put(object, "policyTypes", Node::list({types, egress ? 2U : 1U}), arena);
}

// rbac/v1 SetDefaults_Subject
void subject(Node& object, Arena& arena) {
  if (is_text(object, "kind", "User") || is_text(object, "kind", "Group"))
    put_if_absent(object, "apiGroup", text("rbac.authorization.k8s.io"), arena);
}

// resource/v1 SetDefaults_ExactDeviceRequest, SetDefaults_DeviceSubRequest
void device_request(Node& object, Arena& arena) {
  if (is_text(object, "allocationMode", "ExactCount")) put_if_absent(object, "count", number(1), arena);
}

// apiextensions/v1 SetDefaults_CustomResourceDefinitionSpec,
// Convert_v1_CustomResourceConversion_To_apiextensions_...
void crd_spec(Node& object, Arena& arena) {
  const auto* webhook = object.find({"conversion", "webhook"});
  if (webhook != nullptr && webhook->is_map() && webhook->entries().empty())
    erase_member(*object.find("conversion"), "webhook");
  auto* names = object.find("names");
  const auto kind = names == nullptr ? std::string_view{} : names->text_at("kind");
  if (kind.empty()) return;
  if (names->find("listKind") == nullptr)
    put(*names, "listKind", text(arena.keep(std::string(kind) + "List")), arena);
  if (names->find("singular") != nullptr) return;
  std::string lower(kind);
  for (auto& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  put(*names, "singular", text(arena.keep(lower)), arena);
}

// What tells a metric of an autoscaler apart from its others.
std::array<std::string_view, 4> metric_key(Node metric) {
  for (const auto* kind : {"resource", "containerResource", "pods", "object", "external"}) {
    const auto* source = metric.find(kind);
    if (source == nullptr) continue;
    const auto* name = source->find({"metric", "name"});
    const auto* object = source->find({"describedObject", "name"});
    return {kind, name == nullptr ? source->text_at("name") : name->text(), source->text_at("container"),
            object == nullptr ? std::string_view{} : object->text()};
  }
  return {};
}

// pkg/apis/autoscaling/v1/conversion.go: of the metrics only the largest result counts, and a round trip
// through v1 puts the one for the processor elsewhere. So their order says nothing.
void autoscaler_spec(Node& object, Arena&) {
  const auto* metrics = object.find("metrics");
  if (metrics == nullptr) return;
  const auto items = metrics->items();
  std::stable_sort(items.begin(), items.end(), [](Node a, Node b) { return metric_key(a) < metric_key(b); });
}

struct Rule {
  std::string_view type;
  void (*apply)(Node&, Arena&);
};

constexpr std::array kRules{
    Rule{"io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec", autoscaler_spec},
    Rule{"io.k8s.api.core.v1.Container", container},
    Rule{"io.k8s.api.core.v1.EphemeralContainer", container},
    Rule{"io.k8s.api.core.v1.ImageVolumeSource", image_volume},
    Rule{"io.k8s.api.core.v1.Volume", volume},
    Rule{"io.k8s.api.core.v1.PodSpec", pod_spec},
    Rule{"io.k8s.api.core.v1.Pod", pod},
    Rule{"io.k8s.api.core.v1.ReplicationController", replication_controller},
    Rule{"io.k8s.api.core.v1.ServicePort", service_port},
    Rule{"io.k8s.api.core.v1.ServiceSpec", service_spec},
    Rule{"io.k8s.api.core.v1.Secret", secret},
    Rule{"io.k8s.api.core.v1.Namespace", name_space},
    Rule{"io.k8s.api.core.v1.LimitRangeItem", limit_range_item},
    Rule{"io.k8s.api.core.v1.NodeSpec", node_spec},
    Rule{"io.k8s.api.apps.v1.StatefulSetSpec", stateful_set_spec},
    Rule{"io.k8s.api.apps.v1.DeploymentStrategy", deployment_strategy},
    Rule{"io.k8s.api.apps.v1.DaemonSetUpdateStrategy", daemon_set_strategy},
    Rule{"io.k8s.api.apps.v1.StatefulSetUpdateStrategy", stateful_set_strategy},
    Rule{"io.k8s.api.batch.v1.Job", job},
    Rule{"io.k8s.api.networking.v1.NetworkPolicySpec", network_policy_spec},
    Rule{"io.k8s.api.rbac.v1.Subject", subject},
    Rule{"io.k8s.api.resource.v1.ExactDeviceRequest", device_request},
    Rule{"io.k8s.api.resource.v1.DeviceSubRequest", device_request},
    Rule{"io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionSpec", crd_spec},
};

}  // namespace

std::uint8_t rule_of(std::string_view type_name) {
  const auto found = std::ranges::find(kRules, type_name, &Rule::type);
  return found == kRules.end() ? std::uint8_t{0} : static_cast<std::uint8_t>(found - kRules.begin() + 1);
}

void apply_rule(std::uint8_t rule, Node& object, Arena& arena) { kRules[rule - 1U].apply(object, arena); }

void round_resources(Node& resources, Arena& arena) {
  constexpr std::int64_t kMilli = 1'000'000;  // in units of 10^-9
  for (auto& [name, value] : resources.entries()) {
    const auto written = value.text();
    const auto coarse =
        std::ranges::all_of(written, [](char c) { return (c >= '0' && c <= '9') || c == 'm'; });
    if (written.empty() || coarse) continue;
    const auto quantity = quantity_of(value);
    if (!quantity || quantity->nano % kMilli == 0) continue;
    auto milli = quantity->nano / kMilli;
    milli += quantity->nano > 0 ? 1 : -1;
    value = Node::of(arena.keep(to_text({milli * kMilli})));
  }
}

}  // namespace assay::drift

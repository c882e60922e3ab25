#include "drift/classify.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "core/rfc3339.h"

namespace assay::drift {
namespace {

constexpr std::string_view kRestartedAt = "kubectl.kubernetes.io/restartedAt";

// What Kubernetes and the volume drivers that come with it write as; "before-first-apply" stands for all who
// wrote before anybody was recorded.
constexpr std::array<std::string_view, 18> kComponents{
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
    "kubelet",
    "cloud-controller-manager",
    "aws-cloud-controller-manager",
    "azure-cloud-controller-manager",
    "openstack-cloud-controller-manager",
    "vsphere-cloud-controller-manager",
    "openshift-controller-manager",
    "csi-attacher",
    "csi-provisioner",
    "csi-resizer",
    "k3s",       // all of them in one process
    "kubelite",  // the same in MicroK8s
    "hyperkube",
    "before-first-apply",
};

bool same(const Side& a, const Side& b, const Type* type) {
  return a.present == b.present && (!a.present || same_value(type, a.value, b.value));
}

// Whether the path is that of these fields; "[]" is any element of a list.
bool is_at(const Path& path, std::initializer_list<std::string_view> fields) {
  return std::equal(path.begin(), path.end(), fields.begin(), fields.end(),
                    [](const Step& step, std::string_view field) {
                      return step.kind == Step::Kind::field ? step.field == field : field == "[]";
                    });
}

bool is_replicas(const Path& path) { return is_at(path, {"spec", "replicas"}); }

// The places that an injector (cert-manager, istiod, OLM ...) fills in.
bool is_ca_bundle(const Path& path, const ObjectId& id) {
  const auto of_group = [&](std::string_view group) { return id.api_version.starts_with(group); };
  return (of_group("admissionregistration.k8s.io/") &&
          is_at(path, {"webhooks", "[]", "clientConfig", "caBundle"})) ||
         (of_group("apiextensions.k8s.io/") &&
          is_at(path, {"spec", "conversion", "webhook", "clientConfig", "caBundle"})) ||
         (of_group("apiregistration.k8s.io/") && is_at(path, {"spec", "caBundle"}));
}

// Of the release's own field manager.
bool is_release(const Owner& owner, const DeployFacts& facts) { return owner.manager == facts.manager; }

// kubectl and its subcommands; what a person has typed.
bool is_person(const Owner& owner) { return owner.manager.starts_with("kubectl"); }

// kubectl rollout restart, and what a person does with the same annotation.
bool is_deliberate(const Path& path) {
  return path.size() > 2 && path[path.size() - 3].field == "metadata" &&
         path[path.size() - 2].field == "annotations" && path.back().field == kRestartedAt;
}

// An owner that is there to write this field.
bool is_expected(const Difference& difference, const ObjectId& id, const Owner& owner,
                 const DeployFacts& facts) {
  if (owner.subresource == "status") return !is_person(owner);
  if (is_replicas(difference.path))
    return owner.subresource == "scale" && !is_person(owner) &&
           facts.autoscaled.contains(id.kind + "/" + id.ns + "/" + id.name);
  return is_ca_bundle(difference.path, id) && !is_person(owner) && !is_release(owner, facts);
}

// The label and the annotations by which Helm knows its objects. It writes them under whichever name it runs
// (a controller that has Helm built in, a provider of Terraform).
bool is_helms_mark(const Path& path) {
  return path.size() == 3 && path[0].field == "metadata" &&
         ((path[1].field == "labels" && path[2].field == "app.kubernetes.io/managed-by") ||
          (path[1].field == "annotations" && path[2].field.starts_with("meta.helm.sh/release-name")));
}

// Helm writes local times, the API server writes UTC; what is no time is not before another.
bool is_before(std::string_view a, std::string_view b) {
  const auto x = parse_rfc3339(a);
  const auto y = parse_rfc3339(b);
  return x && y && *x < *y;
}

// Whether the API server wrote a place that only the cluster has. Nobody owns what defaulting or admission
// has added to an Apply; an Update owns whatever was stored with it, so there a place without an owner is no
// proof.
bool is_defaulting(const Ownership& ownership, const std::vector<const Owner*>& owners,
                   const DeployFacts& facts) {
  if (ownership.unknown()) return false;
  if (owners.empty())
    return std::any_of(ownership.owners().begin(), ownership.owners().end(), [&](const Owner& owner) {
      return is_release(owner, facts) && owner.operation == "Apply" && owner.subresource.empty();
    });
  return std::all_of(owners.begin(), owners.end(), [&](const Owner* owner) {
    return is_release(*owner, facts) && !facts.deployed.empty() &&
           (facts.superseded.empty() || is_before(owner->time, facts.superseded));
  });
}

// Whether nobody but Kubernetes and Helm has written a place that a server fills in. Who shares the ownership
// of a scalar or of an atomic list has written the same value; of a map or an element each may own another
// part.
bool is_servers_own(const Difference& difference, const std::vector<const Owner*>& owners,
                    const DeployFacts& facts) {
  const auto known = [&](const Owner* owner) {
    return is_release(*owner, facts) || std::ranges::find(kComponents, owner->manager) != kComponents.end();
  };
  if (owners.empty()) return true;
  const auto* type = difference.type;
  const bool whole = difference.live.value.is_scalar() ||
                     (type != nullptr && type->form == Type::Form::list && type->list == Type::List::atomic);
  return whole ? std::ranges::any_of(owners, known) : std::ranges::all_of(owners, known);
}

}  // namespace

std::string scale_target(const ObjectId& autoscaler, Node live) {
  if (autoscaler.kind != "HorizontalPodAutoscaler") return {};
  const auto* target = live.find({"spec", "scaleTargetRef"});
  if (target == nullptr) return {};
  return std::string(target->text_at("kind")) + "/" + autoscaler.ns + "/" +
         std::string(target->text_at("name"));
}

Cause classify(const Difference& difference, const ObjectId& id, const Ownership& ownership,
               const DeployFacts& facts, bool with_release, bool by_server) {
  const auto& live = difference.live;
  const auto& git = difference.git;
  const auto& release = with_release ? difference.release : difference.git;
  Cause cause;
  cause.owners = ownership.of(difference.path);
  const auto& owners = cause.owners;

  const auto declared_same = same(git, release, difference.type);
  if (!declared_same) {
    if (same(release, live, difference.type)) {
      cause.kind = DriftClass::undeployed;
    } else if (same(git, live, difference.type)) {
      cause.kind = DriftClass::unrecorded;
    } else {
      cause.kind = DriftClass::conflict;
      cause.note = "Git has changed since the deploy, and the cluster has been changed";
    }
    return cause;
  }
  if (!live.present) {
    cause.kind = DriftClass::missing;
    cause.note = "removed, author not recorded";
    return cause;
  }
  if (is_deliberate(difference.path)) {
    cause.kind = DriftClass::deliberate;
    return cause;
  }
  if (cause.owner() != nullptr && is_expected(difference, id, *cause.owner(), facts)) {
    cause.kind = DriftClass::controller;
    return cause;
  }
  if (git.present) {
    cause.kind = DriftClass::manual;
    if (owners.empty() && !ownership.unknown()) cause.note = "changed, author not recorded";
    return cause;
  }
  if ((by_server && (is_helms_mark(difference.path) || is_servers_own(difference, owners, facts))) ||
      is_defaulting(ownership, owners, facts)) {
    cause.kind = DriftClass::controller;
    cause.note = "filled in by the API server";
    return cause;
  }
  cause.kind = DriftClass::extra;
  return cause;
}

}  // namespace assay::drift

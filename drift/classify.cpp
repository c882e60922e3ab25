#include "drift/classify.h"

#include <algorithm>

#include "core/rfc3339.h"

namespace assay::drift {
namespace {

constexpr std::string_view kRestartedAt = "kubectl.kubernetes.io/restartedAt";

bool same(const Side& a, const Side& b, const Type* type) {
  return a.present == b.present && (!a.present || same_value(type, a.value, b.value));
}

bool ends_with(const Path& path, std::string_view field) {
  return !path.empty() && path.back().kind == Step::Kind::field && path.back().field == field;
}

bool is_replicas(const Path& path) {
  return path.size() == 2 && path[0].field == "spec" && path[1].field == "replicas";
}

// Of the release's own field manager.
bool is_release(const Owner& owner, const DeployFacts& facts) { return owner.manager == facts.manager; }

// kubectl and its subcommands; what a person has typed.
bool is_person(const Owner& owner) { return owner.manager.starts_with("kubectl"); }

// kubectl rollout restart, and what a person does with the same annotation.
bool is_deliberate(const Difference& difference) { return ends_with(difference.path, kRestartedAt); }

// An owner that is there to write this field.
bool is_expected(const Difference& difference, const ObjectId& id, const Owner& owner,
                 const DeployFacts& facts) {
  if (owner.subresource == "status") return true;
  if (is_replicas(difference.path))
    return owner.subresource == "scale" && !is_person(owner) &&
           facts.autoscaled.contains(id.kind + "/" + id.ns + "/" + id.name);
  // Webhooks, CRD conversions and APIServices get it from an injector (cert-manager, istiod, OLM ...).
  if (ends_with(difference.path, "caBundle")) return !is_person(owner) && !is_release(owner, facts);
  return false;
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
  const auto owners = ownership.of(difference.path);
  Cause cause;
  if (!owners.empty()) cause.owner = owners.back();

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
  if (is_deliberate(difference)) {
    cause.kind = DriftClass::deliberate;
    return cause;
  }
  if (cause.owner != nullptr && is_expected(difference, id, *cause.owner, facts)) {
    cause.kind = DriftClass::controller;
    return cause;
  }
  if (git.present) {
    cause.kind = DriftClass::manual;
    if (cause.owner == nullptr && !ownership.unknown()) cause.note = "changed, author not recorded";
    return cause;
  }
  if (by_server || is_defaulting(ownership, owners, facts)) {
    cause.kind = DriftClass::controller;
    cause.note = "filled in by the API server";
    return cause;
  }
  cause.kind = DriftClass::extra;
  return cause;
}

}  // namespace assay::drift

#include <algorithm>
#include <array>
#include <string_view>

#include "drift/schema.h"

namespace assay::drift {
namespace {

using Steps = std::array<std::string_view, 6>;

// A place that is the server's with all that lies in it, in objects of a kind (empty: of all). A step is a
// key, "[]" for any element of a list, or the beginning of a key with a star behind it. `only` names the
// value, or its beginning with a star behind it, where that tells the server's from a person's.
struct Place {
  std::string_view kind;
  Steps steps;
  std::string_view only = {};
};

constexpr auto kPlaces = std::to_array<Place>({
    // what every object may get
    {"", {"metadata", "deletionTimestamp"}},
    {"", {"metadata", "deletionGracePeriodSeconds"}},
    {"", {"metadata", "finalizers", "[]"}, "kubernetes.io/*"},
    {"", {"metadata", "finalizers", "[]"}, "foregroundDeletion"},
    {"", {"metadata", "finalizers", "[]"}, "orphan"},
    // Helm, when it installs (pkg/action/validate.go, setMetadataVisitor)
    {"", {"metadata", "labels", "app.kubernetes.io/managed-by"}, "Helm"},
    {"", {"metadata", "annotations", "meta.helm.sh/release-name"}},
    {"", {"metadata", "annotations", "meta.helm.sh/release-namespace"}},
    // allocated (pkg/registry/core/service)
    {"Service", {"spec", "clusterIP"}},
    {"Service", {"spec", "clusterIPs"}},
    {"Service", {"spec", "ipFamilies"}},
    {"Service", {"spec", "ipFamilyPolicy"}},
    {"Service", {"spec", "healthCheckNodePort"}},
    {"Service", {"spec", "ports", "[]", "nodePort"}},
    {"Service", {"metadata", "finalizers", "[]"}, "service.kubernetes.io/*"},
    // the controllers of workloads
    {"Deployment", {"metadata", "annotations", "deployment.kubernetes.io/*"}},
    {"ReplicaSet", {"metadata", "annotations", "deployment.kubernetes.io/*"}},
    {"DaemonSet", {"metadata", "annotations", "deprecated.daemonset.template.generation"}},
    {"Job", {"spec", "selector", "matchLabels", "batch.kubernetes.io/controller-uid"}},
    {"Job", {"spec", "selector", "matchLabels", "controller-uid"}},
    {"Job", {"spec", "template", "metadata", "labels", "batch.kubernetes.io/controller-uid"}},
    {"Job", {"spec", "template", "metadata", "labels", "batch.kubernetes.io/job-name"}},
    {"Job", {"spec", "template", "metadata", "labels", "controller-uid"}},
    {"Job", {"spec", "template", "metadata", "labels", "job-name"}},
    {"Job", {"metadata", "labels", "batch.kubernetes.io/controller-uid"}},
    {"Job", {"metadata", "labels", "batch.kubernetes.io/job-name"}},
    {"Job", {"metadata", "labels", "controller-uid"}},
    {"Job", {"metadata", "labels", "job-name"}},
    {"Job", {"metadata", "annotations", "batch.kubernetes.io/job-tracking"}},
    {"CronJob", {"metadata", "annotations", "batch.kubernetes.io/*"}},
    // scheduler and admission (plugin/pkg/admission: serviceaccount, defaulttolerationseconds, priority)
    {"Pod", {"spec", "nodeName"}},
    {"Pod", {"spec", "priority"}},
    {"Pod", {"spec", "preemptionPolicy"}},
    {"Pod", {"spec", "serviceAccount"}, "default"},
    {"Pod", {"spec", "serviceAccountName"}, "default"},
    {"Pod", {"spec", "tolerations", "[]", "key"}, "node.kubernetes.io/*"},
    {"Pod", {"spec", "volumes", "[]", "name"}, "kube-api-access-*"},
    {"Pod", {"spec", "containers", "[]", "volumeMounts", "[]", "name"}, "kube-api-access-*"},
    {"Pod", {"spec", "initContainers", "[]", "volumeMounts", "[]", "name"}, "kube-api-access-*"},
    // volumes (pkg/controller/volume, plugin/pkg/admission/storage)
    {"PersistentVolumeClaim", {"spec", "volumeName"}},
    {"PersistentVolumeClaim", {"spec", "storageClassName"}},
    {"PersistentVolumeClaim", {"spec", "dataSourceRef"}},
    {"PersistentVolumeClaim", {"metadata", "annotations", "pv.kubernetes.io/*"}},
    {"PersistentVolumeClaim", {"metadata", "annotations", "volume.kubernetes.io/*"}},
    {"PersistentVolumeClaim", {"metadata", "annotations", "volume.beta.kubernetes.io/*"}},
    {"PersistentVolume", {"spec", "claimRef"}},
    {"PersistentVolume", {"metadata", "annotations", "pv.kubernetes.io/*"}},
    {"PersistentVolume", {"metadata", "annotations", "volume.kubernetes.io/*"}},
    {"PersistentVolume", {"metadata", "finalizers", "[]"}, "external-provisioner.volume.kubernetes.io/*"},
    // others
    {"Namespace", {"spec", "finalizers", "[]"}, "kubernetes"},
    {"Namespace", {"metadata", "labels", "kubernetes.io/metadata.name"}},
    {"ServiceAccount", {"secrets"}},
    {"Ingress", {"spec", "ingressClassName"}},
    {"HorizontalPodAutoscaler", {"metadata", "annotations", "autoscaling.alpha.kubernetes.io/*"}},
    {"Endpoints", {"metadata", "annotations", "endpoints.kubernetes.io/*"}},
    {"APIService", {"metadata", "labels", "kube-aggregator.kubernetes.io/*"}},
    {"CertificateSigningRequest", {"spec", "username"}},
    {"CertificateSigningRequest", {"spec", "groups"}},
    {"CertificateSigningRequest", {"spec", "uid"}},
    {"CertificateSigningRequest", {"spec", "extra"}},
});

constexpr std::string_view kElement = "[]";

bool fits(std::string_view pattern, std::string_view name) {
  if (!pattern.ends_with('*')) return pattern == name;
  pattern.remove_suffix(1);
  return name.starts_with(pattern);
}

std::size_t length(const Steps& steps) {
  return static_cast<std::size_t>(std::ranges::find(steps, std::string_view{}) - steps.begin());
}

class Question {
 public:
  Question(const KindType* kind, const Path& path)
      : kind_(kind == nullptr ? std::string_view{} : kind->kind), deeper_(path.size() > at_.size()) {
    for (const auto& step : path) {
      if (depth_ == at_.size()) return;
      at_[depth_++] = step.kind == Step::Kind::field ? step.field : kElement;
    }
  }

  bool is_server(Node value) {
    if (std::ranges::any_of(kPlaces, [&](const Place& place) { return matches(place, value); })) return true;
    if (depth_ == at_.size()) return false;  // no place of the table is deeper
    auto& next = at_[depth_];
    const auto all = [&](auto&& parts, auto&& name, auto&& of) {
      ++depth_;
      const auto yes = !parts.empty() && std::ranges::all_of(parts, [&](const auto& part) {
        next = name(part);
        return is_server(of(part));
      });
      --depth_;
      return yes;
    };
    return all(
               value.entries(), [](const Entry& entry) { return entry.key; },
               [](const Entry& entry) { return entry.value; }) ||
           all(
               value.items(), [](Node) { return kElement; }, [](Node item) { return item; });
  }

 private:
  // Also what lies in the place, and an element that is told by one of its fields.
  bool matches(const Place& place, Node value) const {
    if (!place.kind.empty() && place.kind != kind_) return false;
    const auto size = length(place.steps);
    const auto by_value = !place.only.empty();
    const auto by_field = size == depth_ + 1 && depth_ > 0 && at_[depth_ - 1] == kElement && by_value;
    const auto here = size == depth_ && !deeper_;
    if (!here && !by_field && (by_value || size > depth_)) return false;
    if (!std::equal(at_.begin(), at_.begin() + static_cast<std::ptrdiff_t>(std::min(size, depth_)),
                    place.steps.begin(),
                    [](std::string_view name, std::string_view pattern) { return fits(pattern, name); }))
      return false;
    return !by_value || fits(place.only, by_field ? value.text_at(place.steps[depth_]) : value.text());
  }

  std::string_view kind_;
  Steps at_;  // of the path, as far as there is room
  std::size_t depth_ = 0;
  bool deeper_;  // the path goes on
};

}  // namespace

bool is_server_field(const KindType* kind, const Path& path, Node value) {
  // A Service without an address is a person's wish.
  const auto headless =
      value.is_string() && value.text() == "None" && !path.empty() && path.back().field == "clusterIP";
  return !headless && Question(kind, path).is_server(value);
}

}  // namespace assay::drift

#include "probes/kube_leftovers.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/utf8.h"
#include "kube/discovery.h"
#include "kube/release.h"
#include "probes/kube_reads.h"

namespace assay {
namespace {

// A kind that could not be read says nothing of the others; anything else that goes wrong ends the search.
bool is_of_one_kind(const Error& error) {
  return error.code == "kube.forbidden" || error.code == "kube.server" || error.code == "kube.not-found" ||
         error.code == "kube.no-kind" || error.code == "kube.invalid" || error.code == "kube.busy";
}

// What every namespace has by itself.
bool is_of_every_namespace(const std::string& kind, const std::string& name) {
  return (kind == "ServiceAccount" && name == "default") ||
         (kind == "ConfigMap" && name == "kube-root-ca.crt");
}

class Search {
 public:
  Search(const Leftovers& wanted, KubeClient& client, Attempt& attempt, Trace& trace)
      : wanted_(wanted), client_(client), attempt_(attempt), trace_(trace) {}

  Result<void> run() {
    for (const auto step : {&Search::look_at_namespace, &Search::look_at_revisions, &Search::look_at_objects,
                            &Search::look_at_volumes, &Search::look_at_crds}) {
      if (const auto done = (this->*step)(); !done) return done;
    }
    return conclude();
  }

 private:
  // Keeps what went wrong with one kind.
  Result<void> unread(const std::string& what, const Error& error) {
    if (!is_of_one_kind(error)) return Failure(error);
    unread_.push_back(what);
    if (!first_unread_) first_unread_ = error;
    return {};
  }

  Result<void> look_at_namespace() {
    const auto resource = client_.resource("namespaces", "v1", attempt_.context, trace_);
    if (!resource) return Failure(resource.error());
    const auto found = client_.get(*resource, "", wanted_.ns, attempt_.context, trace_);
    if (!found && found.error().code == "kube.not-found") {
      attempt_.seen["namespace"] = "absent";
      return {};
    }
    if (!found) return Failure(found.error());
    phase_ = value_at(*found, {"status"}).get("phase", "Active");
    attempt_.seen["namespace"] = phase_;
    finalizers_ = texts_of(value_at(*found, {"metadata"}), "finalizers");
    // `kubernetes` is the namespace controller's own, which every namespace has.
    for (const std::string& one : texts_of(value_at(*found, {"spec"}), "finalizers")) {
      if (one != "kubernetes") finalizers_.push_back(one);
    }
    Value shown = Value::array();
    if (const Value& conditions = value_at(*found, {"status", "conditions"}); conditions.is_array()) {
      for (const Value& one : conditions.items()) {
        if (one.get("status") != "True") continue;
        conditions_.push_back(one.get("message"));
        shown.push_back(Value::object({{"type", one.get("type")},
                                       {"reason", one.get("reason")},
                                       {"message", shorten(printable(one.get("message")), 400)}}));
      }
    }
    attempt_.seen["finalizers"] = list_of(finalizers_);
    attempt_.seen["conditions"] = std::move(shown);
    return {};
  }

  Result<void> look_at_revisions() {
    if (wanted_.release.empty() || phase_.empty()) return {};
    const auto revisions = list_revisions(client_, wanted_.ns, wanted_.release, attempt_.context, trace_);
    if (!revisions) return unread("releases", revisions.error());
    Value shown = Value::array();
    for (const HelmRevision& one : *revisions)
      shown.push_back(Value::object({{"revision", one.revision}, {"status", one.status}}));
    if (!revisions->empty()) {
      release_ = fmt::format("release {} is there, revision {} is {}", wanted_.release,
                             revisions->front().revision, revisions->front().status);
    }
    attempt_.seen["revisions"] = std::move(shown);
    return {};
  }

  bool is_wanted(const KubeResource& resource) const {
    const auto has = [&](const char* verb) {
      return std::find(resource.verbs.begin(), resource.verbs.end(), verb) != resource.verbs.end();
    };
    if (resource.plural == "events" || !has("list") || !has("delete")) return false;
    return wanted_.kinds.empty() || choose(wanted_.kinds, resource);
  }
  static bool choose(const std::vector<std::string>& words, const KubeResource& resource) {
    return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
      return choose_resource({resource}, word, "") != nullptr;
    });
  }

  Result<void> look_at_objects() {
    const auto resources = client_.resources(attempt_.context, trace_);
    if (!resources) return Failure(resources.error());
    std::set<std::pair<std::string, std::string>> done;
    for (const KubeResource& one : *resources) {
      if (one.namespaced ? phase_.empty() : wanted_.release.empty()) continue;
      if (!is_wanted(one) || !done.insert({one.group, one.plural}).second) continue;
      if (const auto listed = look_at_kind(one); !listed) return listed;
    }
    for (const std::string& word : wanted_.kinds) {
      if (std::any_of(resources->begin(), resources->end(),
                      [&](const KubeResource& one) { return choose_resource({one}, word, "") != nullptr; }))
        continue;
      return fail("params.invalid", "setup", "`kinds` names " + word + ", which the server does not know");
    }
    attempt_.seen["object_count"] = objects_.size();
    attempt_.seen["objects"] = std::move(shown_objects_);
    if (!wanted_.release.empty()) attempt_.seen["cluster_scoped"] = std::move(shown_cluster_);
    return {};
  }

  Result<void> look_at_kind(const KubeResource& resource) {
    KubeSelection selection;
    selection.ns = resource.namespaced ? wanted_.ns : "";
    selection.metadata_only = true;
    const auto listed = client_.list(resource, selection, attempt_.context, trace_, [&](const Value& object) {
      take(resource, value_at(object, {"metadata"}));
      return true;
    });
    if (!listed) return unread(resource.plural, listed.error());
    return {};
  }

  bool is_of_release(const Value& metadata) const {
    const Value& notes = value_at(metadata, {"annotations"});
    if (notes.get("meta.helm.sh/release-name") == wanted_.release)
      return notes.get("meta.helm.sh/release-namespace") == wanted_.ns;
    // What a StatefulSet made of a chart's template carries its labels, and no annotation of Helm's.
    return value_at(metadata, {"labels"}).get("app.kubernetes.io/instance") == wanted_.release &&
           metadata.get("namespace") == wanted_.ns;
  }

  void take(const KubeResource& resource, const Value& metadata) {
    const std::string name = metadata.get("name");
    const std::vector<std::string> holds = texts_of(metadata, "finalizers");
    const bool terminating = metadata.find("deletionTimestamp") != nullptr;
    const bool of_release = !wanted_.release.empty() && is_of_release(metadata);
    if (!resource.namespaced) {
      if (!of_release) return;
      cluster_.push_back(resource.kind + " " + name);
      if (cluster_.size() <= kListed)
        shown_cluster_.push_back(Value::object({{"kind", resource.kind}, {"name", name}}));
      return;
    }
    if (is_of_every_namespace(resource.kind, name) && holds.empty()) return;
    if (!wanted_.namespace_gone && !of_release) return;
    std::string text = resource.kind + " " + name;
    if (!holds.empty()) text += fmt::format(" (finalizer {})", fmt::join(holds, ", "));
    // What has a finalizer is what holds the others: it is told first, unless Kubernetes itself sees to it.
    const bool first = std::any_of(holds.begin(), holds.end(),
                                   [](const std::string& one) { return !one.starts_with("kubernetes.io/"); });
    objects_.insert(first ? objects_.begin() : objects_.end(), std::move(text));
    Value one = Value::object({{"kind", resource.kind},
                               {"name", name},
                               {"finalizers", list_of(holds)},
                               {"terminating", terminating}});
    Value::Array& items = shown_objects_.items();
    items.insert(first ? items.begin() : items.end(), std::move(one));
    if (items.size() > kListed) items.pop_back();
  }

  Result<void> look_at_volumes() {
    Value shown = Value::array();
    const auto listed =
        each_object(client_, "persistentvolumes", {}, attempt_, trace_, [&](const Value& volume) {
          const Value& claim = value_at(volume, {"spec", "claimRef"});
          if (claim.get("namespace") != wanted_.ns) return;
          const std::string phase = value_at(volume, {"status"}).get("phase");
          // Bound volumes go with their claims, and those are objects of the namespace.
          if (!wanted_.namespace_gone && phase == "Bound") return;
          const std::string name = value_at(volume, {"metadata"}).get("name");
          const std::string policy = value_at(volume, {"spec"}).get("persistentVolumeReclaimPolicy");
          volumes_.push_back(fmt::format("PersistentVolume {} of claim {} is {} ({})", name,
                                         claim.get("name"), phase, policy));
          if (volumes_.size() > kListed) return;
          shown.push_back(Value::object(
              {{"name", name}, {"claim", claim.get("name")}, {"phase", phase}, {"policy", policy}}));
        });
    if (!listed) return unread("persistentvolumes", listed.error());
    attempt_.seen["volumes"] = std::move(shown);
    return {};
  }

  Result<void> look_at_crds() {
    if (wanted_.crds.empty()) return {};
    KubeSelection selection;
    selection.metadata_only = true;
    const auto listed =
        each_object(client_, "customresourcedefinitions", selection, attempt_, trace_, [&](const Value& crd) {
          const std::string name = value_at(crd, {"metadata"}).get("name");
          const bool wanted = std::any_of(wanted_.crds.begin(), wanted_.crds.end(),
                                          [&](const std::string& one) { return matches_glob(name, one); });
          if (wanted) crds_.push_back(name);
        });
    if (!listed) return unread("customresourcedefinitions", listed.error());
    attempt_.seen["crds"] = list_of(crds_);
    return {};
  }

  static std::string some(const std::vector<std::string>& list) {
    const auto end = list.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(list.size(), 3));
    std::string text = fmt::format("{}", fmt::join(list.begin(), end, ", "));
    if (list.size() > 3) text += fmt::format(" and {} more", list.size() - 3);
    return text;
  }

  std::string of_namespace() const {
    if (phase_ != "Terminating")
      return fmt::format("namespace {} is {}{}", wanted_.ns, phase_,
                         objects_.empty() ? "" : " and holds " + some(objects_));
    std::string text = fmt::format("namespace {} is Terminating", wanted_.ns);
    if (!finalizers_.empty())
      text += fmt::format(", its own finalizers are {}", fmt::join(finalizers_, ", "));
    if (!objects_.empty()) text += ", held by " + some(objects_);
    if (!conditions_.empty())
      text += ": " + shorten(printable(fmt::format("{}", fmt::join(conditions_, "; "))), 600);
    return text;
  }

  Result<void> conclude() {
    attempt_.seen["unread"] = list_of(unread_);
    std::vector<std::string> left;
    if (wanted_.namespace_gone && !phase_.empty()) left.push_back(of_namespace());
    if (!release_.empty()) left.push_back(release_);
    if (!wanted_.namespace_gone && !objects_.empty())
      left.push_back("objects of the release: " + some(objects_));
    if (!cluster_.empty()) left.push_back("cluster-scoped objects of the release: " + some(cluster_));
    if (!volumes_.empty()) left.push_back(some(volumes_));
    if (!crds_.empty()) left.push_back("CustomResourceDefinitions: " + some(crds_));
    if (!left.empty()) return fail("kube.left", "request", fmt::format("{}", fmt::join(left, "; ")));
    if (first_unread_) {
      Error error = *first_unread_;
      error.message = "nothing is left that could be seen, and not everything could: " + error.message;
      return Failure(std::move(error));
    }
    return {};
  }

  const Leftovers& wanted_;
  KubeClient& client_;
  Attempt& attempt_;
  Trace& trace_;
  std::string phase_;  // of the namespace; empty: it is gone
  std::string release_;
  std::vector<std::string> finalizers_, conditions_, objects_, cluster_, volumes_, crds_, unread_;
  Value shown_objects_ = Value::array();
  Value shown_cluster_ = Value::array();
  std::optional<Error> first_unread_;
};

}  // namespace

Result<void> find_leftovers(const Leftovers& wanted, KubeClient& client, Attempt& attempt, Trace& trace) {
  return Search(wanted, client, attempt, trace).run();
}

}  // namespace assay

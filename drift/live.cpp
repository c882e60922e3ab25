#include "drift/live.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "drift/reader.h"

namespace assay::drift {
namespace {

constexpr int kPage = 500;
constexpr std::size_t kMostPage = 1U << 30;
constexpr std::size_t kMostNodes = 50'000'000;
constexpr std::string_view kRelease = "meta.helm.sh/release-name";
constexpr std::string_view kReleaseNs = "meta.helm.sh/release-namespace";

std::string_view group_of(std::string_view api_version) {
  const auto slash = api_version.find('/');
  return slash == std::string_view::npos ? std::string_view{} : api_version.substr(0, slash);
}

// Of this kind alone, as opposed to the server being gone or the time being up.
bool of_kind(const Error& error) {
  return error.code == "kube.forbidden" || error.code == "kube.not-found" || error.code == "kube.invalid" ||
         error.code == "kube.expired" || error.code == "kube.no-kind" || error.code == "kube.server" ||
         error.code == "drift.manifest" || error.code == "protocol.too-large";
}

}  // namespace

std::optional<SecretsRead> secrets_read(std::string_view name) {
  if (name == "none") return SecretsRead::none;
  if (name == "release") return SecretsRead::release;
  if (name == "full") return SecretsRead::full;
  return std::nullopt;
}

std::vector<LiveKind> kinds_of(const Desired& desired, SecretsRead secrets) {
  std::vector<LiveKind> kinds;
  std::set<std::string> seen;
  for (const auto* side : {desired.git, desired.release}) {
    if (side == nullptr) continue;
    for (const auto& document : side->all()) {
      const auto& id = document.id;
      if (secrets == SecretsRead::none && id.kind == "Secret" && id.api_version == "v1") continue;
      if (seen.insert(fmt::format("{}/{}/{}", group_of(id.api_version), id.kind, id.ns)).second)
        kinds.push_back({id.api_version, id.kind, id.ns});
    }
  }
  return kinds;
}

const KubeResource* LiveReader::find(std::string_view api_version, std::string_view kind) const {
  const auto found = std::find_if(resources_.begin(), resources_.end(), [&](const KubeResource& one) {
    return one.kind == kind && one.api_version() == api_version &&
           std::find(one.verbs.begin(), one.verbs.end(), "list") != one.verbs.end();
  });
  return found == resources_.end() ? nullptr : &*found;
}

Result<void> LiveReader::read(const std::vector<LiveKind>& kinds, LiveComparison& comparison,
                              const Context& context, ReleaseDrift& out) {
  std::optional<Error> gone;
  for (const auto& kind : kinds) {
    if (gone) {
      comparison.unreadable(kind.api_version, kind.kind, kind.ns, *gone);
      continue;
    }
    const auto* resource = find(kind.api_version, kind.kind);
    if (resource == nullptr) {
      comparison.unreadable(kind.api_version, kind.kind, kind.ns,
                            fail("kube.no-kind", "request",
                                 fmt::format("the cluster does not know {} {}", kind.api_version, kind.kind))
                                .value());
      continue;
    }
    const auto hidden = withheld(kind);
    bool begun = false;
    const auto listed = list(*resource, kind, context, [&](const ObjectId& id, Node object, Arena& arena) {
      begun = true;
      take(id, object, comparison, arena, hidden);
    });
    if (listed) continue;
    if (listed.error().code == "harness.cancelled") return listed;
    comparison.unreadable(kind.api_version, kind.kind, kind.ns, listed.error());
    // All that is declared may have been on the pages before; what nobody declares may be on the others.
    if (begun && of_kind(listed.error()))
      out.problems.push_back({listed.error().code, fmt::format("the list of {} broke off: {}",
                                                               resource->plural, listed.error().message)});
    if (!of_kind(listed.error())) {
      gone = listed.error();
      out.problems.push_back({gone->code, "live objects could not be read: " + gone->message});
    }
  }
  return {};
}

Result<std::set<std::string>> LiveReader::autoscaled(const std::set<std::string>& namespaces,
                                                     const Context& context,
                                                     std::vector<std::string>& warnings) {
  std::set<std::string> targets;
  const auto* resource = find("autoscaling/v2", "HorizontalPodAutoscaler");
  if (resource == nullptr) return targets;
  for (const auto& ns : namespaces) {
    const LiveKind kind{"autoscaling/v2", "HorizontalPodAutoscaler", ns};
    const auto listed = list(*resource, kind, context, [&](const ObjectId& id, Node object, Arena&) {
      if (auto target = scale_target(id, object); !target.empty()) targets.insert(std::move(target));
    });
    if (listed) continue;
    if (!of_kind(listed.error())) return Failure(listed.error());
    warnings.push_back("autoscalers could not be read, so what they scale looks changed by hand: " +
                       listed.error().message);
  }
  return targets;
}

bool LiveReader::withheld(const LiveKind& kind) const {
  return kind.kind == "Secret" && kind.api_version == "v1" && secrets_ != SecretsRead::full;
}

Result<void> LiveReader::list(
    const KubeResource& resource, const LiveKind& kind, const Context& context,
    const std::function<void(const ObjectId& id, Node object, Arena& arena)>& take) {
  Arena arena;
  std::string next;
  do {
    KubeRequest request;
    request.path = fmt::format("{}?limit={}", resource.path(kind.ns), kPage);
    if (!next.empty()) request.path += "&continue=" + url_escaped(next);
    request.max_body = kMostPage;
    if (withheld(kind)) request.accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    Value seen = Value::object();
    Trace trace(seen);
    const auto text = client_.text(request, context, trace);
    if (!text) return Failure(text.error());
    arena.reset();
    const auto page = read_json(*text, arena, {128, kMostNodes});
    if (!page) {
      return fail("drift.manifest", "transfer",
                  fmt::format("the API server's list of {} cannot be read: {}", resource.plural,
                              page.error().message));
    }
    const auto* items = page->find("items");
    const auto* again = page->find({"metadata", "continue"});
    next = again == nullptr ? std::string() : std::string(again->text());
    if (items == nullptr) continue;
    for (auto item : items->items()) {
      const auto* metadata = item.find("metadata");
      if (metadata == nullptr) continue;
      // Items of a list do not say what they are.
      set_member(item, "apiVersion", Node::of(arena.keep(kind.api_version)), arena);
      set_member(item, "kind", Node::of(arena.keep(kind.kind)), arena);
      take({kind.api_version, kind.kind, std::string(metadata->text_at("namespace")),
            std::string(metadata->text_at("name"))},
           item, arena);
    }
  } while (!next.empty());
  return {};
}

void LiveReader::take(const ObjectId& id, Node object, LiveComparison& comparison, Arena& arena,
                      bool withheld) const {
  if (!comparison.wants(id)) {
    const auto* annotations = object.find({"metadata", "annotations"});
    if (annotations == nullptr || release_.empty() || annotations->text_at(kRelease) != release_ ||
        annotations->text_at(kReleaseNs) != release_ns_)
      return;
  }
  comparison.take(id, object, arena, withheld);
}

}  // namespace assay::drift

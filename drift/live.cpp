#include "drift/live.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "drift/reader.h"

namespace assay {
namespace {

constexpr int kPage = 500;
constexpr std::size_t kMostPage = 1U << 30;
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
    const auto listed = list(*resource, kind, comparison, context);
    if (listed) continue;
    if (listed.error().code == "harness.cancelled") return listed;
    comparison.unreadable(kind.api_version, kind.kind, kind.ns, listed.error());
    if (!of_kind(listed.error())) {
      gone = listed.error();
      out.problems.push_back({gone->code, "live objects could not be read: " + gone->message});
    }
  }
  return {};
}

Result<void> LiveReader::list(const KubeResource& resource, const LiveKind& kind, LiveComparison& comparison,
                              const Context& context) {
  Arena arena;
  std::string next;
  do {
    KubeRequest request;
    request.path = fmt::format("{}?limit={}", resource.path(kind.ns), kPage);
    if (!next.empty()) request.path += "&continue=" + url_escaped(next);
    request.max_body = kMostPage;
    if (kind.kind == "Secret" && kind.api_version == "v1" && secrets_ != SecretsRead::full)
      request.accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    Value seen = Value::object();
    Trace trace(seen);
    const auto text = client_.text(request, context, trace);
    if (!text) return Failure(text.error());
    arena.reset();
    const auto page = read_json(*text, arena, {128, 50'000'000});
    if (!page) {
      return fail("drift.manifest", "transfer",
                  fmt::format("the API server's list of {} cannot be read: {}", resource.plural,
                              page.error().message));
    }
    const auto* items = page->find("items");
    const auto* again = page->find({"metadata", "continue"});
    next = again == nullptr ? std::string() : std::string(again->text());
    if (items == nullptr) continue;
    for (const auto item : items->items()) take(item, kind, comparison, arena);
  } while (!next.empty());
  return {};
}

void LiveReader::take(Node object, const LiveKind& kind, LiveComparison& comparison, Arena& arena) const {
  const auto* metadata = object.find("metadata");
  if (metadata == nullptr) return;
  const ObjectId id{kind.api_version, kind.kind, std::string(metadata->text_at("namespace")),
                    std::string(metadata->text_at("name"))};
  if (!comparison.wants(id)) {
    const auto* annotations = metadata->find("annotations");
    if (annotations == nullptr || annotations->text_at(kRelease) != facts_.release ||
        annotations->text_at(kReleaseNs) != facts_.release_ns || facts_.release.empty())
      return;
  }
  // Items of a list do not say what they are.
  set_member(object, "apiVersion", Node::of(arena.keep(kind.api_version)), arena);
  set_member(object, "kind", Node::of(arena.keep(kind.kind)), arena);
  comparison.take(id, object, arena);
}

std::vector<Node> custom_definitions(KubeClient& client, const std::vector<KubeResource>& resources,
                                     const Desired& desired, const Schema& schema, const Context& context,
                                     Arena& arena, std::vector<std::string>& warnings) {
  std::set<std::string> names;
  for (const auto* side : {desired.git, desired.release}) {
    if (side == nullptr) continue;
    for (const auto& document : side->all()) {
      const auto& id = document.id;
      if (schema.find(id.api_version, id.kind) != nullptr) continue;
      for (const auto& one : resources) {
        if (one.kind == id.kind && !one.group.empty() && one.group == group_of(id.api_version))
          names.insert(one.plural + "." + one.group);
      }
    }
  }
  std::vector<Node> found;
  for (const auto& name : names) {
    KubeRequest request;
    request.path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/" + name;
    Value seen = Value::object();
    Trace trace(seen);
    auto text = client.text(request, context, trace);
    if (!text && text.error().code == "kube.not-found") continue;  // of an aggregated API server
    if (!text) {
      warnings.push_back(
          fmt::format("the definition of {} could not be read, so its objects are compared "
                      "exactly: {}",
                      name, text.error().message));
      continue;
    }
    if (const auto tree = read_json(arena.keep(*text), arena); tree) found.push_back(*tree);
  }
  return found;
}

void withhold_secrets(ReleaseDrift& drift) {
  for (auto& object : drift.objects) {
    if (object.id.kind != "Secret" || object.id.api_version != "v1") continue;
    if (object.verdict != ObjectVerdict::changed && object.verdict != ObjectVerdict::same) continue;
    std::vector<FieldDrift> kept;
    for (auto& field : object.fields) {
      if (field.path.starts_with("/metadata/")) {
        kept.push_back(std::move(field));
        continue;
      }
      if (drift.revision == 0 || field.git == field.release) continue;
      field.kind = DriftClass::undeployed;
      field.note = "what lives was not read";
      kept.push_back(std::move(field));
    }
    object.fields = std::move(kept);
    if (object.fields.empty()) object.verdict = ObjectVerdict::same;
    if (object.note.empty()) object.note = "values were not read";
  }
}

}  // namespace assay

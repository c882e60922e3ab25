#include "drift/live.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <set>

#include "drift/reader.h"

namespace assay::drift {
namespace {

constexpr int kPage = 500;
constexpr std::size_t kMostPage = 1U << 30;
// A kind whose conversion fails leaves time for the others.
constexpr auto kPatience = std::chrono::minutes(2);
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

ObjectId id_of(const LiveKind& kind, const Node& object) {
  const auto* metadata = object.find("metadata");
  return {kind.api_version, kind.kind, std::string(metadata->text_at("namespace")),
          std::string(metadata->text_at("name"))};
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

// One page of a LIST, taken apart: what lies in `items` lies in `text` and `arena`.
struct LiveReader::Page {
  std::string text;
  Arena arena;
  std::vector<Node> items;
  std::string next;  // where the next page begins; empty: this is the last
};

Result<void> LiveReader::read(const std::vector<LiveKind>& kinds, LiveComparison& comparison,
                              const Context& context, ReleaseDrift& out) {
  std::vector<List> lists;
  for (const auto& kind : kinds) {
    if (const auto* resource = find(kind.api_version, kind.kind); resource != nullptr) {
      lists.push_back({kind, *resource});
      continue;
    }
    comparison.unreadable(kind.api_version, kind.kind, kind.ns,
                          fail("kube.no-kind", "request",
                               fmt::format("the cluster does not know {} {}", kind.api_version, kind.kind))
                              .value());
  }
  const List* begun = nullptr;
  std::optional<Error> cancelled;
  each_page(lists, context, [&](const List& list, Result<std::unique_ptr<Page>> page) {
    if (page) {
      begun = &list;
      for (const auto& item : (*page)->items)
        take(list.kind, item, comparison, (*page)->arena, withheld(list.kind));
      return true;
    }
    const Error& error = page.error();
    if (error.code == "harness.cancelled") {
      cancelled = error;
      return false;
    }
    comparison.unreadable(list.kind.api_version, list.kind.kind, list.kind.ns, error);
    if (of_kind(error)) {
      // All that is declared may have been on the pages before; what nobody declares may be on the others.
      if (begun == &list)
        out.problems.push_back(
            {error.code, fmt::format("the list of {} broke off: {}", list.resource.plural, error.message)});
      return true;
    }
    out.problems.push_back({error.code, "live objects could not be read: " + error.message});
    for (const auto* left = &list + 1; left != lists.data() + lists.size(); ++left)
      comparison.unreadable(left->kind.api_version, left->kind.kind, left->kind.ns, error);
    return false;
  });
  if (cancelled) return Failure(*cancelled);
  return {};
}

Result<std::set<std::string>> LiveReader::autoscaled(const std::set<std::string>& namespaces,
                                                     const Context& context,
                                                     std::vector<std::string>& warnings) {
  std::set<std::string> targets;
  const auto* resource = find("autoscaling/v2", "HorizontalPodAutoscaler");
  if (resource == nullptr) return targets;
  std::vector<List> lists;
  for (const auto& ns : namespaces)
    lists.push_back({{"autoscaling/v2", "HorizontalPodAutoscaler", ns}, *resource});
  std::optional<Error> gone;
  each_page(lists, context, [&](const List& list, Result<std::unique_ptr<Page>> page) {
    if (page) {
      for (const auto& item : (*page)->items) {
        if (auto target = scale_target(id_of(list.kind, item), item); !target.empty())
          targets.insert(std::move(target));
      }
      return true;
    }
    if (!of_kind(page.error())) {
      gone = page.error();
      return false;
    }
    warnings.push_back("autoscalers could not be read, so what they scale looks changed by hand: " +
                       page.error().message);
    return true;
  });
  if (gone) return Failure(*gone);
  return targets;
}

bool LiveReader::withheld(const LiveKind& kind) const {
  return kind.kind == "Secret" && kind.api_version == "v1" && secrets_ != SecretsRead::full;
}

void LiveReader::each_page(
    const std::vector<List>& lists, const Context& context,
    const std::function<bool(const List& list, Result<std::unique_ptr<Page>> page)>& use) {
  const auto ask = [&](std::size_t at, const std::string& from) {
    // Where the system gives no thread, it is fetched when it is wanted.
    return std::async(std::launch::async | std::launch::deferred,
                      [this, &list = lists[at], from, &context] { return fetch(list, from, context); });
  };
  std::future<Result<std::unique_ptr<Page>>> coming;
  std::string next;
  for (std::size_t at = 0; at < lists.size();) {
    if (!coming.valid()) coming = ask(at, next);
    auto page = coming.get();
    const auto& list = lists[at];
    next = page ? (*page)->next : std::string();
    if (next.empty()) ++at;
    // A server that does not answer is not asked once more for nothing.
    if (page && at < lists.size()) coming = ask(at, next);
    if (!use(list, std::move(page))) return;
  }
}

Result<std::unique_ptr<LiveReader::Page>> LiveReader::fetch(const List& list, const std::string& from,
                                                            const Context& context) const {
  KubeRequest request;
  request.path = fmt::format("{}?limit={}", list.resource.path(list.kind.ns), kPage);
  if (!from.empty()) request.path += "&continue=" + url_escaped(from);
  request.max_body = kMostPage;
  if (withheld(list.kind))
    request.accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
  Value seen = Value::object();
  Trace trace(seen);
  request.patience = std::min<Duration>(kPatience, context.deadline().left() / 4);
  auto text = client_.text(request, context, trace);
  if (!text) return Failure(text.error());
  auto page = std::make_unique<Page>();
  page->text = std::move(*text);
  const auto root = read_json(page->text, page->arena, {128, kMostNodes});
  const auto wrong = [&](std::string_view why) {
    return fail("drift.manifest", "transfer",
                fmt::format("the API server's list of {} cannot be read: {}", list.resource.plural, why));
  };
  if (!root) return wrong(root.error().message);
  if (const auto* again = root->find({"metadata", "continue"}); again != nullptr) page->next = again->text();
  const auto* items = root->find("items");
  // Go writes an empty list as null, too.
  if (items == nullptr || !(items->is_list() || items->is_null())) return wrong("it has no items");
  for (auto item : items->items()) {
    const auto* metadata = item.find("metadata");
    if (metadata == nullptr || metadata->text_at("name").empty()) return wrong("an item has no name");
    // Items of a list do not say what they are.
    set_member(item, "apiVersion", Node::of(page->arena.keep(list.kind.api_version)), page->arena);
    set_member(item, "kind", Node::of(page->arena.keep(list.kind.kind)), page->arena);
    page->items.push_back(item);
  }
  return page;
}

void LiveReader::take(const LiveKind& kind, Node object, LiveComparison& comparison, Arena& arena,
                      bool withheld) const {
  const ObjectId id = id_of(kind, object);
  if (!comparison.wants(id)) {
    const auto* annotations = object.find({"metadata", "annotations"});
    if (annotations == nullptr || release_.empty() || annotations->text_at(kRelease) != release_ ||
        annotations->text_at(kReleaseNs) != release_ns_)
      return;
  }
  comparison.take(id, object, arena, withheld);
}

}  // namespace assay::drift

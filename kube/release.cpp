#include "kube/release.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <tuple>

#include "core/base64.h"
#include "core/utf8.h"
#include "kube/gunzip.h"

namespace assay {
namespace {

constexpr std::size_t kMostUnpacked = 256U << 20;
constexpr std::string_view kMagic{"\x1f\x8b\x08", 3};

const Value& member(const Value& value, std::string_view key) {
  static const Value none;
  const Value* found = value.find(key);
  return found == nullptr ? none : *found;
}

HelmRelease::Hook hook_of(const Value& value) {
  HelmRelease::Hook hook{value.get("name"), value.get("kind"), value.get("path"), value.get("manifest"), {}};
  if (const Value& events = member(value, "events"); events.is_array()) {
    for (const Value& event : events.items()) {
      if (event.is_string()) hook.events.push_back(event.string());
    }
  }
  return hook;
}

Result<HelmRelease> release_of(const Value& json) {
  HelmRelease release;
  release.name = json.get("name");
  release.ns = json.get("namespace");
  release.revision = static_cast<int>(json.get_int("version"));
  if (release.name.empty() || release.revision <= 0)
    return fail("helm.release", "transfer", "the stored release has no name or no revision");
  // Helm leaves out what is empty.
  if (const Value& manifest = member(json, "manifest"); !manifest.is_null() && !manifest.is_string())
    return fail("helm.release", "transfer", "the stored release's manifest is no text");
  if (const Value& hooks = member(json, "hooks"); !hooks.is_null() && !hooks.is_array())
    return fail("helm.release", "transfer", "the stored release's hooks are no list");
  const Value& info = member(json, "info");
  release.status = info.get("status");
  release.description = info.get("description");
  release.first_deployed = info.get("first_deployed");
  release.last_deployed = info.get("last_deployed");
  const Value& chart = member(json, "chart");
  const Value& metadata = member(chart, "metadata");
  release.chart = metadata.get("name");
  release.chart_version = metadata.get("version");
  release.app_version = metadata.get("appVersion");
  release.values = member(json, "config");
  release.chart_values = member(chart, "values");
  release.manifest = json.get("manifest");
  if (const Value& hooks = member(json, "hooks"); hooks.is_array()) {
    for (const Value& hook : hooks.items()) release.hooks.push_back(hook_of(hook));
  }
  if (const Value& files = member(chart, "files"); files.is_array()) {
    for (const Value& file : files.items()) {
      const auto path = file.get("name");
      if (!path.starts_with("crds/")) continue;
      const auto text = decode_base64(file.get("data"));
      if (!text)
        return fail("helm.release", "transfer", "the stored release's file " + path + " is not base64");
      release.crds.push_back({path, *text});
    }
  }
  return release;
}

int number_of(const std::string& text) {
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// Metadata of what `resource` holds of Helm's.
Result<void> list_labels(KubeClient& client, const KubeResource& resource, bool secret, const std::string& ns,
                         const std::string& name, const Context& context, Trace& trace,
                         std::vector<HelmRevision>& found) {
  KubeSelection selection;
  selection.ns = ns;
  selection.labels = name.empty() ? "owner=helm" : "owner=helm,name=" + name;
  selection.metadata_only = true;
  const auto listed = client.list(resource, selection, context, trace, [&](const Value& object) {
    const Value& metadata = member(object, "metadata");
    const Value& labels = member(metadata, "labels");
    HelmRevision revision{metadata.get("name"), secret,
                          labels.get("name"),   metadata.get("namespace"),
                          labels.get("status"), number_of(labels.get("version"))};
    if (revision.revision > 0) found.push_back(std::move(revision));
    return true;
  });
  if (!listed) return Failure(listed.error());
  return {};
}

}  // namespace

Result<HelmRelease> decode_release(std::string_view stored) {
  const auto bytes = decode_base64(stored);
  if (!bytes) return fail("helm.release", "transfer", "the stored release is not base64");
  std::string text = *bytes;
  if (text.starts_with(kMagic)) {
    auto unpacked = gunzip(text, kMostUnpacked);
    if (!unpacked)
      return fail("helm.release", "transfer",
                  "the stored release cannot be read: " + unpacked.error().message);
    text = std::move(*unpacked);
  }
  const auto json = parse_json(text);
  if (!json || !json->is_object())
    return fail("helm.release", "transfer",
                "the stored release is " + (json ? "no object" : json.error().message));
  return release_of(*json);
}

Result<std::vector<HelmRevision>> list_revisions(KubeClient& client, const std::string& ns,
                                                 const std::string& name, const Context& context,
                                                 Trace& trace, bool secrets) {
  std::vector<HelmRevision> found;
  for (const std::string word : {"secrets", "configmaps"}) {
    if (word == "secrets" && !secrets) continue;
    const auto resource = client.resource(word, "v1", context, trace);
    if (!resource) return Failure(resource.error());
    const bool secret = resource->kind == "Secret";
    const auto listed = list_labels(client, *resource, secret, ns, name, context, trace, found);
    if (!listed) return Failure(listed.error());
  }
  std::sort(found.begin(), found.end(), [](const HelmRevision& a, const HelmRevision& b) {
    return std::tie(a.ns, a.name, b.revision) < std::tie(b.ns, b.name, a.revision);
  });
  return found;
}

Result<std::vector<HelmRevision>> revisions_of(KubeClient& client, const std::string& ns,
                                               const std::string& name, const Context& context,
                                               Trace& trace) {
  auto revisions = list_revisions(client, ns, name, context, trace);
  if (revisions && revisions->empty())
    return fail("helm.no-release", "request", fmt::format("namespace {} holds no release {}", ns, name));
  return revisions;
}

Result<HelmRelease> read_release(KubeClient& client, const HelmRevision& revision, const Context& context,
                                 Trace& trace) {
  const auto resource = client.resource(revision.secret ? "secrets" : "configmaps", "v1", context, trace);
  if (!resource) return Failure(resource.error());
  const auto object = client.get(*resource, revision.ns, revision.object, context, trace);
  if (!object) return Failure(object.error());
  const std::string stored = member(*object, "data").get("release");
  if (!revision.secret) return decode_release(stored);
  const auto bytes = decode_base64(stored);
  if (!bytes) return fail("helm.release", "transfer", "the Secret's key `release` is not base64");
  return decode_release(*bytes);
}

}  // namespace assay

#include "kube/discovery.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/utf8.h"
#include "kube/client.h"
#include "net/http.h"

namespace assay {
namespace {

constexpr const char* kAggregated =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

std::vector<std::string> texts(const Value& value, const char* key) {
  std::vector<std::string> list;
  const Value* items = value.find(key);
  if (items == nullptr || !items->is_array()) return list;
  for (const Value& item : items->items()) {
    if (item.is_string()) list.push_back(item.string());
  }
  return list;
}

const Value::Array& array_of(const Value& value, const char* key) {
  static const Value::Array none;
  const Value* found = value.find(key);
  return found != nullptr && found->is_array() ? found->items() : none;
}

// One group's resources of an aggregated document.
void append_group(const Value& group, std::vector<KubeResource>& resources) {
  const Value* meta = group.find("metadata");
  for (const Value& version : array_of(group, "versions")) {
    for (const Value& one : array_of(version, "resources")) {
      KubeResource resource;
      resource.group = meta == nullptr ? "" : meta->get("name");
      resource.version = version.get("version");
      const Value* kind = one.find("responseKind");
      resource.kind = kind == nullptr ? "" : kind->get("kind");
      resource.plural = one.get("resource");
      resource.singular = one.get("singularResource");
      resource.short_names = texts(one, "shortNames");
      resource.verbs = texts(one, "verbs");
      resource.namespaced = one.get("scope") == "Namespaced";
      if (!resource.plural.empty() && !resource.version.empty()) resources.push_back(std::move(resource));
    }
  }
}

// An APIResourceList of one group and version; subresources ("pods/log") are left out.
void append_list(const Value& document, std::vector<KubeResource>& resources) {
  const std::string group_version = document.get("groupVersion");
  const auto slash = group_version.find('/');
  for (const Value& one : array_of(document, "resources")) {
    KubeResource resource;
    resource.group = slash == std::string::npos ? "" : group_version.substr(0, slash);
    resource.version = slash == std::string::npos ? group_version : group_version.substr(slash + 1);
    resource.kind = one.get("kind");
    resource.plural = one.get("name");
    resource.singular = one.get("singularName");
    resource.short_names = texts(one, "shortNames");
    resource.verbs = texts(one, "verbs");
    resource.namespaced = one.get_bool("namespaced");
    if (resource.plural.find('/') == std::string::npos && !resource.version.empty())
      resources.push_back(std::move(resource));
  }
}

bool named(const KubeResource& resource, const std::string& lower) {
  const auto is = [&](const std::string& name) { return lower_ascii(name) == lower; };
  return is(resource.kind) || is(resource.plural) || is(resource.singular) ||
         std::any_of(resource.short_names.begin(), resource.short_names.end(), is);
}

}  // namespace

void append_resources(const Value& document, std::vector<KubeResource>& resources) {
  if (document.get("kind") == "APIGroupDiscoveryList") {
    for (const Value& group : array_of(document, "items")) append_group(group, resources);
  } else {
    append_list(document, resources);
  }
}

const KubeResource* choose_resource(const std::vector<KubeResource>& resources, const std::string& word,
                                    const std::string& api_version) {
  const std::string lower = lower_ascii(word);
  const std::size_t dot = lower.find('.');
  for (const KubeResource& resource : resources) {
    if (!api_version.empty() && resource.api_version() != api_version) continue;
    if (named(resource, lower)) return &resource;
    if (dot == std::string::npos || !named(resource, lower.substr(0, dot))) continue;
    const std::string rest = lower.substr(dot + 1);
    if (rest == resource.group || rest == resource.version + "." + resource.group) return &resource;
  }
  return nullptr;
}

Result<void> KubeDiscovery::read_tree(const std::string& path, const Context& context, Trace& trace,
                                      std::vector<KubeResource>& resources) {
  KubeRequest request;
  request.path = path;
  request.accept = kAggregated;
  const auto answer = call_(request, context, trace);
  if (!answer) return Failure(answer.error());
  const std::string kind = answer->get("kind");
  if (kind == "APIGroupDiscoveryList") {
    append_resources(*answer, resources);
    return {};
  }
  // An older server: /api lists versions, /apis groups with their versions.
  if (kind != "APIVersions" && kind != "APIGroupList")
    return fail("http.body", "transfer",
                "the API server's answer to GET " + path + " is no list of its kinds");
  std::vector<std::string> paths;
  for (const std::string& version : texts(*answer, "versions")) paths.push_back(path + "/" + version);
  for (const Value& group : array_of(*answer, "groups")) {
    for (const Value& version : array_of(group, "versions"))
      paths.push_back(path + "/" + version.get("groupVersion"));
  }
  for (const std::string& one : paths) {
    KubeRequest single;
    single.path = one;
    const auto list = call_(single, context, trace);
    // An aggregated API server that does not answer takes only its own group away.
    if (!list && list.error().code != "kube.server" && list.error().code != "kube.not-found")
      return Failure(list.error());
    if (list) append_resources(*list, resources);
  }
  return {};
}

Result<void> KubeDiscovery::read(const Context& context, Trace& trace) {
  std::vector<KubeResource> resources;
  for (const char* path : {"/api", "/apis"}) {
    if (const auto read = read_tree(path, context, trace, resources); !read) return read;
  }
  resources_ = std::move(resources);
  return {};
}

Result<std::vector<KubeResource>> KubeDiscovery::all(const Context& context, Trace& trace) {
  const std::lock_guard lock(mutex_);
  if (const auto done = read(context, trace); !done) return Failure(done.error());
  return *resources_;
}

Result<KubeResource> KubeDiscovery::find(const std::string& word, const std::string& api_version,
                                         const Context& context, Trace& trace) {
  const std::lock_guard lock(mutex_);
  const bool fresh = !resources_;
  if (fresh) {
    if (const auto done = read(context, trace); !done) return Failure(done.error());
  }
  const KubeResource* found = choose_resource(*resources_, word, api_version);
  if (found == nullptr && !fresh) {
    if (const auto done = read(context, trace); !done) return Failure(done.error());
    found = choose_resource(*resources_, word, api_version);
  }
  if (found != nullptr) return *found;
  const KubeResource* elsewhere = api_version.empty() ? nullptr : choose_resource(*resources_, word, "");
  return fail("kube.no-kind", "request",
              elsewhere != nullptr
                  ? fmt::format("the server has no {} in {}; it has one in {}", printable(word),
                                printable(api_version), elsewhere->api_version())
                  : fmt::format("the server knows no kind {}", printable(word)));
}

}  // namespace assay

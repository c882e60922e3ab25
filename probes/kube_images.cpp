// kube.images: the images that are needed are on the nodes, and none comes from a retired registry.
#include "probes/kube_images.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/yaml.h"
#include "kube/release.h"
#include "probes/cluster.h"
#include "probes/kube_image_name.h"
#include "probes/kube_reads.h"

namespace assay {
namespace {

// Collects what stands at `image` in the containers of any object, however deep its pod template lies.
void collect(const Value& value, std::set<std::string>& images) {
  if (value.is_array()) {
    for (const Value& item : value.items()) collect(item, images);
  }
  if (!value.is_object()) return;
  for (const Member& member : value.members()) {
    const bool containers =
        member.key == "containers" || member.key == "initContainers" || member.key == "ephemeralContainers";
    if (containers && member.value.is_array()) {
      for (const Value& container : member.value.items()) {
        if (const std::string image = container.get("image"); !image.empty()) images.insert(image);
      }
    }
    collect(member.value, images);
  }
}

// The same from lines that say `image: NAME`, for a document that the reader of suites does not take (it
// refuses numbers such as 0.10, which Kubernetes does take).
void collect_lines(const std::string& document, std::set<std::string>& images) {
  static constexpr std::string_view kKey = "image:";
  std::size_t at = 0;
  while (at < document.size()) {
    const auto end = std::min(document.find('\n', at), document.size());
    std::string_view line = std::string_view(document).substr(at, end - at);
    at = end + 1;
    line.remove_prefix(std::min(line.find_first_not_of(" -"), line.size()));
    if (!line.starts_with(kKey)) continue;
    line.remove_prefix(kKey.size());
    line.remove_prefix(std::min(line.find_first_not_of(" \"'"), line.size()));
    line = line.substr(0, line.find_first_of(" \t\r\"'#"));
    if (!line.empty() && line.find('{') == std::string_view::npos) images.emplace(line);
  }
}

}  // namespace

void collect_images(const std::string& manifest, std::set<std::string>& images) {
  std::size_t begin = 0;
  while (begin < manifest.size()) {
    auto end = manifest.find("\n---", begin);
    if (end == std::string::npos) end = manifest.size();
    std::string document = manifest.substr(begin, end - begin);
    if (document.starts_with("---")) document.erase(0, document.find('\n'));
    begin = end + 1;
    // CustomResourceDefinitions are long, and what they call containers are none.
    if (document.find("image") == std::string::npos ||
        document.find("\nkind: CustomResourceDefinition") != std::string::npos)
      continue;
    const auto value = parse_yaml(document, 0);
    if (value) collect(*value, images);
    if (!value) collect_lines(document, images);
  }
}

namespace {

Result<std::set<std::string>> of_release(KubeClient& client, const std::string& ns, const std::string& name,
                                         const Attempt& attempt, Trace& trace) {
  const auto revisions = revisions_of(client, ns, name, attempt.context, trace);
  if (!revisions) return Failure(revisions.error());
  const auto release = read_release(client, revisions->front(), attempt.context, trace);
  if (!release) return Failure(release.error());
  std::set<std::string> images;
  collect_images(release->manifest, images);
  for (const HelmRelease::Hook& hook : release->hooks) collect_images(hook.manifest, images);
  return images;
}

struct Node {
  std::string name;
  std::vector<ImageName> images;
  std::size_t listed = 0;
};

Node node_of(const Value& object) {
  Node node;
  node.name = value_at(object, {"metadata"}).get("name");
  const Value& images = value_at(object, {"status", "images"});
  if (!images.is_array()) return node;
  node.listed = images.items().size();
  for (const Value& image : images.items()) {
    for (const std::string& name : texts_of(image, "names")) node.images.push_back(read_image_name(name));
  }
  return node;
}

bool has(const Node& node, const ImageName& image) {
  return std::any_of(node.images.begin(), node.images.end(),
                     [&](const ImageName& one) { return image.is(one); });
}

// Holds every image against every node and against the rules.
Result<void> compare(const std::set<std::string>& needed, const std::vector<Node>& nodes,
                     const std::vector<std::string>& rules, std::size_t cut_at, Value& seen) {
  std::vector<std::string> missing;
  std::vector<std::string> unknown;
  std::vector<std::string> retired;
  for (const std::string& written : needed) {
    const ImageName image = read_image_name(written);
    for (const std::string& rule : rules) {
      if (matches_glob(image.repository, rule)) retired.push_back(fmt::format("{} ({})", image.text(), rule));
    }
    for (const Node& node : nodes) {
      if (has(node, image)) continue;
      const std::string text = fmt::format("{} is not on {}", image.text(), node.name);
      (node.listed >= cut_at ? unknown : missing).push_back(text);
    }
  }
  Value all = Value::array();
  for (const std::string& one : needed) all.push_back(read_image_name(one).text());
  Value shown = Value::array();
  for (const Node& node : nodes) {
    if (shown.items().size() < kListed)
      shown.push_back(
          Value::object({{"name", node.name}, {"listed", node.listed}, {"cut", node.listed >= cut_at}}));
  }
  seen["needed"] = std::move(all);
  seen["nodes"] = std::move(shown);
  seen["retired"] = list_of(retired);
  seen["missing"] = list_of(missing);
  seen["unknown"] = list_of(unknown);
  const auto more = [](const std::vector<std::string>& list) {
    return list.size() > 1 ? fmt::format("; and {} more", list.size() - 1) : std::string();
  };
  if (!retired.empty())
    return fail("kube.image-retired", "request",
                "from a retired registry path: " + retired.front() + more(retired));
  if (!missing.empty()) return fail("kube.image-missing", "request", missing.front() + more(missing));
  if (!unknown.empty()) {
    return fail("kube.images-cut", "request",
                fmt::format("{}, but that node lists {} images and cuts its list there{}", unknown.front(),
                            cut_at, more(unknown)));
  }
  return {};
}

Result<void> observe_images(Attempt& attempt) {
  Reader reader = attempt.reader();
  std::set<std::string> needed;
  for (const std::string& one : reader.texts("images")) needed.insert(one);
  const std::string release = reader.has("release") ? reader.text("release") : "";
  const std::vector<std::string> rules = reader.texts("retired");
  KubeSelection which;
  if (reader.has("nodes")) which.labels = reader.text("nodes");
  const std::int64_t cut_at = reader.integer("cut_at");
  const auto client = kube_client(attempt);
  if (!client) return Failure(client.error());
  const std::string ns = namespace_of(reader, **client);
  if (const auto ok = reader.ok(); !ok) return ok;
  if (cut_at < 1) return fail("params.invalid", "setup", "cut_at must be at least 1");
  if (needed.empty() && release.empty())
    return fail("params.invalid", "setup", "`images` or `release` is needed");
  Trace trace = attempt.trace();
  if (!release.empty()) {
    const auto found = of_release(**client, ns, release, attempt, trace);
    if (!found) return Failure(found.error());
    needed.insert(found->begin(), found->end());
    if (needed.empty())
      return fail("kube.image-missing", "request", "release " + release + " names no image");
  }
  std::vector<Node> nodes;
  const auto listed = each_object(**client, "nodes", which, attempt, trace,
                                  [&](const Value& object) { nodes.push_back(node_of(object)); });
  if (!listed) return listed;
  if (nodes.empty())
    return fail("kube.image-missing", "request",
                "there is no node" + (which.labels.empty() ? "" : " that matches " + which.labels));
  return compare(needed, nodes, rules, static_cast<std::size_t>(cut_at), attempt.seen);
}

}  // namespace

Probe kube_images_probe() {
  Probe probe;
  probe.name = "kube.images";
  probe.summary = "the images that are needed are on every node, and none is of a retired registry path";
  probe.params = {{"images",
                   Type::texts,
                   "images that are needed, as a pod would name them",
                   false,
                   Value::array(),
                   "['redis:7.2.4-alpine']",
                   {},
                   {}},
                  {"release",
                   Type::text,
                   "and those that a Helm release's manifest and hooks name",
                   false,
                   {},
                   "shop",
                   {},
                   {}},
                  namespace_field(),
                  {"nodes",
                   Type::text,
                   "label selector of nodes; all when none is given",
                   false,
                   {},
                   "pool=infra",
                   {},
                   {}},
                  {"retired",
                   Type::texts,
                   "paths, in full, that no image may come from; * stands for anything",
                   false,
                   list_of({"docker.io/bitnami/*"}),
                   "",
                   {},
                   {}},
                  {"cut_at",
                   Type::integer,
                   "images that a node lists at most (the kubelet's nodeStatusMaxImages)",
                   false,
                   50,
                   "",
                   {},
                   {}}};
  probe.observes = {seen_field("needed", Type::texts, "what is needed, by its full names"),
                    seen_field("retired", Type::texts, "of these, those from a retired path, with the rule"),
                    seen_field("missing", Type::texts, "which image is not on which node"),
                    seen_field("unknown", Type::texts,
                               "the same of nodes that have cut their lists, so that nobody can tell"),
                    seen_field("nodes", Type::list, "the first 20 nodes",
                               {seen_field("name", Type::text, "name"),
                                seen_field("listed", Type::integer, "images that it lists"),
                                seen_field("cut", Type::boolean, "its list is as long as it can be")})};
  probe.defaults = {{"needed", Value::object({{"count", Value::object({{"ge", 1}})}})}};
  probe.example = "{images: ['redis:7.2.4-alpine', 'hashicorp/vault:1.15.4']}";
  probe.observe = observe_images;
  return probe;
}

}  // namespace assay

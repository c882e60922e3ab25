#include "drift/cluster_kinds.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "drift/reader.h"
#include "drift/structural.h"

namespace assay::drift {
namespace {

// A document of OpenAPI may have many more nodes than a manifest.
constexpr ReadLimits kDocument{128, 20'000'000};

class ClusterKinds {
 public:
  ClusterKinds(std::shared_ptr<const Schema> schema, DriftCluster& cluster, const Context& context)
      : schema_(std::move(schema)), cluster_(cluster), context_(context) {}

  Result<std::shared_ptr<const Schema>> read(const Desired& desired, std::vector<std::string>& warnings) {
    if (const auto served = find_served(desired); !served) return Failure(served.error());
    if (const auto learned = learn_definitions(); !learned) return Failure(learned.error());
    if (const auto learned = learn_openapi(warnings); !learned) return Failure(learned.error());
    for (const auto& [kind, resource] : served_) {
      if (schema_->find(kind.api_version, kind.kind) != nullptr) continue;
      warnings.push_back(
          fmt::format("what {} {} is made of is not known, so its objects are compared exactly{}",
                      kind.api_version, kind.kind, reason(resource)));
    }
    return schema_;
  }

 private:
  Result<void> find_served(const Desired& desired) {
    const auto resources = cluster_.resources(context_);
    if (!resources) return Failure(resources.error());
    std::set<std::pair<std::string_view, std::string_view>> kinds;
    for (const auto* side : {desired.git, desired.release}) {
      if (side == nullptr) continue;
      for (const auto& document : side->all()) kinds.emplace(document.id.api_version, document.id.kind);
    }
    for (const auto& one : **resources)
      if (const auto version = one.api_version(); kinds.contains({version, one.kind}))
        served_.emplace(OpenApiKind{version, one.kind, one.namespaced}, one);
    return {};
  }

  Result<void> learn_definitions() {
    std::vector<Node> found;
    std::set<std::string> asked;
    for (const auto& [kind, resource] : served_) {
      if (resource.group.empty() || schema_->find(kind.api_version, kind.kind) != nullptr) continue;
      const auto name = resource.plural + "." + resource.group;
      if (!asked.insert(name).second) continue;
      const auto text =
          cluster_.document("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/" + name, context_);
      if (!text && !is_of_one_answer(text.error())) return Failure(text.error());
      // One that is not found: an aggregated API server has no definitions.
      if (!text && text.error().code != "kube.not-found") why_[name] = text.error().message;
      if (!text) continue;
      if (const auto tree = read_json(*text, arena_); tree) found.push_back(*tree);
    }
    if (!found.empty()) schema_ = schema_->with_crds(found);
    return {};
  }

  // "1.34" of "v1.34.4".
  static std::string minor_of(std::string_view version) {
    if (version.starts_with("v")) version.remove_prefix(1);
    return std::string(version.substr(0, version.find('.', version.find('.') + 1)));
  }

  Result<void> learn_openapi(std::vector<std::string>& warnings) {
    const auto version = cluster_.version(context_);
    if (!version && !is_of_one_answer(version.error())) return Failure(version.error());
    if (!version)
      warnings.push_back("of which version the cluster is could not be read: " + version.error().message);
    const auto is_other = version && minor_of(*version) != Schema::version();
    std::map<std::string, std::vector<OpenApiKind>> wanted;
    for (const auto& [kind, resource] : served_) {
      const auto* known = schema_->find(kind.api_version, kind.kind);
      if (known == nullptr || (is_other && is_built_in(*known))) wanted[kind.api_version].push_back(kind);
    }
    std::vector<OpenApiPart> parts;
    for (auto& [api_version, kinds] : wanted) {
      const auto text = cluster_.document(
          (api_version.find('/') == std::string::npos ? "/openapi/v3/api/" : "/openapi/v3/apis/") +
              api_version,
          context_);
      if (!text && !is_of_one_answer(text.error())) return Failure(text.error());
      const auto tree = text ? read_json(*text, arena_, kDocument) : Result<Node>(Failure(text.error()));
      if (tree) parts.push_back({*tree, std::move(kinds)});
      if (!tree) why_[api_version] = tree.error().message;
    }
    if (!parts.empty()) schema_ = schema_->with_openapi(parts);
    return {};
  }

  static bool is_built_in(const KindType& kind) { return !kind.type->name.empty(); }

  std::string reason(const KubeResource& resource) const {
    std::string text;
    for (const auto& key : {resource.plural + "." + resource.group, resource.api_version()})
      if (const auto found = why_.find(key); found != why_.end()) text += ": " + found->second;
    return text;
  }

  std::shared_ptr<const Schema> schema_;
  DriftCluster& cluster_;
  const Context& context_;
  std::map<OpenApiKind, KubeResource> served_;
  std::map<std::string, std::string> why_;  // by a definition's name, or an API version
  Arena arena_;
};

}  // namespace

Result<std::shared_ptr<const Schema>> with_cluster_kinds(std::shared_ptr<const Schema> schema,
                                                         DriftCluster& cluster, const Desired& desired,
                                                         const Context& context,
                                                         std::vector<std::string>& warnings) {
  return ClusterKinds(std::move(schema), cluster, context).read(desired, warnings);
}

}  // namespace assay::drift

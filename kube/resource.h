// Kinds of objects as an API server names them.
#pragma once

#include <string>
#include <vector>

namespace assay {

struct KubeResource {
  std::string group;  // empty: core
  std::string version;
  std::string kind;      // "Deployment"
  std::string plural;    // "deployments"
  std::string singular;  // "deployment"
  std::vector<std::string> short_names;
  std::vector<std::string> verbs;
  bool namespaced = false;

  // "v1", "apps/v1".
  std::string api_version() const { return group.empty() ? version : group + "/" + version; }
  // The path of the collection, of one object, or of a part of it ("status", "scale"). `ns` is left out where
  // the resource has no namespaces.
  std::string path(const std::string& ns, const std::string& name = {}, const std::string& part = {}) const;
};

// A path segment or a query's value with everything but letters, digits and -._~ escaped (RFC 3986).
std::string url_escaped(std::string_view text);

}  // namespace assay

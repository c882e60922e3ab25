// What an account may do, as the API server lists it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/value.h"
#include "kube/resource.h"

namespace assay {

// One right as a check names it: "list pods", "get pods/log", "create jobs.batch", "get secrets web-runtime".
struct Right {
  std::string verb;
  std::string resource;     // the word for the kind, "pods" or "jobs.batch"
  std::string subresource;  // "log", or empty
  std::string name;         // of one object, or empty: any
};

// Nothing where there are not two or three words, or a part is empty.
std::optional<Right> read_right(std::string_view text);

enum class Granted {
  no,
  named,  // for some objects by their names, and the right is for any
  yes,
};

// Does a rule of a SelfSubjectRulesReview's status.resourceRules grant the right on `resource`? The best of
// all rules (https://kubernetes.io/docs/reference/access-authn-authz/rbac/: `*` stands for all, "pods/log"
// for a subresource, resourceNames for single objects). Pure.
Granted granted(const Value& rules, const Right& right, const KubeResource& resource);

}  // namespace assay

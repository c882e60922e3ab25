// What is asked of a cluster once, for all its releases.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/context.h"
#include "kube/client.h"

namespace assay::drift {

// Whether an error of a cluster is of this answer alone, so that others can still be had.
bool is_of_one_answer(const Error& error);

// One context of the kubeconfig. Not synchronised.
class DriftCluster {
 public:
  explicit DriftCluster(KubeClient& client) : client_(client) {}

  KubeClient& client() { return client_; }
  // Its kinds; its version ("v1.34.1"). Errors: those of KubeClient.
  Result<const std::vector<KubeResource>*> resources(const Context& context);
  Result<std::string> version(const Context& context);
  // What it answers at `path`, asked for once; lives as long as this. Errors: those of KubeClient, which are
  // not kept.
  Result<std::string_view> document(const std::string& path, const Context& context);
  // What helm's templates see of it in .Capabilities.APIVersions: "apps/v1", "apps/v1/Deployment".
  Result<std::vector<std::string>> api_versions(const Context& context);
  // The text of a kubeconfig with which another program is the same user of the same server. It may hold a
  // key. Errors: file.missing, file.unreadable.
  Result<std::string> kubeconfig() const;

 private:
  KubeClient& client_;
  std::optional<std::vector<KubeResource>> resources_;
  std::optional<std::string> version_;
  std::map<std::string, std::string> documents_;
};

}  // namespace assay::drift

// The bearer token of a cluster's user, from wherever it comes.
#pragma once

#include <mutex>

#include "core/context.h"
#include "kube/config.h"

namespace assay {

// What a request is to carry: a token, or a client certificate that a plugin gave, or nothing.
struct KubeCredentials {
  Secret token;
  std::string cert;  // paths, see memory_path()
  std::string key;
  std::vector<std::shared_ptr<Fd>> data;  // keeps them open
};

// Reads a token's file again each minute, since kubelets renew it long before it expires, and asks an exec
// plugin again once what it gave has expired or was refused
// (https://kubernetes.io/docs/reference/access-authn-authz/authentication/ #client-go-credential-plugins).
// Safe from any thread; one at a time runs the plugin.
class KubeCredentialSource {
 public:
  // Tells `access.told` of what never changes; get() tells it of the rest.
  explicit KubeCredentialSource(const KubeAccess& access);

  // Errors: kube.credentials (the file or the plugin), deadline, harness.cancelled.
  Result<KubeCredentials> get(const Context& context);
  // The server refused what get() gave. True when there is a source that could give something else now.
  bool refused();

 private:
  void tell(const Secret& credential, const std::string& name) const;
  Result<KubeCredentials> ask_plugin(const Context& context);

  const KubeAccess& access_;
  std::mutex mutex_;
  std::optional<KubeCredentials> kept_;
  Deadline good_until_{TimePoint::min()};
};

}  // namespace assay

// The cluster of a run.
#pragma once

#include <memory>
#include <mutex>

#include "kube/client.h"

namespace assay {

// Configured when it is first asked for, so that a run without Kubernetes checks needs no kubeconfig. Safe
// from any thread; `network` must outlive it.
class Kube {
 public:
  // `told` learns of every credential; it must be safe from any thread.
  Kube(Network& network, KubeOptions options, Environment environment, CredentialTold told = {})
      : network_(network),
        options_(std::move(options)),
        environment_(std::move(environment)),
        told_(std::move(told)) {}

  // The client, the same for every caller. Errors: kube.config, the same for every caller too.
  Result<KubeClient*> client();

 private:
  Network& network_;
  const KubeOptions options_;
  const Environment environment_;
  const CredentialTold told_;
  std::once_flag once_;
  Result<std::unique_ptr<KubeClient>> client_;
};

}  // namespace assay

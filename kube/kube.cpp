#include "kube/kube.h"

namespace assay {

Result<KubeClient*> Kube::client() {
  std::call_once(once_, [this] {
    auto access = load_kube_access(options_, environment_);
    if (access) {
      access->told = told_;
      client_ = std::make_unique<KubeClient>(network_, std::move(*access));
    } else {
      client_ = Failure(access.error());
    }
  });
  if (!client_) return Failure(client_.error());
  return client_->get();
}

}  // namespace assay

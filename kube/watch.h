// What changes in a cluster, as it changes.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"
#include "core/value.h"

namespace assay {

struct KubeEvent {
  enum class Kind {
    added,
    modified,
    deleted,  // `object` as it was last
    bookmark  // nothing happened up to this version; never handed out by KubeClient::watch
  };
  Kind kind = Kind::added;
  Value object;

  // The version that a watch goes on from after this.
  std::string version() const;
};

// One line of a watch
// (https://kubernetes.io/docs/reference/using-api/api-concepts/ #efficient-detection-of-changes). Errors:
// http.body (no event); for an event ERROR the code of its Status, kube.expired where the version is too old.
Result<KubeEvent> read_kube_event(std::string_view line);

}  // namespace assay

// What pods ask of a node.
#pragma once

#include <cstdint>

#include "core/value.h"

namespace assay {

// CPU in thousandths of a core, memory in bytes.
struct PodRequests {
  std::int64_t cpu = 0;
  std::int64_t memory = 0;
};

// What the scheduler reserves for a pod: the larger of what its containers ask for together (with sidecars,
// which are init containers that go on) and of what any init container asks for beside the sidecars before
// it; what the pod asks for as a whole stands in place of that; its overhead is added
// (https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers,
// https://kubernetes.io/docs/concepts/scheduling-eviction/pod-overhead/). While a pod is resized in place,
// the larger of what a container asks for and what it was given counts. Pure.
PodRequests requests_of(const Value& pod);

// Does the pod hold its node's resources? One that has ended does not.
bool holds_resources(const Value& pod);

}  // namespace assay

// The types that CustomResourceDefinitions declare.
#pragma once

#include <vector>

#include "drift/schema.h"

namespace assay::drift {

// A kind for each served version of a CustomResourceDefinition (apiextensions.k8s.io/v1) that has a
// structural schema; none of anything else. `metadata` is the type of every object's metadata. What is made
// lies in `arena`, which outlives `crd`.
std::vector<KindType> read_crd(Node crd, const Type* metadata, Arena& arena);

}  // namespace assay::drift

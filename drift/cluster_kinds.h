// What a cluster says of kinds that the built-in tables do not know.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/context.h"
#include "drift/cluster.h"
#include "drift/detect.h"
#include "drift/schema.h"

namespace assay::drift {

// `schema` with those kinds of `desired` that the cluster serves and `schema` does not know: from their
// CustomResourceDefinitions, else from the API server's OpenAPI. Where the cluster's version is another than
// that of the tables, its OpenAPI also completes the kinds that they know. One GET a definition, and one a
// group and version. What cannot be had is a warning, and its objects are compared exactly. `schema` itself
// where there is nothing to add. Errors: what ends the comparison (harness.cancelled, a server that is gone).
Result<std::shared_ptr<const Schema>> with_cluster_kinds(std::shared_ptr<const Schema> schema,
                                                         DriftCluster& cluster, const Desired& desired,
                                                         const Context& context,
                                                         std::vector<std::string>& warnings);

}  // namespace assay::drift

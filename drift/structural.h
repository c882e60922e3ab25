// The types that a cluster declares of itself: CustomResourceDefinitions and the API server's OpenAPI.
#pragma once

#include <string>
#include <vector>

#include "drift/schema.h"

namespace assay::drift {

// A kind for each served version of a CustomResourceDefinition (apiextensions.k8s.io/v1) that has a
// structural schema; none of anything else. `metadata` is the type of every object's metadata. What is made
// lies in `arena`, which outlives `crd`.
std::vector<KindType> read_crd(Node crd, const Type* metadata, Arena& arena);

// What is wanted of an OpenAPI document.
struct OpenApiKind {
  std::string api_version;
  std::string kind;
  bool namespaced = true;
  auto operator<=>(const OpenApiKind&) const = default;
};

// One document, and what is wanted of it.
struct OpenApiPart {
  Node document;
  std::vector<OpenApiKind> kinds;
};

// Those of `part.kinds` that its OpenAPI 3.0 document (/openapi/v3/apis/GROUP/VERSION; for its extensions see
// https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3) describes. Where `known` has a
// type of the same name ("io.k8s.api.core.v1.Container"), that one is taken, completed by the fields that it
// lacks: the document does not say which zero values are left out nor which defaults depend on other fields.
// What is made lies in `arena`, which outlives the document, and in `known`.
std::vector<KindType> read_openapi(const OpenApiPart& part, const Schema& known, Arena& arena);

}  // namespace assay::drift

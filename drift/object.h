// What an object is called.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "drift/tree.h"

namespace assay::drift {

struct ObjectId {
  std::string api_version;  // "v1", "apps/v1"
  std::string kind;
  std::string ns;  // empty: cluster-scoped
  std::string name;
  auto operator<=>(const ObjectId&) const = default;
  bool operator==(const ObjectId&) const = default;

  // "apps/v1/Deployment/payments/api"; of a cluster-scoped one "v1/Namespace//payments".
  std::string text() const;
  // The same without its API version's number ("apps/Deployment/payments/api"): two versions of one object
  // are the same object.
  std::string key() const;
};

class Schema;

// Of a tree. A namespaced kind without a namespace gets `default_ns`; what a cluster-scoped kind says of a
// namespace is dropped. A kind that the schema does not know is namespaced.
ObjectId identify(Node object, const Schema& schema, std::string_view default_ns);

}  // namespace assay::drift

// What an object is called.
#pragma once

#include <compare>
#include <string>

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

}  // namespace assay::drift

// What a text says of which object it is, found without reading all of it.
#pragma once

#include <string>

namespace assay::drift {

struct FoundId {
  std::string api_version, kind, ns, name;
  bool items = false;  // it has a list "items"
  // It is written in a way in which only reading tells.
  bool odd = false;

  // Kubernetes' lists have no name; an object of a kind that ends so has one. kubectl's of anything is never
  // one.
  bool is_list() const { return items && kind.ends_with("List") && (name.empty() || is_any_list()); }
  bool is_any_list() const { return kind == "List" && api_version == "v1"; }
};

}  // namespace assay::drift

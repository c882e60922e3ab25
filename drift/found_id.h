// What a text says of which object it is, found without reading all of it.
#pragma once

#include <string>

namespace assay::drift {

struct FoundId {
  std::string api_version, kind, ns, name;
  bool items = false;  // it has a list "items"
  // It is written in a way in which only reading tells.
  bool odd = false;

  bool is_list() const { return items && kind.ends_with("List"); }
};

}  // namespace assay::drift

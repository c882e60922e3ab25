// resource.Quantity of Kubernetes (apimachinery/pkg/api/resource/quantity.go).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "drift/tree.h"

namespace assay::drift {

// In units of 10^-9; what is finer is rounded away from zero, as Kubernetes does.
struct Quantity {
  __extension__ __int128 nano = 0;
  bool operator==(const Quantity&) const = default;
};

// "1Gi", "1500m", ".5", "1e3", "12E"; nothing: not of that grammar, or beyond 10^29.
std::optional<Quantity> parse_quantity(std::string_view text);
// In decimal notation ("1500m", "2k").
std::string to_text(Quantity quantity);
// As Kubernetes writes it back (Quantity.String): "1000m" is "1", "1.5Gi" is "1536Mi"; what is none is
// unchanged.
std::string canonical_quantity(std::string_view text);
// Of a text or number.
std::optional<Quantity> quantity_of(Node node);

}  // namespace assay::drift

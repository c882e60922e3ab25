// Defaults that depend on other fields, as Kubernetes 1.34.4 has them. Each function names the one of
// Kubernetes that it stands for (pkg/apis/GROUP/VERSION/defaults.go or conversion.go).
#pragma once

#include <cstdint>
#include <string_view>

#include "drift/tree.h"

namespace assay::drift {

// The number of the rule for an object of that type ("io.k8s.api.core.v1.Container"); 0: none.
std::uint8_t rule_of(std::string_view type_name);

// Applies it. The object has its fixed defaults by then, and what lies in it is treated.
void apply_rule(std::uint8_t rule, Node& object, Arena& arena);

// Rounds what a list of resources asks for to thousandths, as SetDefaults_ResourceList does.
void round_resources(Node& resources, Arena& arena);

}  // namespace assay::drift

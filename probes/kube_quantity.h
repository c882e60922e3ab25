// Quantities as Kubernetes writes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace assay {

// A quantity in thousandths of its unit ("100m" is 100, "1Ki" is 1,024,000), rounded up as the scheduler does
// (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/). Nothing for anything
// else, nor for what does not fit.
std::optional<std::int64_t> milli_of(std::string_view quantity);

}  // namespace assay

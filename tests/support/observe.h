// Runs one probe once, as the runner would, without a suite.
#pragma once

#include <string>
#include <string_view>

#include "core/time.h"
#include "core/value.h"

namespace assay::test {

// Observes with the probe `name` and the parameters in `with` (YAML). The observation, with `error: {code,
// phase, message}` where the probe failed. A parameter that the probe's table refuses throws
// std::runtime_error.
Value observe(std::string_view name, std::string_view with, Duration timeout = std::chrono::seconds(5));

// The error's code in an observation, or "" when it has none.
std::string code_of(const Value& observation);

// The value at a dotted path ("tls.chain", "error.phase"); null when there is none.
Value at(const Value& observation, std::string_view path);

}  // namespace assay::test

// The stack that tests of real servers run against.
#pragma once

#include <string>
#include <string_view>

#include "core/value.h"

namespace assay::test {

// What ASSAY_VALUES names: the values.yaml of a stack that is up (fixtures/local/stack). Throws
// std::runtime_error, and so fails the test, where the variable is not set or the file cannot be read.
Value values();

// The text of one secret of that stack ("redis-password").
std::string stack_secret(std::string_view name);

// A reference to it, as it stands in a suite: "{file: PATH}".
std::string stack_reference(std::string_view name);

// True for the profile with replicas, sentinels and TLS.
bool stack_is_ha();

// The value `tls` for a probe of that stack, in YAML: "false" or "{ca: PATH}".
std::string stack_tls();

}  // namespace assay::test

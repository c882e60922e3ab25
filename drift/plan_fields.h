// The keys that a file of expectations may have.
#pragma once

#include "core/source.h"
#include "core/value.h"

namespace assay::drift {

// Unknown keys, missing ones, wrong types, each with its place.
Problems check_plan_fields(const Value& root);

}  // namespace assay::drift

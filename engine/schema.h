// The JSON schema of suites, for editors.
#pragma once

#include "core/value.h"
#include "probes/probe.h"

namespace assay {

// JSON Schema (draft 2020-12) made from the tables that the loader reads. A text that is a variable or a
// reference is allowed wherever a scalar stands.
Value suite_schema(const Probes& probes);

}  // namespace assay

// Drift as a check of a suite.
#pragma once

#include "probes/probe.h"

namespace assay::drift {

// drift.release.
Probes drift_probes();

}  // namespace assay::drift

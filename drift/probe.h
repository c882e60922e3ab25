// Drift as a check of a suite.
#pragma once

#include "probes/probe.h"

namespace assay {

// drift.release.
Probes drift_probes();

}  // namespace assay

// Every probe that assay has: those of probes/, and those that higher folders offer.
#pragma once

#include "probes/probe.h"

namespace assay {

// Sorted by name.
Probes offered_probes();

}  // namespace assay

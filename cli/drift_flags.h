// Which flags of `assay drift` go together.
#pragma once

#include <string>

#include "cli/args.h"

namespace assay {

// A sentence where flags do not go together, among them every one that would have no effect; empty where they
// do.
std::string wrong_drift_flags(const Args& args);

}  // namespace assay

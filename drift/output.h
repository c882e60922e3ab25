// The forms in which drift is told.
#pragma once

#include <set>
#include <string>

#include "core/result.h"
#include "drift/report.h"

namespace assay {

struct DriftTextOptions {
  bool verbose = false;  // what is `controller`, too, and objects that are the same
  bool colour = false;
};

// A compact tree: object, field, its values, class, who and when.
std::string drift_text(const DriftReport& report, const DriftTextOptions& options);
// Stable; docs/drift.md has the schema.
std::string drift_json(const DriftReport& report);
// A case an object.
std::string drift_junit(const DriftReport& report, const std::set<DriftClass>& fail_on);
// A unified diff from what is declared to what lives.
std::string drift_diff(const DriftReport& report);

// 0 as declared, 1 drift of a class that counts, 3 where a verdict could not be reached.
int drift_exit_code(const DriftReport& report, const std::set<DriftClass>& fail_on, bool allow_unmanaged);
// Those that count unless the user says otherwise: undeployed, manual, unrecorded, conflict, extra, missing.
const std::set<DriftClass>& default_fail_on();

}  // namespace assay

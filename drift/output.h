// The forms in which drift is told.
#pragma once

#include <set>
#include <string>

#include "core/result.h"
#include "drift/report.h"

namespace assay::drift {

struct DriftTextOptions {
  bool verbose = false;  // what is `controller`, too, and objects that are the same
  bool colour = false;
};

// A compact tree: object, field, its values, class, who and when.
std::string drift_text(const DriftReport& report, const DriftTextOptions& options);
// Stable; docs/drift.md has the schema. Ends with a line break.
std::string drift_json(const DriftReport& report);
// A case an object: `failure` where a field of a class in `fail_on` differs, `error` where there is no
// verdict.
std::string drift_junit(const DriftReport& report, const std::set<DriftClass>& fail_on,
                        bool allow_unmanaged = false);
// A unified diff from what is declared to what lives: of each object the lines of the places that differ.
std::string drift_diff(const DriftReport& report);

// 1: drift of a class that counts. Otherwise 3 where a verdict could not be reached: an object without one, a
// problem, an unmanaged release unless they are allowed, or a release of which nothing was compared.
// Otherwise 0.
int drift_exit_code(const DriftReport& report, const std::set<DriftClass>& fail_on, bool allow_unmanaged);
// Those that count unless the user says otherwise: undeployed, manual, unrecorded, conflict, extra, missing.
const std::set<DriftClass>& default_fail_on();

}  // namespace assay::drift

// What the probe drift.release sees.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/context.h"
#include "core/value.h"
#include "drift/report.h"
#include "drift/sources.h"

namespace assay {
class KubeClient;
}

namespace assay::drift {

// What a check asks for, in its own words.
struct DriftQuestion {
  std::string release;
  std::string ns;
  std::optional<GitSide> git;
  ChartOptions chart;
  RevisionChoice revision;
  std::string secrets;  // none, release, full
  std::string manager;
  std::vector<std::string> fail_on;  // names of classes; none: the usual ones
  Value rules;
};

// Puts what was found into `seen`. Errors: drift.found where something of a class of `counts` differs; else
// whatever kept a verdict from being reached, drift.nothing where no object was compared.
Result<void> judge_drift(const ReleaseDrift& drift, const std::set<DriftClass>& counts, Value& seen);

// Compares, and judges. Errors: params.invalid; those of judge_drift.
Result<void> observe_drift(const DriftQuestion& question, KubeClient& client, const Context& context,
                           Value& seen);

}  // namespace assay::drift

// What the probe drift.release sees.
#pragma once

#include <string>
#include <vector>

#include "core/context.h"
#include "core/value.h"
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

// The names of all classes.
std::vector<std::string> drift_class_names();

// Compares, and puts what is found into `seen`. Errors: params.invalid; drift.found where something of a
// class that counts differs; else whatever kept a verdict from being reached.
Result<void> observe_drift(const DriftQuestion& question, KubeClient& client, const Context& context,
                           Value& seen);

}  // namespace assay::drift

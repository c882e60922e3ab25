// One attempt, made here: by a worker of the run, or by the agent of a vantage.
#pragma once

#include <string>

#include "core/lag.h"
#include "core/redactor.h"
#include "probes/probe.h"

namespace assay {

// What an attempt is made with. Everything outlives it.
struct AttemptSetting {
  const Probe& probe;
  const Value& with;
  const SecretStore& secrets;
  const Redactor& redactor;
  Network& network;
  const Stop& stop;
  const LagMonitor& lag;
  const std::string& run;
  Kube* kube = nullptr;
  Route* route = nullptr;  // of this attempt alone, where its connections take one
};

struct Performed {
  Value observation;  // sealed, with `error` where the probe failed
  double took = 0;    // seconds
  double lag = 0;     // seconds by which this process was late, where it timed out
  bool cut = false;   // ended by `bound` or by stop, not by its own timeout
};

// Observes once, bounded by `timeout` from now and by `bound`. An exception of the probe is harness.internal,
// a defect that is never a verdict on the target. Safe from any thread.
Performed perform(const AttemptSetting& setting, Duration timeout, Deadline bound, std::uint64_t random);

}  // namespace assay

// The vantage {job: ...} of a run.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/executor.h"
#include "engine/local_executor.h"

namespace assay {

struct JobVantageOptions {
  std::shared_ptr<Kube> kube;
  std::string run;
  int number = 0;           // of the vantage within the run
  std::string image;        // assay's own, where the suite names none
  std::string pull_secret;  // for it; empty: none
  std::size_t jobs = 256;
  Deadline deadline;  // of the run
  std::string key;    // of the run's redactor
};

// What makes the attempts of `checks`, which share one vantage.
std::unique_ptr<Executor> job_vantage(const JobVantageOptions& options,
                                      const std::vector<const Task*>& checks,
                                      std::shared_ptr<LocalShared> shared, HandIn hand_in);

}  // namespace assay

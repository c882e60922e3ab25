// What the runner keeps of a check while it runs: what judging and reporting need is in the record.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/plan.h"
#include "probes/probe.h"

namespace assay {

struct Task {
  std::string id;
  const Probe* probe = nullptr;  // null: not in the table, which only a plan that is to be skipped may have
  Value with;                    // variables filled in, references as written
  Duration timeout{};
  Rare<Wait> wait;
  Retry retry;
  std::string skip;                      // why it is not run, known when the plan was made
  std::vector<std::uint32_t> targets;    // their numbers
  std::vector<std::uint32_t> needed_by;  // tasks that wait for this one
  std::uint32_t needs = 0;               // how many this one waits for
  std::optional<std::uint32_t> control;  // the one that must have got through to the same address
  Value from;                            // the vantage; null: local
};

struct Tasks {
  std::vector<Task> all;    // in the order of the plan
  std::size_t targets = 0;  // how many there are
};

// Takes a plan apart. `probes` must outlive the tasks.
Tasks make_tasks(Plan plan, const Probes& probes);

}  // namespace assay

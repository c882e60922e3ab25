// The seam of vantages: what makes attempts.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/time.h"
#include "core/value.h"
#include "engine/task.h"

namespace assay {

// Why an attempt cannot be made elsewhere by a caller that has no cluster.
inline constexpr const char* kNoCluster = "this run has no cluster to stand in";

// One attempt that is to be made.
struct Order {
  std::size_t check = 0;       // its index in the plan; handed back as it is
  const Task* what = nullptr;  // lives as long as the executor
  Deadline bound;              // beside the check's timeout: the run's, or the end of its polling
  std::uint64_t random = 0;
  TimePoint ready_at{};  // since when it has been waiting for a place
};

// One that was made.
struct Outcome {
  std::size_t check = 0;
  Value observation;  // sealed: redacted and cut
  double took = 0;    // seconds, of the attempt itself
  double queued = 0;  // seconds before it began, the start of its vantage included
  double lag = 0;     // seconds by which the side that made it was late
  bool cut = false;   // ended by `bound`, not by its own timeout
};

// Takes attempts and hands over their outcomes, each exactly once, from any thread of its own, in any order.
class Executor {
 public:
  Executor() = default;
  virtual ~Executor() = default;
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Returns at once, whatever the vantage does.
  virtual void submit(Order order) = 0;
  // The run is over: begins to take away what was put into the world, and returns at once. It may take until
  // `deadline`.
  virtual void stop(Deadline deadline) = 0;
  // Waits for that, until the deadline that stop() was given at the latest.
  virtual void close() = 0;
};

using HandIn = std::function<void(Outcome outcome)>;

}  // namespace assay

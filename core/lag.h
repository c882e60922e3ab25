// How late this process itself gets the processor.
#pragma once

#include <array>
#include <atomic>
#include <memory>

#include "core/context.h"
#include "core/time.h"

namespace assay {

// A thread that wakes every 20 ms and notes by how much it was late. worst() tells the largest delay between
// two points of time, so that a time-out can be told from a processor that was not to be had. Safe from any
// thread.
class LagMonitor {
 public:
  LagMonitor();
  ~LagMonitor();
  LagMonitor(const LagMonitor&) = delete;
  LagMonitor& operator=(const LagMonitor&) = delete;

  // The worst delay noted from `since` until now. Looks back at most about 80 seconds.
  Duration worst(TimePoint since) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace assay

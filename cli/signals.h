// SIGINT and SIGTERM before and after the time in which the runner reads them.
#pragma once

#include <atomic>
#include <thread>

#include "core/context.h"

namespace assay {

// Reads the descriptor of blocked signals on a thread of its own as long as it lives: the first signal raises
// the stop, the second leaves the process at once with 128 and its number.
class SignalWatch {
 public:
  explicit SignalWatch(int descriptor);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  const Stop& stop() const { return stop_; }
  int signal() const { return signal_; }  // that came, or 0

 private:
  void watch(int descriptor);

  Stop stop_;
  Stop over_;
  std::atomic<int> signal_ = 0;
  std::thread thread_;
};

// For the end of a run, while reports are written. One signal is let pass, since nothing is left that it
// could cut short but the reports; the next ends the process. Where one `came` already, that is the next.
// Call once.
void let_one_signal_pass(bool came);

}  // namespace assay

// The one interruptible wait that everything that blocks goes through.
#pragma once

#include <poll.h>

#include <atomic>

#include "core/fd.h"
#include "core/result.h"
#include "core/time.h"

namespace assay {

// A flag with a descriptor that becomes readable when it is raised, once and for good. Any thread may raise
// or read.
class Stop {
 public:
  Stop();
  void raise();
  // What was written before raise() is seen by whoever has seen this to be true; a poll of fd() alone does
  // not promise that.
  bool raised() const { return raised_.load(std::memory_order_acquire); }
  int fd() const { return event_.get(); }

 private:
  std::atomic<bool> raised_ = false;
  Fd event_;
};

class Route;

// What an attempt was given: how long it may take and the flag that ends it early. A probe blocks only in
// wait(), or in a library call that was handed left_ms() and stop_fd(). Cheap to copy; `stop` must outlive
// it.
class Context {
 public:
  Context(Deadline deadline, const Stop& stop) : deadline_(deadline), stop_(&stop) {}

  // Waits until `fd` is ready for `events` (POLLIN, POLLOUT) and returns what is ready; POLLERR and POLLHUP
  // count as ready. Errors: `deadline`, or `harness.cancelled` when stop was raised; both carry `phase`.
  // Drain what a library already holds before waiting.
  Result<short> wait(int fd, short events, std::string_view phase) const;

  // Waits for nothing but time or stop; ok when `until` came first.
  Result<void> pause(Deadline until, std::string_view phase) const;

  // ok while there is time left and nobody has raised stop.
  Result<void> check(std::string_view phase) const;

  Deadline deadline() const { return deadline_; }
  int left_ms() const { return deadline_.left_ms(); }
  const Stop& stop() const { return *stop_; }
  int stop_fd() const { return stop_->fd(); }
  // The same stop and route with less time.
  Context within(Duration left) const {
    return Context(deadline_.earlier(Deadline::in(left)), *stop_).by(route_);
  }
  // The same, for an attempt whose connections do not lead straight to where they are addressed: see
  // net/route.h. `route` must outlive it; null: they do.
  Context by(Route* route) const {
    Context other = *this;
    other.route_ = route;
    return other;
  }
  Route* route() const { return route_; }

 private:
  Deadline deadline_;
  const Stop* stop_;
  Route* route_ = nullptr;
};

}  // namespace assay

// Threads for calls that block without a descriptor, and turns for what only one call at a time may use.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "core/context.h"

namespace assay {

// At most `size` detached threads, started when they are needed and never joined: a job may block in a
// library for as long as it likes. After close() queued jobs are dropped and threads end with the job they
// have. Safe from any thread.
class KafkaCrew : public std::enable_shared_from_this<KafkaCrew> {
 public:
  explicit KafkaCrew(std::size_t size) : size_(size) {}
  // False when there is no thread at all and the system gives none.
  bool submit(std::function<void()> job);
  void close();

 private:
  void work();

  const std::size_t size_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  std::size_t threads_ = 0;
  std::size_t idle_ = 0;
  bool closed_ = false;
};

// One holder at a time, in the order of asking.
class KafkaTurn {
 public:
  bool take(Deadline deadline);  // false: not before the deadline
  void give_back();

 private:
  std::mutex mutex_;
  bool taken_ = false;
  std::deque<std::shared_ptr<Stop>> waiting_;
};

}  // namespace assay

// A bounded pool of threads with small stacks.
#pragma once

#include <pthread.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace assay {

// Runs jobs on at most `size` threads, which are started when they are needed. submit() never blocks. The
// destructor lets queued jobs run and joins; jobs are expected to end at their own deadlines. Safe from any
// thread.
class WorkerPool {
 public:
  explicit WorkerPool(std::size_t size);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Queues a job. A job must not throw.
  void submit(std::function<void()> job);

  // How many threads could be started in the end: less than asked for when the system gives no more.
  std::size_t threads() const;

 private:
  struct Worker;
  struct Start;
  static void* enter(void* start);
  void work(std::function<void()> job);
  void next(Worker& self, std::function<void()>& job);
  bool start_thread(std::function<void()>& job);  // the lock is held; takes `job` when it could

  const std::size_t size_;
  mutable std::mutex mutex_;
  std::deque<std::function<void()>> jobs_;  // for whoever is free next
  std::vector<Worker*> idle_;               // the last to become idle works first: its stack is warm
  std::vector<pthread_t> threads_;
  bool ending_ = false;
};

// Starts one thread with a small stack and a name (15 bytes at most) for a client that owns it; false when
// the system gives none. Not joined: see docs/design.md, "One wait".
bool start_detached(const char* name, std::function<void()> body);

}  // namespace assay

#include "core/pool.h"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <utility>

#include "core/stack.h"

namespace assay {
namespace {

// Frames of a sanitizer, and of a build without optimisation, are several times larger: what seals a tree of
// 250 levels in 60 KiB takes more than 256 KiB there.
#if !defined(__OPTIMIZE__)
#define ASSAY_LARGE_STACKS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ASSAY_LARGE_STACKS 1
#endif
#endif
#ifdef ASSAY_LARGE_STACKS
constexpr std::size_t kStack = 2 << 20;
void know_own_stack() {}  // it is theirs
#else
constexpr std::size_t kStack = 256 << 10;
void know_own_stack() { note_stack(kStack); }
#endif
// A worker that has nothing to do for longer than this gives its stack back.
constexpr auto kSoon = std::chrono::milliseconds(10);

class SmallStack {
 public:
  SmallStack() {
    pthread_attr_init(&attributes_);
    pthread_attr_setstacksize(&attributes_, kStack);
  }
  ~SmallStack() { pthread_attr_destroy(&attributes_); }
  SmallStack(const SmallStack&) = delete;
  SmallStack& operator=(const SmallStack&) = delete;
  pthread_attr_t* get() { return &attributes_; }

 private:
  pthread_attr_t attributes_{};
};

struct Detached {
  std::string name;
  std::function<void()> body;
};

void* enter_detached(void* argument) {
  know_own_stack();
  const std::unique_ptr<Detached> detached(static_cast<Detached*>(argument));
  pthread_setname_np(pthread_self(), detached->name.c_str());
  detached->body();
  return nullptr;
}

}  // namespace

// A thread that waits for its next job, each with a lock of its own: with one for all, thousands of threads
// would wake only to wait for it. Lives on its thread's stack.
struct WorkerPool::Worker {
  std::mutex mutex;
  std::condition_variable wake;
  std::function<void()> job;
  bool given = false;

  // No job: there is nothing left to do.
  void give(std::function<void()> next) {
    const std::lock_guard lock(mutex);
    job = std::move(next);
    given = true;
    // Under the lock, since the thread may end, and this with it, as soon as it is free.
    wake.notify_one();
  }
  std::function<void()> take() {
    std::unique_lock lock(mutex);
    if (!wake.wait_for(lock, kSoon, [this] { return given; })) {
      give_back_stack();
      wake.wait(lock, [this] { return given; });
    }
    given = false;
    return std::move(job);
  }
};

struct WorkerPool::Start {
  WorkerPool& pool;
  std::function<void()> job;
};

WorkerPool::WorkerPool(std::size_t size) : size_(size == 0 ? 1 : size) {}

WorkerPool::~WorkerPool() {
  std::vector<Worker*> idle;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    idle.swap(idle_);
  }
  for (Worker* worker : idle) worker->give({});
  for (const pthread_t thread : threads_) pthread_join(thread, nullptr);
}

void WorkerPool::submit(std::function<void()> job) {
  Worker* worker = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) {
      if (threads_.size() >= size_ || !start_thread(job)) jobs_.push_back(std::move(job));
      return;
    }
    worker = idle_.back();
    idle_.pop_back();
  }
  worker->give(std::move(job));
}

bool WorkerPool::start_thread(std::function<void()>& job) {
  SmallStack stack;
  pthread_t thread{};
  auto start = std::make_unique<Start>(Start{*this, std::move(job)});
  if (pthread_create(&thread, stack.get(), &WorkerPool::enter, start.get()) != 0) {
    job = std::move(start->job);
    return false;
  }
  [[maybe_unused]] auto* const owned_by_thread = start.release();
  threads_.push_back(thread);
  return true;
}

std::size_t WorkerPool::threads() const {
  const std::lock_guard lock(mutex_);
  return threads_.size();
}

void* WorkerPool::enter(void* argument) {
  know_own_stack();
  pthread_setname_np(pthread_self(), "assay-worker");
  std::unique_ptr<Start> start(static_cast<Start*>(argument));
  WorkerPool& pool = start->pool;
  std::function<void()> job = std::move(start->job);
  start.reset();
  pool.work(std::move(job));
  return nullptr;
}

void WorkerPool::work(std::function<void()> job) {
  Worker self;
  while (job) {
    job();
    job = nullptr;  // what it owned goes away before the next wait
    next(self, job);
  }
}

// Leaves `job` empty when there is nothing left to do. Not inlined: what it needs would lie on the stack of
// every job that waits (core/stack.h).
[[gnu::noinline]] void WorkerPool::next(Worker& self, std::function<void()>& job) {
  {
    const std::lock_guard lock(mutex_);
    if (!jobs_.empty()) {
      job = std::move(jobs_.front());
      jobs_.pop_front();
      return;
    }
    if (ending_) return;
    idle_.push_back(&self);
  }
  job = self.take();
}

bool start_detached(const char* name, std::function<void()> body) {
  SmallStack stack;
  pthread_attr_setdetachstate(stack.get(), PTHREAD_CREATE_DETACHED);
  auto detached = std::make_unique<Detached>(Detached{name, std::move(body)});
  pthread_t thread{};
  if (pthread_create(&thread, stack.get(), &enter_detached, detached.get()) != 0) return false;
  [[maybe_unused]] auto* const owned_by_thread = detached.release();
  return true;
}

}  // namespace assay

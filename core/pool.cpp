#include "core/pool.h"

#include <memory>

namespace assay {
namespace {

// A sanitizer's frames are several times larger.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ASSAY_LARGE_STACKS 1
#endif
#endif
#ifdef ASSAY_LARGE_STACKS
constexpr std::size_t kStack = 2 << 20;
#else
constexpr std::size_t kStack = 256 << 10;
#endif

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
  const std::unique_ptr<Detached> detached(static_cast<Detached*>(argument));
  pthread_setname_np(pthread_self(), detached->name.c_str());
  detached->body();
  return nullptr;
}

}  // namespace

WorkerPool::WorkerPool(std::size_t size) : size_(size == 0 ? 1 : size) {}

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  for (const pthread_t thread : threads_) pthread_join(thread, nullptr);
}

void WorkerPool::submit(std::function<void()> job) {
  const std::lock_guard lock(mutex_);
  jobs_.push_back(std::move(job));
  if (idle_ >= jobs_.size() || threads_.size() >= size_ || (refused_ && !threads_.empty())) {
    wake_.notify_one();
    return;
  }
  SmallStack stack;
  pthread_t thread{};
  if (pthread_create(&thread, stack.get(), &WorkerPool::enter, this) == 0) {
    threads_.push_back(thread);
  } else {
    refused_ = true;  // go on with the threads there are
  }
  wake_.notify_one();
}

std::size_t WorkerPool::threads() const {
  const std::lock_guard lock(mutex_);
  return threads_.size();
}

void* WorkerPool::enter(void* self) {
  pthread_setname_np(pthread_self(), "assay-worker");
  static_cast<WorkerPool*>(self)->work();
  return nullptr;
}

void WorkerPool::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    wake_.wait(lock, [&] { return ending_ || !jobs_.empty(); });
    --idle_;
    if (jobs_.empty()) return;
    const auto job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    lock.lock();
  }
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

#include "net/kafka_crew.h"

#include <algorithm>

#include "core/pool.h"

namespace assay {

bool KafkaCrew::submit(std::function<void()> job) {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  if (idle_ <= jobs_.size() && threads_ < size_) {
    if (start_detached("assay-kafka-job", [self = shared_from_this()] { self->work(); })) {
      ++threads_;
    } else if (threads_ == 0) {
      return false;
    }
  }
  jobs_.push_back(std::move(job));
  wake_.notify_one();
  return true;
}

void KafkaCrew::close() {
  std::deque<std::function<void()>> dropped;
  const std::lock_guard lock(mutex_);
  closed_ = true;
  dropped.swap(jobs_);
  wake_.notify_all();
}

void KafkaCrew::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    wake_.wait(lock, [&] { return closed_ || !jobs_.empty(); });
    --idle_;
    if (closed_) return;
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    job = nullptr;  // lets go of what it holds while the lock is free
    lock.lock();
  }
}

bool KafkaTurn::take(Deadline deadline) {
  auto mine = std::make_shared<Stop>();
  {
    const std::lock_guard lock(mutex_);
    if (!taken_) return taken_ = true;
    waiting_.push_back(mine);
  }
  pollfd ready{mine->fd(), POLLIN, 0};
  while (::poll(&ready, 1, deadline.left_ms()) < 0) {
  }
  const std::lock_guard lock(mutex_);
  if (mine->raised()) return true;
  std::erase(waiting_, mine);
  return false;
}

void KafkaTurn::give_back() {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) {
    taken_ = false;
    return;
  }
  waiting_.front()->raise();
  waiting_.pop_front();
}

}  // namespace assay

// The thread that drives libcurl. Internal to net/.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "core/fd.h"
#include "net/http_job.h"

namespace assay {

// One thread, one multi handle, one epoll: work per event, not per open transfer. submit, cancel and resume
// are safe from any thread; nothing else is.
class HttpLoop {
 public:
  HttpLoop();
  ~HttpLoop();  // ends all transfers as cancelled
  HttpLoop(const HttpLoop&) = delete;
  HttpLoop& operator=(const HttpLoop&) = delete;

  void submit(std::shared_ptr<HttpJob> job);
  // Ends a transfer; its job is done soon afterwards. Harmless when it has ended already.
  void cancel(std::shared_ptr<HttpJob> job);
  // Goes on with a transfer whose body found no room.
  void resume(std::shared_ptr<HttpJob> job);

 private:
  friend struct LoopCallbacks;
  struct FreeMulti {
    void operator()(void* multi) const;
  };
  void order(std::vector<std::shared_ptr<HttpJob>>& list, std::shared_ptr<HttpJob> job);
  void serve();
  void take_orders();
  void collect_finished();
  void finish(HttpJob* job, int code, bool cancelled);
  void wake();

  Fd epoll_;
  Fd event_;
  std::unique_ptr<void, FreeMulti> multi_;
  TimePoint timer_ = TimePoint::max();  // when libcurl wants to be called next
  std::unordered_map<HttpJob*, std::shared_ptr<HttpJob>> under_way_;

  std::mutex mutex_;
  std::vector<std::shared_ptr<HttpJob>> submitted_;
  std::vector<std::shared_ptr<HttpJob>> given_up_;
  std::vector<std::shared_ptr<HttpJob>> resumed_;
  bool ending_ = false;
  bool woken_ = false;

  std::thread thread_;
};

}  // namespace assay

#include "drift/parallel.h"

#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace assay::drift {

void in_parallel(int threads, const std::function<void(const std::atomic<bool>& stop)>& work) {
  std::atomic<bool> stop = false;
  std::mutex mutex;
  std::exception_ptr first;
  const auto guarded = [&] {
    try {
      work(stop);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!first) first = std::current_exception();
      stop = true;
    }
  };
  std::vector<std::thread> others;
  if (threads > 1) others.reserve(static_cast<std::size_t>(threads) - 1);
  try {
    for (int i = 1; i < threads; ++i) others.emplace_back(guarded);
  } catch (const std::system_error&) {
    // Those that there are do it all.
  }
  guarded();
  for (auto& thread : others) thread.join();
  if (first) std::rethrow_exception(first);
}

}  // namespace assay::drift

// One piece of work on several threads.
#pragma once

#include <atomic>
#include <functional>

namespace assay::drift {

// Calls `work` on at most `threads` threads at once, the caller's among them (fewer where the system gives no
// more), and returns when all have ended. When one throws, `stop` becomes true, which the others are expected
// to look at; then the first exception is thrown here.
void in_parallel(int threads, const std::function<void(const std::atomic<bool>& stop)>& work);

}  // namespace assay::drift

#include "drift/parallel.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

namespace assay::drift {
namespace {

TEST(InParallel, CallsTheWorkOnEachThread) {
  for (const int threads : {0, 1, 2, 5}) {
    std::atomic<int> calls = 0;
    in_parallel(threads, [&](const std::atomic<bool>& stop) {
      EXPECT_FALSE(stop);
      ++calls;
    });
    EXPECT_EQ(calls, std::max(threads, 1));
  }
}

TEST(InParallel, AnExceptionStopsTheOthersAndIsThrownByTheCaller) {
  for (const int thrower : {0, 1, 3}) {
    std::atomic<int> calls = 0;
    std::atomic<int> stopped = 0;
    const auto work = [&](const std::atomic<bool>& stop) {
      if (calls++ == thrower) throw std::runtime_error("one of them");
      while (!stop) std::this_thread::yield();
      ++stopped;
    };
    EXPECT_THROW(in_parallel(4, work), std::runtime_error);
    EXPECT_EQ(stopped, 3);
  }
}

}  // namespace
}  // namespace assay::drift

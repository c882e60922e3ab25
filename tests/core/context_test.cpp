#include "core/context.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <thread>

#include "core/pool.h"

namespace assay {

using namespace std::chrono_literals;

TEST(Context, ReadyDescriptorsComeBeforeTheDeadline) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const Fd a(ends[0]);
  const Fd b(ends[1]);
  ASSERT_EQ(::write(b.get(), "x", 1), 1);
  const Stop stop;
  const auto ready = Context(Deadline::in(10s), stop).wait(a.get(), POLLIN, "request");
  ASSERT_TRUE(ready);
  EXPECT_NE(*ready & POLLIN, 0);
}

TEST(Context, TheDeadlineEndsAWait) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const Fd a(ends[0]);
  const Fd b(ends[1]);
  const Stop stop;
  const auto ready = Context(Deadline::in(20ms), stop).wait(a.get(), POLLIN, "auth");
  ASSERT_FALSE(ready);
  EXPECT_EQ(ready.error().code, "deadline");
  EXPECT_EQ(ready.error().phase, "auth");
}

TEST(Context, StopEndsAWaitFromAnotherThread) {
  Stop stop;
  Result<short> ended;
  std::thread waiter([&] { ended = Context(Deadline::in(60s), stop).wait(-1, 0, "request"); });
  stop.raise();
  waiter.join();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, "harness.cancelled");
  EXPECT_TRUE(stop.raised());
}

TEST(Context, PauseEndsAtItsTimeOrAtTheDeadline) {
  const Stop stop;
  EXPECT_TRUE(Context(Deadline::in(60s), stop).pause(Deadline::in(5ms), "wait"));
  const auto cut = Context(Deadline::in(5ms), stop).pause(Deadline::in(60s), "wait");
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, "deadline");
}

TEST(WorkerPool, RunsEveryJobOnAtMostItsSize) {
  std::atomic<int> ran = 0;
  {
    WorkerPool pool(3);
    for (int i = 0; i < 500; ++i) pool.submit([&] { ++ran; });
    EXPECT_LE(pool.threads(), 3U);
  }
  EXPECT_EQ(ran, 500);
}

TEST(WorkerPool, JobsRunAtOnceUpToItsSize) {
  std::atomic<int> inside = 0;
  Stop all_in;
  WorkerPool pool(8);
  for (int i = 0; i < 8; ++i) {
    pool.submit([&] {
      if (++inside == 8) all_in.raise();
      const Stop never;
      // Every job waits for the last one: with fewer threads than eight this would end at the deadline.
      EXPECT_TRUE(Context(Deadline::in(30s), never).wait(all_in.fd(), POLLIN, "test"));
    });
  }
}

}  // namespace assay

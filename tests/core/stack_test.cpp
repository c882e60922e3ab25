#include "core/stack.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

#include "core/context.h"
#include "core/pool.h"

namespace assay {
namespace {

constexpr std::size_t kDeep = 48 << 10;

// A sanitizer has stacks of its own, and a build without optimisation has large ones; neither is touched.
#if !defined(__OPTIMIZE__)
constexpr bool kNoted = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kNoted = false;
#else
constexpr bool kNoted = true;
#endif
#else
constexpr bool kNoted = true;
#endif

// Touches a large part of the stack and says where it began.
[[gnu::noinline]] char* touch() {
  char deep[kDeep];
  volatile char* const all = deep;
  for (std::size_t i = 0; i < sizeof deep; i += 512) all[i] = 1;
  // From this frame's address, which is as far down: nobody looks at what was there.
  return static_cast<char*>(__builtin_frame_address(0)) - kDeep;
}

// How many of the pages of that part are in memory.
[[gnu::noinline]] int resident(char* from) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  unsigned char pages[kDeep / 4096 + 1] = {};
  if (::mincore(from - reinterpret_cast<std::uintptr_t>(from) % page, kDeep, pages) != 0) return -1;
  int count = 0;
  for (const unsigned char one : pages) count += one & 1;
  return count;
}

}  // namespace

TEST(Stack, AWaitThatLastsGivesBackWhatLiesBelowIt) {
  int before = 0;
  int after = 0;
  bool noted = false;
  Stop stop;
  {
    WorkerPool pool(1);
    pool.submit([&] {
      noted = stack_is_noted();
      char* const deep = touch();
      before = resident(deep);
      static_cast<void>(Context(Deadline::in(std::chrono::milliseconds(40)), stop).wait(-1, 0, "request"));
      after = resident(deep);
    });
  }
  EXPECT_EQ(noted, kNoted);
  if (!kNoted) return;
  EXPECT_GE(before, 10);
  EXPECT_LE(after, 3);
}

TEST(Stack, AThreadThatIsNotOursKeepsIt) {
  EXPECT_FALSE(stack_is_noted());
  char* const deep = touch();
  give_back_stack();
  if (!kNoted) return;  // a sanitizer keeps large arrays elsewhere
  EXPECT_GE(resident(deep), 10);
}

}  // namespace assay

#include "core/stack.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace assay {
namespace {

// The C library puts a guard page, its own description of the thread and thread-local data into the same
// mapping; what lies nearer to its lower end than this is left alone.
constexpr std::size_t kSpared = 64 << 10;
// Below the caller's frame: this function's own and the system call's.
constexpr std::size_t kOwn = 256;

thread_local std::uintptr_t lowest = 0;  // 0: not noted

std::uintptr_t here() { return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)); }

}  // namespace

void note_stack(std::size_t size) { lowest = size > kSpared ? here() - size + kSpared : 0; }

bool stack_is_noted() { return lowest != 0; }

[[gnu::noinline]] void give_back_stack() {
  static const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  if (lowest == 0) return;
  const std::uintptr_t from = (lowest + page - 1) / page * page;
  const std::uintptr_t to = (here() - kOwn) / page * page;
  if (from < to) ::madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED);
}

}  // namespace assay

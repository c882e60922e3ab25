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

thread_local char* lowest = nullptr;  // null: not noted

char* here() { return static_cast<char*>(__builtin_frame_address(0)); }

// The start of the page that holds it.
char* page_of(char* address) {
  static const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  return address - reinterpret_cast<std::uintptr_t>(address) % page;
}

}  // namespace

void note_stack(std::size_t size) { lowest = size > kSpared ? here() - (size - kSpared) : nullptr; }

bool stack_is_noted() { return lowest != nullptr; }

[[gnu::noinline]] void give_back_stack() {
  if (lowest == nullptr) return;
  static const long page = ::sysconf(_SC_PAGESIZE);
  char* const from = page_of(lowest + page - 1);
  char* const to = page_of(here() - kOwn);
  if (from < to) ::madvise(from, static_cast<std::size_t>(to - from), MADV_DONTNEED);
}

}  // namespace assay

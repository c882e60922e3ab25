#include "core/context.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "core/stack.h"

namespace assay {
namespace {

// A wait that lasts longer than this gives the stack below it back first.
constexpr int kSoon = 10;  // milliseconds

// poll(2) that keeps no memory while it waits for long.
int patient_poll(pollfd* fds, nfds_t count, Deadline deadline) {
  const int left = deadline.left_ms();
  if (left <= kSoon || !stack_is_noted()) return ::poll(fds, count, left);
  const int ready = ::poll(fds, count, kSoon);
  if (ready != 0) return ready;
  give_back_stack();
  return ::poll(fds, count, deadline.left_ms());
}

// Not inlined: the texts and the error would take their room on the stack while a thread waits.
[[gnu::noinline, gnu::cold]] Result<short> not_waited(std::string_view code, std::string_view phase,
                                                      const char* what) {
  return fail(code, phase, what);
}

[[gnu::noinline, gnu::cold]] Result<short> poll_failed(int error, std::string_view phase) {
  return fail("harness.internal", phase, std::string("poll: ") + std::strerror(error));
}

}  // namespace

Stop::Stop() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!event_) throw std::runtime_error(std::string("eventfd: ") + std::strerror(errno));
}

void Stop::raise() {
  raised_.store(true, std::memory_order_release);
  const std::uint64_t one = 1;
  // The counter only saturates after 2^64-2 raises; a failed write there means that it is raised already.
  [[maybe_unused]] const auto written = ::write(event_.get(), &one, sizeof one);
}

Result<short> Context::wait(int fd, short events, std::string_view phase) const {
  while (true) {
    pollfd fds[2] = {{stop_->fd(), POLLIN, 0}, {fd, events, 0}};
    const int ready = patient_poll(fds, 2, deadline_);
    if (ready < 0) {
      if (errno == EINTR) continue;
      return poll_failed(errno, phase);
    }
    if (fds[0].revents != 0) return not_waited("harness.cancelled", phase, "cancelled while waiting");
    if (fds[1].revents != 0) return fds[1].revents;
    if (deadline_.passed()) return not_waited("deadline", phase, "no answer within the timeout");
  }
}

Result<void> Context::pause(Deadline until, std::string_view phase) const {
  const Context shorter(deadline_.earlier(until), *stop_);
  const auto waited = shorter.wait(-1, 0, phase);
  if (until.passed() && (waited || waited.error().code == "deadline")) return {};
  return Failure(waited ? Error{"deadline", std::string(phase), "no time left", true} : waited.error());
}

Result<void> Context::check(std::string_view phase) const {
  if (stop_->raised()) return fail("harness.cancelled", phase, "cancelled");
  if (deadline_.passed()) return fail("deadline", phase, "no answer within the timeout");
  return {};
}

}  // namespace assay

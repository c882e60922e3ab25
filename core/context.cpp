#include "core/context.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace assay {

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
    const int ready = ::poll(fds, 2, deadline_.left_ms());
    if (ready < 0) {
      if (errno == EINTR) continue;
      return fail("harness.internal", phase, std::string("poll: ") + std::strerror(errno));
    }
    if (fds[0].revents != 0) return fail("harness.cancelled", phase, "cancelled while waiting");
    if (fds[1].revents != 0) return fds[1].revents;
    if (deadline_.passed()) return fail("deadline", phase, "no answer within the timeout");
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

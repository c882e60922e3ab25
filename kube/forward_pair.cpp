#include "kube/forward_pair.h"

#include <sys/socket.h>

#include <cerrno>

namespace assay {

// From the near end.
void ForwardPair::hear() {
  std::array<char, 16384> room;
  while (!near_over_ && !far_over_ && far_.unsent() < kMostWaiting) {
    const auto got = ::recv(near_.get(), room.data(), room.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got > 0) {
      far_.queue({room.data(), static_cast<std::size_t>(got)});
    } else {
      near_over_ = true;
    }
  }
}

// From the far end, counted in `taken`; false when nothing came.
bool ForwardPair::take(std::optional<Error>& cut, std::size_t& taken) {
  const std::size_t before = to_near_.size();
  while (!far_over_ && to_near_.size() < kMostWaiting && taken + to_near_.size() - before < kMostATurn) {
    auto chunk = far_.try_next();
    if (!chunk) {
      cut = chunk.error();
      far_over_ = true;
    } else if (*chunk) {
      to_near_ += (*chunk)->text;
    } else {
      far_over_ = far_.ended();
      break;
    }
  }
  taken += to_near_.size() - before;
  return to_near_.size() > before;
}

// To the near end; what that does not take any more is dropped.
void ForwardPair::give() {
  std::size_t given = 0;
  while (!near_over_ && given < to_near_.size()) {
    const auto sent =
        ::send(near_.get(), to_near_.data() + given, to_near_.size() - given, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      given += static_cast<std::size_t>(sent);
    } else if (errno == EAGAIN) {
      to_near_.erase(0, given);
      return;
    } else if (errno != EINTR) {
      near_over_ = true;  // it has gone
    }
  }
  to_near_.clear();
}

Result<bool> ForwardPair::move() {
  hear();
  far_.try_flush();  // by itself, since nothing is taken from the far end where too much waits already
  std::optional<Error> cut;
  // As long as there is room: what the stream already holds wakes nobody. An end that never stops sending has
  // its turn again after the others.
  std::size_t taken = 0;
  do {
    give();
  } while (!near_over_ && take(cut, taken));
  full_turn_ = taken >= kMostATurn;
  if (near_over_) return !far_over_ && far_.unsent() > 0;
  if (cut) return Failure(*cut);
  return !far_over_ || !to_near_.empty();
}

// An end of which nothing is wanted is left out: poll(2) tells of a hang-up whether it is asked or not, again
// and again.
std::array<pollfd, 2> ForwardPair::polls() const {
  short near = 0;
  if (!to_near_.empty()) near = POLLOUT;
  if (!near_over_ && !far_over_ && far_.unsent() < kMostWaiting) near = static_cast<short>(near | POLLIN);
  short far = far_over_ ? short{0} : far_.events();
  if (to_near_.size() >= kMostWaiting) far = static_cast<short>(far & ~POLLIN);
  return {{{near == 0 ? -1 : near_.get(), near, 0}, {far == 0 ? -1 : far_.fd(), far, 0}}};
}

}  // namespace assay

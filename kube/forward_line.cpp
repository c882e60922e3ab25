#include "kube/forward_line.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "core/pool.h"
#include "net/transport.h"

namespace assay {
namespace {

// What waits to be sent to one side before the other is asked for more.
constexpr std::size_t kMostWaiting = 1U << 20;

// One connection.
struct Pair {
  Fd near;
  KubeStream far;
  std::string to_near = {};  // came from the far end
  bool over = false;         // the far end has ended: what came is handed over, then the near end is closed

  // Moves what can be moved now; false when the connection is over. A failure is why it was cut.
  Result<bool> move();
  Result<bool> take();
  bool give();
};

// From the far end; true when that may have more.
Result<bool> Pair::take() {
  while (!over && to_near.size() < kMostWaiting) {
    auto chunk = far.try_next();
    if (!chunk) return Failure(chunk.error());
    if (!*chunk) {
      over = far.ended();
      return false;
    }
    to_near += (*chunk)->text;
  }
  return !over;
}

// To the near end; false when that is gone.
bool Pair::give() {
  while (!to_near.empty()) {
    const auto sent = ::send(near.get(), to_near.data(), to_near.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return errno == EAGAIN;
    to_near.erase(0, static_cast<std::size_t>(sent));
  }
  return true;
}

Result<bool> Pair::move() {
  std::array<char, 16384> room;
  while (!over && far.unsent() < kMostWaiting) {
    const auto got = ::recv(near.get(), room.data(), room.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) break;
    if (got > 0) {
      far.queue({room.data(), static_cast<std::size_t>(got)});
      continue;
    }
    // The attempt has closed it; the last that it said goes on its way.
    [[maybe_unused]] const auto last = far.try_next();
    return false;
  }
  // As long as there is room: what the stream already holds wakes nobody.
  for (bool more = true; more && to_near.size() < kMostWaiting;) {
    const auto taken = take();
    if (!taken) return Failure(taken.error());
    more = *taken;
    if (!give()) return false;
  }
  return !over || !to_near.empty();
}

Error lost(const std::optional<Error>& refusal, const Error& error) {
  if (refusal && refusal->code.starts_with("connect.")) return *refusal;
  return {"vantage.failed", "connect", "the port-forward ended: " + error.message};
}

}  // namespace

struct ForwardLine::State {
  Fd listener;
  SocketAddress near;
  Open open;
  Deadline deadline;
  Stop over;
  std::vector<Pair> pairs = {};  // the thread's own

  std::mutex mutex = {};
  std::condition_variable changed = {};
  bool finished = false;
  bool opening = false;
  std::optional<Error> failure = {};  // the first

  void opens(bool now) {
    const std::lock_guard lock(mutex);
    opening = now;
  }
  void failed(Error why) {
    const std::lock_guard lock(mutex);
    if (!failure) failure = std::move(why);
  }

  void live() {
    while (!over.raised()) {
      wait();
      accept();
      move();
    }
    pairs.clear();
    const std::lock_guard lock(mutex);
    finished = true;
    changed.notify_all();
  }

  void wait() const {
    std::vector<pollfd> fds = {{over.fd(), POLLIN, 0}, {listener.get(), POLLIN, 0}};
    for (const Pair& one : pairs) {
      short wanted = one.to_near.empty() ? 0 : POLLOUT;
      if (!one.over && one.far.unsent() < kMostWaiting) wanted = static_cast<short>(wanted | POLLIN);
      fds.push_back({one.near.get(), wanted, 0});
      const bool full = one.over || one.to_near.size() >= kMostWaiting;
      fds.push_back({full ? -1 : one.far.fd(), one.far.events(), 0});
    }
    ::poll(fds.data(), fds.size(), -1);
  }

  void move() {
    std::erase_if(pairs, [this](Pair& one) {
      const auto moved = one.move();
      if (moved) return !*moved;
      // What came before goes before the end; then the attempt finds the reason here.
      [[maybe_unused]] const bool gave = one.give();
      failed(lost(one.far.refusal(), moved.error()));
      return true;
    });
  }

  void accept() {
    Fd came(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!came) return;
    const int on = 1;
    ::setsockopt(came.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    opens(true);
    auto far = open(Context(deadline, over));
    if (!far) failed({"vantage.failed", "connect", far.error().message});
    opens(false);
    if (!far) return;
    pairs.push_back({std::move(came), std::move(*far)});
  }
};

Result<std::unique_ptr<ForwardLine>> ForwardLine::start(Open open, Deadline deadline) {
  Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const SocketAddress any = *SocketAddress::numeric("127.0.0.1", 0);
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (!listener || ::bind(listener.get(), any.data(), any.size()) != 0 || ::listen(listener.get(), 16) != 0 ||
      ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0)
    return socket_failure(errno, "setup", "a port of loopback to forward from");
  auto state =
      std::shared_ptr<State>(new State{std::move(listener),
                                       SocketAddress::from(reinterpret_cast<sockaddr*>(&bound), size),
                                       std::move(open),
                                       deadline,
                                       {}});
  if (!start_detached("forward", [state] { state->live(); }))
    return fail("harness.internal", "setup", "no thread is to be had");
  return std::unique_ptr<ForwardLine>(new ForwardLine(std::move(state)));
}

ForwardLine::~ForwardLine() {
  state_->over.raise();
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [this] { return state_->finished; });
}

const SocketAddress& ForwardLine::near() const { return state_->near; }

std::optional<Error> ForwardLine::failure() const {
  const std::lock_guard lock(state_->mutex);
  if (!state_->failure && state_->opening)
    return Error{"vantage.failed", "connect", "the port-forward was not there in time"};
  return state_->failure;
}

}  // namespace assay

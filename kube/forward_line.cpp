#include "kube/forward_line.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/pool.h"
#include "kube/forward_pair.h"
#include "net/transport.h"

namespace assay {
namespace {

Error lost(const std::optional<Error>& refusal, const Error& error) {
  if (refusal && refusal->code.starts_with("connect.")) return *refusal;
  return {"vantage.failed", "connect", "the port-forward ended: " + error.message};
}

}  // namespace

struct ForwardLine::State {
  Fd listener;
  SocketAddress near;
  Open open;
  Stop over = {};
  std::vector<ForwardPair> pairs = {};  // the thread's own

  std::mutex mutex = {};
  std::condition_variable changed = {};
  Deadline deadline = {};  // of the far ends that are opened
  bool finished = false;
  bool opening = false;
  std::optional<Error> failure = {};  // the first

  // Begins to open a far end, which must be there by the deadline that this gives.
  Deadline begin_opening() {
    const std::lock_guard lock(mutex);
    opening = true;
    return deadline;
  }
  void end_opening(std::optional<Error> why) {
    const std::lock_guard lock(mutex);
    if (!failure) failure = std::move(why);
    opening = false;
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
    move();  // the attempt's end: what it said last is on its way, as far as that needs no waiting
    pairs.clear();
    const std::lock_guard lock(mutex);
    finished = true;
    changed.notify_all();
  }

  void wait() const {
    std::vector<pollfd> fds = {{over.fd(), POLLIN, 0}, {listener.get(), POLLIN, 0}};
    for (const ForwardPair& one : pairs) {
      for (const pollfd& end : one.polls()) fds.push_back(end);
    }
    const bool unfinished =
        std::any_of(pairs.begin(), pairs.end(), [](const ForwardPair& one) { return one.unfinished(); });
    ::poll(fds.data(), fds.size(), unfinished ? 0 : -1);
  }

  void move() {
    std::erase_if(pairs, [this](ForwardPair& one) {
      auto moved = one.move();
      if (moved) return !*moved;
      // Before the near end is closed: then the attempt finds the reason here.
      failed(lost(one.refusal(), moved.error()));
      moved = one.move();
      return !moved || !*moved;
    });
  }

  void accept() {
    if (!listener) return;
    Fd came(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!came && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)) return;
    if (!came) {
      // It would stay in the queue, and wake this thread for ever.
      failed({"vantage.failed", "connect",
              std::string("the near end of the port-forward: ") + std::strerror(errno)});
      listener.reset();
      return;
    }
    const int on = 1;
    ::setsockopt(came.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto far = open(Context(begin_opening(), over));
    if (!far) return end_opening(Error{"vantage.failed", "connect", far.error().message});
    end_opening({});
    pairs.emplace_back(std::move(came), std::move(*far));
  }
};

Result<std::unique_ptr<ForwardLine>> ForwardLine::start(Open open) {
  Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const SocketAddress any = *SocketAddress::numeric("127.0.0.1", 0);
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (!listener || ::bind(listener.get(), any.data(), any.size()) != 0 || ::listen(listener.get(), 16) != 0 ||
      ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0)
    return socket_failure(errno, "setup", "a port of loopback to forward from");
  auto state = std::shared_ptr<State>(new State{
      std::move(listener), SocketAddress::from(reinterpret_cast<sockaddr*>(&bound), size), std::move(open)});
  if (!start_detached("forward", [state] { state->live(); }))
    return fail("harness.internal", "setup", "no thread is to be had");
  return std::unique_ptr<ForwardLine>(new ForwardLine(std::move(state)));
}

ForwardLine::~ForwardLine() {
  state_->over.raise();
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [this] { return state_->finished; });
}

void ForwardLine::until(Deadline deadline) {
  const std::lock_guard lock(state_->mutex);
  state_->deadline = deadline;
}

const SocketAddress& ForwardLine::near() const { return state_->near; }

std::optional<Error> ForwardLine::failure() const {
  const std::lock_guard lock(state_->mutex);
  if (!state_->failure && state_->opening)
    return Error{"vantage.failed", "connect", "the port-forward was not there in time"};
  return state_->failure;
}

}  // namespace assay

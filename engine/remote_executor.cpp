#include "engine/remote_executor.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <map>
#include <mutex>

#include "core/fd.h"
#include "engine/agent_session.h"
#include "engine/observation.h"
#include "engine/secrets.h"
#include "engine/vantage.h"

namespace assay {
namespace {

constexpr Duration kReconnect = std::chrono::seconds(10);  // and to send, or receive, what is under way

// What became of the vantage itself.
Value lost(const Error& error) {
  return failed_observation(
      {error.code.starts_with("vantage.") ? error.code : "vantage.failed", "setup", error.message});
}

// How the agent comes by a reference: read by itself, mounted beside it, or told.
std::vector<AgentReference> references_of(const Task& check, const SecretStore& secrets,
                                          const std::string& mounts) {
  std::vector<AgentReference> found;
  each_reference(check.with, [&](const Value& reference) {
    if (is_read_there(reference, check.from)) return;
    AgentReference one{reference, {}, {}, {}};
    if (is_mounted(reference, check.from)) {
      const Value& secret = reference.members().front().value;
      one.file = mounts + "/" + secret.get("name") + "/" + secret.get("key");
    } else if (const auto value = secrets.get(reference)) {
      one.value = value->reveal();
    } else {
      one.error = value.error().message;
    }
    found.push_back(std::move(one));
  });
  return found;
}

}  // namespace

struct RemoteExecutor::State {
  State(std::unique_ptr<AgentPlace> where, std::shared_ptr<LocalShared> with, Options wanted, HandIn to)
      : place(std::move(where)),
        shared(std::move(with)),
        options(std::move(wanted)),
        hand_in(std::move(to)),
        session({kAgentProtocol, shared->run, options.key, static_cast<std::int64_t>(options.jobs), 0}) {}

  const std::unique_ptr<AgentPlace> place;
  const std::shared_ptr<LocalShared> shared;
  const Options options;
  const HandIn hand_in;

  Fd wake{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Order> queue;
  bool begun = false;     // the thread was started
  bool closing = false;   // nothing more is wanted
  Deadline closing_at;    // until when the vantage may be taken away
  bool finished = false;  // the thread is through

  // The thread's own.
  AgentSession session;
  std::map<std::int64_t, Order> orders;  // by their numbers
  std::unique_ptr<AgentLink> link;
  bool placed = false;  // something may have to be taken away
  TimePoint said = std::chrono::steady_clock::now();
  TimePoint heard = said;
  TimePoint connected = said;
  const Stop never;

  void nudge() const {
    const std::uint64_t count = 1;
    [[maybe_unused]] const auto written = ::write(wake.get(), &count, sizeof count);
  }

  void live() {
    while (true) {
      std::vector<Order> fresh;
      {
        const std::lock_guard lock(mutex);
        if (closing) break;
        fresh = std::exchange(queue, {});
      }
      serve(std::move(fresh));
      idle();
    }
    leave();
    const std::lock_guard lock(mutex);
    finished = true;
    changed.notify_all();
  }

  Context during(Duration bound) const {
    return {options.deadline.earlier(Deadline::in(bound)), shared->stop};
  }

  void serve(std::vector<Order> fresh) {
    std::string text;
    for (Order& order : fresh) {
      AgentOrder wanted;
      wanted.probe = order.what->probe->name;
      wanted.with = order.what->with;
      wanted.timeout = order.what->timeout;
      wanted.random = order.random;
      wanted.references = references_of(*order.what, shared->secrets, options.mounts);
      const auto line = session.order(std::move(wanted), order.bound);
      if (!line) {
        refuse(order, line.error());
        continue;
      }
      text += *line;
      orders.emplace(session.last(), order);
    }
    if (orders.empty()) return;
    if (link == nullptr) {
      placed = true;
      auto started = place->start(during(options.start));
      if (!started) return give_up(started.error());
      link = std::move(*started);
      text = session.open();
      heard = connected = std::chrono::steady_clock::now();
    }
    if (!text.empty()) say(text);
  }

  // Of one order alone, which the agent never gets.
  void refuse(const Order& order, const Error& error) const {
    const double queued = seconds(std::chrono::steady_clock::now() - order.ready_at);
    hand_in({order.check, seal(failed_observation({error.code, "setup", error.message}), shared->redactor), 0,
             queued, 0, false});
  }

  void say(const std::string& text) {
    said = std::chrono::steady_clock::now();
    const auto sent = link->send(text, during(kReconnect));
    if (!sent) connect_again(sent.error());
  }

  // Waits for the agent, for new orders, or for the next beat.
  void idle() {
    // What came while something was sent does not wake the descriptor any more.
    while (link != nullptr && listen()) {
    }
    const bool nothing = link == nullptr;
    const Deadline beat(said + kAgentBeat);
    const Deadline greeting = session.greeted() ? Deadline() : Deadline(connected + options.greeting);
    std::array<pollfd, 3> fds = {
        {{nothing ? -1 : link->fd(), POLLIN, 0}, {wake.get(), POLLIN, 0}, {shared->stop.fd(), POLLIN, 0}}};
    // Once the run is told to stop, only close() is waited for.
    const bool stopped = shared->stop.raised();
    ::poll(fds.data(), stopped ? 2 : 3, nothing || stopped ? -1 : beat.earlier(greeting).left_ms());
    std::uint64_t count = 0;
    [[maybe_unused]] const auto read = ::read(wake.get(), &count, sizeof count);
    if (link == nullptr || stopped) return;
    if (fds[0].revents != 0) [[maybe_unused]]
      const bool more = listen();
    if (link == nullptr) return;
    const TimePoint now = std::chrono::steady_clock::now();
    if (!session.greeted() && now - connected >= options.greeting) {
      link.reset();
      return give_up({"vantage.protocol", "setup", "what runs there does not answer as assay's agent does"});
    }
    if (now - heard > kAgentBeat * 3)
      return connect_again({"vantage.failed", "request", "the agent has said nothing for 15 s"});
    if (beat.passed()) say(beat_line());
  }

  // False when nothing had come.
  bool listen() {
    const auto bytes = link->receive(during(kReconnect));
    if (!bytes) {
      connect_again(bytes.error());
      return false;
    }
    if (bytes->empty()) return false;
    heard = std::chrono::steady_clock::now();
    auto taken = session.take(*bytes);
    if (!taken) {
      link.reset();
      give_up(taken.error());
      return false;
    }
    for (AgentAnswer& answer : taken->answers) answered(std::move(answer));
    if (!taken->reply.empty()) say(taken->reply);
    return true;
  }

  void answered(AgentAnswer answer) {
    const auto found = orders.find(answer.number);
    if (found == orders.end()) return;
    const Order order = found->second;
    orders.erase(found);
    const double away = seconds(std::chrono::steady_clock::now() - order.ready_at);
    // Sealed here too: the agent knows what its own orders told it, the run knows every secret.
    hand_in({order.check, seal(std::move(answer.observation), shared->redactor), answer.took,
             std::max(0.0, away - answer.took), answer.lag, answer.cut});
  }

  // Once; an agent that is lost for good takes its orders with it.
  void connect_again(const Error& why) {
    link.reset();
    if (shared->stop.raised()) return;
    auto found = place->again(during(kReconnect));
    if (found) {
      link = std::move(*found);
      heard = said = connected = std::chrono::steady_clock::now();
      const auto sent = link->send(session.open(), during(kReconnect));
      if (sent) return;
      link.reset();
      return give_up(sent.error());
    }
    give_up({"vantage.failed", "request", why.message + "; " + found.error().message});
  }

  void give_up(const Error& error) {
    for (auto& [number, order] : std::exchange(orders, {})) {
      const double queued = seconds(std::chrono::steady_clock::now() - order.ready_at);
      hand_in({order.check, seal(lost(error), shared->redactor), 0, queued, 0, shared->stop.raised()});
    }
    session.start_anew();
    placed = !place->remove(Context(Deadline::in(std::chrono::seconds(2)), never));
  }

  void leave() {
    Deadline until;
    {
      const std::lock_guard lock(mutex);
      until = closing_at;
    }
    const Context context(until, never);
    if (link != nullptr) [[maybe_unused]]
      const auto said_so = link->send(end_line(), context);
    link.reset();
    if (placed) [[maybe_unused]]
      const bool gone = place->remove(context);
  }
};

RemoteExecutor::RemoteExecutor(std::unique_ptr<AgentPlace> place, std::shared_ptr<LocalShared> shared,
                               Options options, HandIn hand_in)
    : state_(std::make_shared<State>(std::move(place), std::move(shared), std::move(options),
                                     std::move(hand_in))) {}

RemoteExecutor::~RemoteExecutor() {
  stop(Deadline::in(std::chrono::seconds(2)));
  close();
}

void RemoteExecutor::submit(Order order) {
  const std::lock_guard lock(state_->mutex);
  if (!state_->begun) {
    state_->begun = start_detached("vantage", [state = state_] { state->live(); });
    if (!state_->begun) {
      state_->hand_in(
          {order.check, lost({"vantage.failed", "setup", "no thread is to be had"}), 0, 0, 0, false});
      return;
    }
  }
  state_->queue.push_back(order);
  state_->nudge();
}

void RemoteExecutor::stop(Deadline deadline) {
  const std::lock_guard lock(state_->mutex);
  if (state_->closing) return;
  state_->closing_at = deadline;
  state_->closing = true;
  state_->nudge();
}

void RemoteExecutor::close() {
  std::unique_lock lock(state_->mutex);
  if (state_->begun && !state_->finished)
    state_->changed.wait_until(lock, state_->closing_at.at(), [&] { return state_->finished; });
}

}  // namespace assay

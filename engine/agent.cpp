#include "engine/agent.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <mutex>
#include <set>

#include "core/fd.h"
#include "core/lag.h"
#include "core/pool.h"
#include "core/process_setup.h"
#include "engine/agent_protocol.h"
#include "engine/observation.h"
#include "engine/perform.h"
#include "engine/secrets.h"

namespace assay {
namespace {

// What the workers share; they may outlive the agent.
struct Desk {
  Probes probes;
  Network network;
  Stop stop;
  LagMonitor lag;
  std::string run;
  Fd wake{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::mutex mutex;
  std::vector<AgentAnswer> done;

  void hand_in(AgentAnswer answer) {
    {
      const std::lock_guard lock(mutex);
      done.push_back(std::move(answer));
    }
    const std::uint64_t count = 1;
    [[maybe_unused]] const auto written = ::write(wake.get(), &count, sizeof count);
  }
  std::vector<AgentAnswer> take() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto read = ::read(wake.get(), &count, sizeof count);
    const std::lock_guard lock(mutex);
    return std::exchange(done, {});
  }
};

class Agent {
 public:
  Agent(const Probes& probes, const AgentOptions& options)
      : options_(options), deadline_(Deadline::in(options.deadline)) {
    desk_->probes = probes;
    ::fcntl(options.out, F_SETFL, ::fcntl(options.out, F_GETFL) | O_NONBLOCK);
  }

  AgentEnd serve() {
    while (true) {
      if (const auto end = once()) {
        desk_->stop.raise();
        // Attempts that hang are left behind: the process ends.
        if (under_way_ > 0) [[maybe_unused]]
          auto* const abandoned = pool_.release();
        return *end;
      }
    }
  }

 private:
  std::optional<AgentEnd> once() {
    const Deadline silence(heard_ + kAgentPatience);
    std::array<pollfd, 4> fds = {{{options_.in, POLLIN, 0},
                                  {desk_->wake.get(), POLLIN, 0},
                                  {options_.signal_fd, POLLIN, 0},
                                  {out_.empty() ? -1 : options_.out, POLLOUT, 0}}};
    ::poll(fds.data(), fds.size(), deadline_.earlier(silence).left_ms());
    if (deadline_.passed()) return AgentEnd::deadline;
    if (fds[2].revents != 0 && next_signal(options_.signal_fd) != 0) return AgentEnd::signal;
    for (AgentAnswer& answer : desk_->take()) {
      --under_way_;
      keep(std::move(answer));
    }
    if (fds[0].revents != 0) {
      if (const auto end = read()) return end;
    }
    if (silence.passed()) return AgentEnd::silence;
    return flush() ? std::nullopt : std::optional(AgentEnd::broken);
  }

  std::optional<AgentEnd> read() {
    std::array<char, 65536> room{};
    const auto got = ::read(options_.in, room.data(), room.size());
    if (got < 0) return errno == EINTR || errno == EAGAIN ? std::nullopt : std::optional(AgentEnd::broken);
    if (got == 0) return AgentEnd::end_of_input;
    heard_ = std::chrono::steady_clock::now();
    const auto lines = cutter_.take({room.data(), static_cast<std::size_t>(got)});
    if (!lines) {
      cutter_.forget();
      return std::nullopt;
    }
    for (const std::string& text : *lines) {
      const auto line = parse_agent_line(text);
      if (!line) {
        // A run of another version learns of this one's; anything else was cut in the middle and is said
        // again.
        if (text.starts_with("{\"agent\"")) out_ += agent_greeting();
        continue;
      }
      if (line->word == AgentWord::end) return AgentEnd::told;
      if (line->word == AgentWord::hello) greet(line->hello);
      if (line->word == AgentWord::order && pool_ != nullptr) begin(line->order);
      if (line->word == AgentWord::ack) kept_.erase(kept_.begin(), kept_.upper_bound(line->ack));
      if (line->word == AgentWord::beat) out_ += beat_line();
    }
    return std::nullopt;
  }

  void greet(const AgentHello& hello) {
    if (pool_ == nullptr) {
      desk_->run = hello.run;
      redactor_ = std::make_shared<const Redactor>(hello.key);
      pool_ = std::make_unique<WorkerPool>(
          static_cast<std::size_t>(std::clamp<std::int64_t>(hello.jobs, 1, 2000)));
    }
    // What was on its way when the connection was lost is lost with it; a line of it may have been cut.
    out_ = "\n" + agent_greeting();
    for (const auto& [number, text] : kept_) {
      if (number > hello.seen) out_ += text;
    }
  }

  void know(const Secret& secret, const std::string& name) {
    if (told_.emplace(name, secret.reveal()).second) redactor_->learn(secret, name);
  }

  // What an order's references give here.
  SecretStore resolve(const AgentOrder& order) {
    SecretStore secrets;
    const auto put = [&](const Value& reference, Result<Secret> outcome) {
      if (outcome) know(*outcome, reference_name(reference));
      secrets.put(reference, std::move(outcome));
    };
    for (const AgentReference& one : order.references) {
      if (!one.error.empty()) {
        put(one.reference, fail("secret.unresolved", "setup", one.error));
      } else if (!one.file.empty()) {
        put(one.reference, read_local_reference(Value::object({{"file", one.file}})));
      } else {
        put(one.reference, Secret(one.value));
      }
    }
    each_reference(order.with, [&](const Value& reference) {
      if (!secrets.has(reference)) put(reference, read_local(reference, options_.taken));
    });
    return secrets;
  }

  void begin(AgentOrder order) {
    if (!begun_.insert(order.number).second) return;
    const auto probe = std::find_if(desk_->probes.begin(), desk_->probes.end(),
                                    [&](const Probe& one) { return one.name == order.probe; });
    if (probe == desk_->probes.end()) {
      return keep({0, order.number,
                   failed_observation({"vantage.protocol", "setup",
                                       "this agent has no probe " + order.probe +
                                           ": its image is of another version of assay"}),
                   0, 0, 0, false});
    }
    const Deadline bound = order.left > Duration::zero() ? Deadline::in(order.left) : Deadline();
    const TimePoint came = std::chrono::steady_clock::now();
    auto secrets = std::make_shared<SecretStore>(resolve(order));
    for (const LiteralSecret& one : literal_secrets(order.with, probe->params))
      know(Secret(one.text), one.field);
    ++under_way_;
    pool_->submit([desk = desk_, probe = &*probe, secrets, redactor = redactor_, bound, came,
                   what = std::make_shared<AgentOrder>(std::move(order))] {
      const TimePoint start = std::chrono::steady_clock::now();
      const AttemptSetting setting{*probe,     what->with, *secrets,  *redactor, desk->network,
                                   desk->stop, desk->lag,  desk->run, nullptr};
      Performed made = perform(setting, what->timeout, bound, what->random);
      desk->hand_in({0, what->number, std::move(made.observation), made.took, seconds(start - came), made.lag,
                     made.cut});
    });
  }

  void keep(AgentAnswer answer) {
    answer.line = ++last_;
    const std::string& text = kept_[answer.line] = to_line(answer);
    out_ += text;
  }

  bool flush() {
    while (!out_.empty()) {
      const auto put = ::write(options_.out, out_.data(), out_.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return errno == EAGAIN;
      out_.erase(0, static_cast<std::size_t>(put));
    }
    return true;
  }

  const AgentOptions& options_;
  const Deadline deadline_;
  const std::shared_ptr<Desk> desk_ = std::make_shared<Desk>();
  std::unique_ptr<WorkerPool> pool_;  // from the first hello on
  TimePoint heard_ = std::chrono::steady_clock::now();
  LineCutter cutter_;
  std::string out_;
  std::set<std::int64_t> begun_;
  std::size_t under_way_ = 0;
  std::map<std::int64_t, std::string> kept_;  // answers that are not acknowledged
  std::int64_t last_ = 0;
  std::set<std::pair<std::string, std::string>> told_;
  std::shared_ptr<const Redactor> redactor_;
};

}  // namespace

AgentEnd serve_agent(const Probes& probes, const AgentOptions& options) {
  return Agent(probes, options).serve();
}

}  // namespace assay

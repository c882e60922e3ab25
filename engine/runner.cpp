#include "engine/runner.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <deque>
#include <mutex>
#include <queue>

#include "core/process_setup.h"
#include "core/random.h"
#include "engine/local_executor.h"
#include "engine/observation.h"
#include "engine/vantage.h"
#include "kube/kube.h"

namespace assay {
namespace {

using std::chrono::steady_clock;

// Where outcomes arrive; shared with executors, whose threads may outlive the runner.
struct Exchange {
  Fd wake{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::mutex mutex;
  std::vector<Outcome> done;

  void hand_in(Outcome one) {
    {
      const std::lock_guard lock(mutex);
      done.push_back(std::move(one));
      if (done.size() > 1) return;  // whoever handed in the first has woken the runner
    }
    const std::uint64_t count = 1;
    [[maybe_unused]] const auto written = ::write(wake.get(), &count, sizeof count);
  }
  std::vector<Outcome> take() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto read = ::read(wake.get(), &count, sizeof count);
    const std::lock_guard lock(mutex);
    return std::exchange(done, {});
  }
};

// For a caller that has no cluster: what should stand elsewhere is never made here instead.
class NoPlace : public Executor {
 public:
  explicit NoPlace(HandIn hand_in) : hand_in_(std::move(hand_in)) {}
  void submit(Order order) override {
    hand_in_({order.check, failed_observation({"vantage.failed", "setup", kNoCluster}), 0, 0, 0, false});
  }
  void stop(Deadline /*deadline*/) override {}
  void close() override {}

 private:
  HandIn hand_in_;
};

int default_cap(const std::string& probe) {
  for (const std::string_view family : {"postgres.", "repmgr.", "pgpool."}) {
    if (probe.starts_with(family)) return 16;
  }
  return 64;
}

class Runner {
 public:
  Runner(std::shared_ptr<LocalShared> shared, JournalWriter& journal, const Results& results,
         const RunOptions& options, const std::function<void(int)>& leave)
      : shared_(std::move(shared)),
        tasks_(shared_->tasks.all),
        journal_(journal),
        results_(results),
        options_(options),
        leave_(leave),
        random_(options.seed),
        states_(tasks_.size()),
        busy_(shared_->tasks.targets),
        blocked_(shared_->tasks.targets),
        open_(tasks_.size()) {}

  RunOutcome run() {
    outcome_.signal = options_.signal;
    for (std::size_t i = 0; i < states_.size(); ++i) {
      const std::string& skip = tasks_[i].skip;
      if (!skip.empty()) finish(i, "skip", skip, skip.starts_with("when") ? "when" : "read-only");
    }
    for (std::size_t i = 0; i < states_.size(); ++i) {
      if (states_[i].phase == Phase::waiting && tasks_[i].needs == 0) make_ready(i);
    }
    while (open_ > 0 && outcome_.signal == 0 && !outcome_.budget_spent) {
      start_ready();
      if (open_ == 0) break;
      wait();
    }
    if (open_ > 0) wind_up();
    close_vantages();
    return outcome_;
  }

 private:
  enum class Phase { waiting, ready, running, paused, done };
  struct State {
    Phase phase = Phase::waiting;
    std::uint32_t needs_done = 0;
    int attempts = 0;
    int retries = 0;
    bool next_is_retry = false;
    TimePoint ready_at{};
    TimePoint first_start{};
    bool started = false;
  };

  void record(std::string_view kind_name, Value body) {
    const auto written = journal_.append(kind_name, std::move(body));
    if (!written && !outcome_.journal_failed) {
      outcome_.journal_failed = true;
      outcome_.journal_error = written.error().message;
    }
  }

  void decide(std::size_t i, std::string_view decision, const std::string& reason, std::string_view code) {
    record(
        kind::decision,
        Value::object({{"check", tasks_[i].id}, {"decision", decision}, {"reason", reason}, {"code", code}}));
  }

  // The check is over.
  void settle(std::size_t i, std::string_view decision, const std::string& reason, std::string_view code) {
    decide(i, decision, reason, code);
    states_[i].phase = Phase::done;
    --open_;
  }

  // The check is over: tells those that wait for it, and those that wait for them. A list and not the
  // program's stack: a chain may be as long as a file.
  void finish(std::size_t i, std::string_view decision, const std::string& reason, std::string_view code) {
    settle(i, decision, reason, code);
    for (std::vector<std::size_t> over = {i}; !over.empty();) {
      const std::size_t at = over.back();
      over.pop_back();
      const Verdict verdict = results_.checks()[at].judgement.verdict;
      for (const std::size_t dependent : tasks_[at].needed_by) {
        State& state = states_[dependent];
        // One that is skipped for a reason of its own is finished with that reason, and once.
        if (state.phase != Phase::waiting || !tasks_[dependent].skip.empty()) continue;
        if (verdict == Verdict::pass) {
          if (++state.needs_done == tasks_[dependent].needs) make_ready(dependent);
          continue;
        }
        if (tasks_[dependent].control == at) {
          without_control(dependent);
        } else {
          settle(dependent, "skip",
                 fmt::format("needs {}, which did not pass ({})", tasks_[at].id, verdict_name(verdict)),
                 "need");
        }
        over.push_back(dependent);
      }
    }
  }

  // Its control did not get through: whatever it would see proves nothing.
  void without_control(std::size_t i) {
    const std::string why = fmt::format("the control {} did not get through, so nothing would be proven",
                                        tasks_[*tasks_[i].control].id);
    record(kind::attempt,
           Value::object({{"check", tasks_[i].id},
                          {"attempt", ++states_[i].attempts},
                          {"took", 0.0},
                          {"queued", 0.0},
                          {"observation", failed_observation({"reach.no-control", "setup", why})}}));
    settle(i, "done", "", "");
  }

  void make_ready(std::size_t i) {
    states_[i].phase = Phase::ready;
    states_[i].ready_at = steady_clock::now();
    ready_.push_back(i);
  }

  int cap(std::size_t i) const { return options_.per_target.value_or(default_cap(tasks_[i].probe->name)); }

  // Takes a place at every target of the check, or none; then says which target was full.
  std::optional<std::uint32_t> take_places(std::size_t i) {
    for (const std::uint32_t target : tasks_[i].targets) {
      if (busy_[target] >= cap(i)) return target;
    }
    for (const std::uint32_t target : tasks_[i].targets) ++busy_[target];
    return std::nullopt;
  }

  void give_back_places(std::size_t i) {
    for (const std::uint32_t target : tasks_[i].targets) {
      --busy_[target];
      auto& blocked = blocked_[target];
      if (blocked.empty()) continue;
      ready_.push_front(blocked.front());
      blocked.pop_front();
    }
  }

  void start_ready() {
    while (!ready_.empty() && running_ < static_cast<std::size_t>(std::max(1, options_.jobs))) {
      const std::size_t i = ready_.front();
      ready_.pop_front();
      if (const auto full = take_places(i)) {
        blocked_[*full].push_back(i);
        continue;
      }
      start(i);
    }
  }

  void start(std::size_t i) {
    State& state = states_[i];
    state.phase = Phase::running;
    ++state.attempts;
    ++running_;
    if (!state.started) {
      state.started = true;
      state.first_start = steady_clock::now();
    }
    const Task& check = tasks_[i];
    if (options_.started) options_.started(check.id, steady_clock::now());
    Deadline bound = options_.deadline;
    // An attempt that polls must not outlive the end of its polling by more than a first attempt's timeout.
    if (check.wait && state.attempts > 1 && !state.next_is_retry)
      bound = bound.earlier(Deadline(state.first_start + check.wait->until));
    executor(check).submit({i, &check, bound, random_.next(), state.ready_at});
  }

  // Where the check stands; set up when its first check starts.
  Executor& executor(const Task& check) {
    std::unique_ptr<Executor>& found =
        executors_[vantage_kind(check.from) == "job" ? vantage_name(check.from) : "local"];
    if (found != nullptr) return *found;
    HandIn hand_in = [exchange = exchange_](Outcome one) { exchange->hand_in(std::move(one)); };
    if (vantage_kind(check.from) != "job") {
      found = std::make_unique<LocalExecutor>(shared_, static_cast<std::size_t>(std::max(1, options_.jobs)),
                                              std::move(hand_in));
    } else if (!options_.job) {
      found = std::make_unique<NoPlace>(std::move(hand_in));
    } else {
      std::vector<const Task*> there;
      for (const Task& other : tasks_) {
        if (other.skip.empty() && other.from == check.from) there.push_back(&other);
      }
      found = options_.job(there, shared_, std::move(hand_in));
    }
    return *found;
  }

  // All of them are told before any is waited for.
  void close_vantages() {
    const Deadline until = Deadline::in(options_.closing);
    for (auto& [name, executor] : executors_) executor->stop(until);
    for (auto& [name, executor] : executors_) executor->close();
  }

  void take(Outcome& done) {
    const std::size_t i = done.check;
    State& state = states_[i];
    --running_;
    give_back_places(i);
    if (state.phase != Phase::running) return;
    // The start of a vantage is no part of the time that a check polls.
    if (state.attempts == 1) state.first_start = steady_clock::now() - from_seconds(done.took);
    Value body = Value::object(
        {{"check", tasks_[i].id}, {"attempt", state.attempts}, {"took", done.took}, {"queued", done.queued}});
    if (done.lag > 0) body["lag"] = done.lag;
    if (state.next_is_retry) body["retry"] = true;
    if (done.cut) body["cut"] = true;
    body["observation"] = std::move(done.observation);
    record(kind::attempt, std::move(body));
    after_attempt(i, done.cut);
  }

  void after_attempt(std::size_t i, bool cut) {
    const Task& check = tasks_[i];
    State& state = states_[i];
    const Judgement& judged = results_.checks()[i].judgement;
    const TimePoint now = steady_clock::now();
    if (judged.verdict == Verdict::pass && !cut) return finish(i, "done", "", "");
    if (shutting_down_) return;
    if (cut && options_.deadline.passed()) {
      // The run's deadline was the attempt's: the check is named among those that were not run to their end.
      outcome_.budget_spent = true;
      return;
    }
    if (check.wait) {
      const TimePoint end = state.first_start + check.wait->until;
      const TimePoint next = now + check.wait->every;
      const bool heals = judged.can_heal || check.wait->any;
      if (!cut && heals && next < end) {
        decide(i, "repeat", "polls for convergence", "wait");
        return pause(i, next, false);
      }
    }
    const bool heals = judged.can_heal || (check.wait && check.wait->any);
    if (!cut && heals && state.retries < check.retry.times) {
      ++state.retries;
      decide(i, "repeat", fmt::format("repetition {} of {}", state.retries, check.retry.times), "retry");
      return pause(i, now + check.retry.every, true);
    }
    finish(i, "done", "", "");
  }

  void pause(std::size_t i, TimePoint until, bool retry) {
    states_[i].phase = Phase::paused;
    states_[i].next_is_retry = retry || states_[i].next_is_retry;
    paused_.emplace(until, i);
  }

  void wait() {
    Deadline next = options_.deadline;
    if (!paused_.empty()) next = next.earlier(Deadline(paused_.begin()->first));
    if (options_.tick) {
      options_.tick(steady_clock::now());
      next = next.earlier(Deadline::in(std::chrono::milliseconds(200)));
    }
    pollfd fds[2] = {{exchange_->wake.get(), POLLIN, 0}, {options_.signal_fd, POLLIN, 0}};
    ::poll(fds, options_.signal_fd >= 0 ? 2 : 1, next.never() ? -1 : next.left_ms());
    if (options_.signal_fd >= 0 && fds[1].revents != 0) {
      outcome_.signal = next_signal(options_.signal_fd);
    }
    for (Outcome& done : exchange_->take()) take(done);
    const TimePoint now = steady_clock::now();
    while (!paused_.empty() && paused_.begin()->first <= now) {
      const std::size_t i = paused_.begin()->second;
      paused_.erase(paused_.begin());
      if (states_[i].phase == Phase::paused) make_ready(i);
    }
    if (options_.deadline.passed() && open_ > 0) outcome_.budget_spent = true;
  }

  // The run ends early: attempts under way are cancelled, and every check that is not done is named.
  void wind_up() {
    shutting_down_ = true;
    shared_->stop.raise();
    const Deadline grace = Deadline::in(std::chrono::milliseconds(60));
    while (running_ > 0 && !grace.passed()) {
      pollfd fds[2] = {{exchange_->wake.get(), POLLIN, 0}, {options_.signal_fd, POLLIN, 0}};
      ::poll(fds, options_.signal_fd >= 0 ? 2 : 1, grace.left_ms());
      if (options_.signal_fd >= 0 && fds[1].revents != 0) {
        const int signal = next_signal(options_.signal_fd);
        if (outcome_.signal != 0) leave_(signal);  // the second one
        outcome_.signal = signal;
      }
      for (Outcome& done : exchange_->take()) take(done);
    }
    const std::string reason =
        outcome_.signal != 0
            ? fmt::format("interrupted by {}", outcome_.signal == SIGINT ? "SIGINT" : "SIGTERM")
            : options_.budget_reason;
    for (std::size_t i = 0; i < states_.size(); ++i) {
      State& state = states_[i];
      if (state.phase == Phase::done) continue;
      state.phase = Phase::done;
      --open_;
      decide(i, "not-run", state.attempts > 0 ? reason + " while it was under way" : reason,
             outcome_.signal != 0 ? "interrupted" : "budget");
    }
  }

  std::shared_ptr<LocalShared> shared_;
  const std::shared_ptr<Exchange> exchange_ = std::make_shared<Exchange>();
  const std::vector<Task>& tasks_;
  JournalWriter& journal_;
  const Results& results_;
  const RunOptions& options_;
  const std::function<void(int)>& leave_;
  Random random_;
  std::vector<State> states_;
  std::vector<int> busy_;                         // attempts at each target
  std::vector<std::deque<std::size_t>> blocked_;  // what waits for a place at each
  std::size_t open_ = 0;                          // checks that are not done
  std::deque<std::size_t> ready_;
  std::multimap<TimePoint, std::size_t> paused_;
  std::size_t running_ = 0;
  bool shutting_down_ = false;
  RunOutcome outcome_;
  std::map<std::string, std::unique_ptr<Executor>> executors_;  // by the vantage's name
};

}  // namespace

RunOutcome run_plan(Plan plan, const Probes& probes, const SecretStore& secrets, const Redactor& redactor,
                    std::shared_ptr<Network> network, JournalWriter& journal, const Results& results,
                    const RunOptions& options, const std::function<void(int)>& leave) {
  auto shared = std::make_shared<LocalShared>(redactor);
  shared->probes = probes;
  shared->tasks = make_tasks(std::move(plan), shared->probes);
  shared->secrets = secrets;
  shared->network = std::move(network);
  shared->run = options.run;
  shared->kube = options.kube;
  if (options.kube != nullptr) shared->forwards = std::make_shared<KubeForwards>(options.kube);
  give_back_memory();  // what reading and recording the plan took
  return Runner(std::move(shared), journal, results, options, leave).run();
}

}  // namespace assay

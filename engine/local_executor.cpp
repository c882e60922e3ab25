#include "engine/local_executor.h"

#include <algorithm>

#include "engine/observation.h"
#include "engine/vantage.h"
#include "probes/command_exec.h"

namespace assay {

struct LocalExecutor::State {
  std::shared_ptr<LocalShared> shared;
  HandIn hand_in;
  std::atomic<std::size_t> under_way = 0;
};

namespace {

// For a caller that has no cluster: what should stand elsewhere is never made here instead.
Performed nowhere() {
  Performed done;
  done.observation = failed_observation({"vantage.failed", "setup", kNoCluster});
  return done;
}

[[gnu::noinline]] bool stands_at(const Order& order, std::string_view kind) {
  return vantage_kind(order.what->from) == kind;
}

Performed perform_by(const Probe& probe, const LocalShared& shared, const Order& order, Route* route) {
  const AttemptSetting setting{
      probe,       order.what->with, shared.secrets, shared.redactor,   *shared.network,
      shared.stop, shared.lag,       shared.run,     shared.kube.get(), route};
  return perform(setting, order.what->timeout, order.bound, order.random);
}

// Not inlined: what it needs would lie on the stack of every attempt that waits (core/stack.h).
[[gnu::noinline]] Performed make_by_forward(const LocalShared& shared, const Order& order) {
  if (shared.forwards == nullptr) return nowhere();
  const Value& spec = vantage_spec(order.what->from);
  KubeForward route(shared.forwards, ForwardTarget{spec.get("namespace"), spec.get("to"),
                                                   static_cast<std::uint16_t>(spec.get_int("port"))});
  return perform_by(*order.what->probe, shared, order, &route);
}

[[gnu::noinline]] Performed make_by_exec(const LocalShared& shared, const Order& order) {
  const auto there = std::make_unique<Probe>(*order.what->probe);
  there->observe = [&order](Attempt& attempt) {
    return observe_exec(attempt, vantage_spec(order.what->from));
  };
  return perform_by(*there, shared, order, nullptr);
}

Performed make(const LocalShared& shared, const Order& order) {
  if (stands_at(order, "forward")) return make_by_forward(shared, order);
  if (stands_at(order, "exec")) return make_by_exec(shared, order);
  return perform_by(*order.what->probe, shared, order, nullptr);
}

}  // namespace

LocalExecutor::LocalExecutor(std::shared_ptr<LocalShared> shared, std::size_t jobs, HandIn hand_in)
    : state_(std::make_shared<State>()), pool_(std::make_unique<WorkerPool>(std::max<std::size_t>(1, jobs))) {
  state_->shared = std::move(shared);
  state_->hand_in = std::move(hand_in);
}

LocalExecutor::~LocalExecutor() { close(); }

// Not inlined, for the same reason.
[[gnu::noinline]] void LocalExecutor::hand_in(const State& state, const Order& order, TimePoint begin,
                                              Performed done) {
  state.hand_in({order.check, std::move(done.observation), done.took, seconds(begin - order.ready_at),
                 done.lag, done.cut});
}

void LocalExecutor::submit(Order order) {
  ++state_->under_way;
  pool_->submit([state = state_, order] {
    const TimePoint begin = std::chrono::steady_clock::now();
    hand_in(*state, order, begin, make(*state->shared, order));
    --state->under_way;
  });
}

void LocalExecutor::close() {
  if (pool_ == nullptr) return;
  if (state_->under_way > 0) {
    [[maybe_unused]] auto* const abandoned = pool_.release();
  } else {
    pool_.reset();
  }
}

}  // namespace assay

#include "engine/local_executor.h"

#include <algorithm>

#include "engine/observation.h"
#include "engine/perform.h"
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

Performed make(const LocalShared& shared, const Order& order) {
  const Probe* probe = order.what->probe;
  const std::string kind = vantage_kind(order.what->from);
  std::unique_ptr<Probe> there;
  std::unique_ptr<Route> route;
  if (kind == "forward") {
    const Value& spec = vantage_spec(order.what->from);
    if (shared.forwards == nullptr) return nowhere();
    route = std::make_unique<KubeForward>(shared.forwards,
                                          ForwardTarget{spec.get("namespace"), spec.get("to"),
                                                        static_cast<std::uint16_t>(spec.get_int("port"))});
  }
  if (kind == "exec") {
    there = std::make_unique<Probe>(*probe);
    there->observe = [&order](Attempt& attempt) {
      return observe_exec(attempt, vantage_spec(order.what->from));
    };
    probe = there.get();
  }
  const AttemptSetting setting{
      *probe,      order.what->with, shared.secrets, shared.redactor,   *shared.network,
      shared.stop, shared.lag,       shared.run,     shared.kube.get(), route.get()};
  return perform(setting, order.what->timeout, order.bound, order.random);
}

}  // namespace

LocalExecutor::LocalExecutor(std::shared_ptr<LocalShared> shared, std::size_t jobs, HandIn hand_in)
    : state_(std::make_shared<State>()), pool_(std::make_unique<WorkerPool>(std::max<std::size_t>(1, jobs))) {
  state_->shared = std::move(shared);
  state_->hand_in = std::move(hand_in);
}

LocalExecutor::~LocalExecutor() { close(); }

void LocalExecutor::submit(Order order) {
  ++state_->under_way;
  pool_->submit([state = state_, order] {
    const TimePoint begin = std::chrono::steady_clock::now();
    Performed done = make(*state->shared, order);
    state->hand_in({order.check, std::move(done.observation), done.took, seconds(begin - order.ready_at),
                    done.lag, done.cut});
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

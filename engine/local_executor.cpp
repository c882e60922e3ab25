#include "engine/local_executor.h"

#include <algorithm>

#include "engine/perform.h"
#include "engine/vantage.h"
#include "probes/command_exec.h"

namespace assay {

const Probe* LocalShared::find(std::string_view name) const {
  const auto found =
      std::find_if(probes.begin(), probes.end(), [&](const Probe& probe) { return probe.name == name; });
  return found == probes.end() ? nullptr : &*found;
}

struct LocalExecutor::State {
  std::shared_ptr<LocalShared> shared;
  HandIn hand_in;
  std::atomic<std::size_t> under_way = 0;
};

LocalExecutor::LocalExecutor(std::shared_ptr<LocalShared> shared, std::size_t jobs, HandIn hand_in)
    : state_(std::make_shared<State>()), pool_(std::make_unique<WorkerPool>(std::max<std::size_t>(1, jobs))) {
  state_->shared = std::move(shared);
  state_->hand_in = std::move(hand_in);
}

LocalExecutor::~LocalExecutor() { close(Deadline::in(Duration::zero())); }

void LocalExecutor::submit(Order order) {
  ++state_->under_way;
  pool_->submit([state = state_, order] {
    const LocalShared& shared = *state->shared;
    const TimePoint begin = std::chrono::steady_clock::now();
    const AttemptSetting setting{*shared.find(order.what->probe),
                                 order.what->with,
                                 shared.secrets,
                                 shared.redactor,
                                 *shared.network,
                                 shared.stop,
                                 shared.lag,
                                 shared.run,
                                 shared.kube.get()};
    Performed done = perform(setting, order.what->timeout, order.bound, order.random);
    state->hand_in({order.check, std::move(done.observation), done.took, seconds(begin - order.ready_at),
                    done.lag, done.cut});
    --state->under_way;
  });
}

void LocalExecutor::close(Deadline /*deadline*/) {
  if (pool_ == nullptr) return;
  if (state_->under_way > 0) {
    [[maybe_unused]] auto* const abandoned = pool_.release();
  } else {
    pool_.reset();
  }
}

}  // namespace assay

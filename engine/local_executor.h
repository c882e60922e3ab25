// The vantage `local`: a bounded pool of this process's own threads.
#pragma once

#include <atomic>
#include <memory>

#include "core/lag.h"
#include "core/pool.h"
#include "core/redactor.h"
#include "engine/executor.h"
#include "engine/perform.h"
#include "kube/forward.h"
#include "probes/probe.h"

namespace assay {

// What attempts of this process share. Kept alive by every attempt, since one that hangs outlives the run.
struct LocalShared {
  explicit LocalShared(Redactor known) : redactor(std::move(known)) {}

  Probes probes;
  Tasks tasks;
  SecretStore secrets;
  Redactor redactor;
  std::shared_ptr<Network> network;
  std::string run;
  std::shared_ptr<Kube> kube;
  std::shared_ptr<KubeForwards> forwards;  // null where there is no cluster
  Stop stop;                               // raised when the run ends early
  LagMonitor lag;
};

class LocalExecutor : public Executor {
 public:
  LocalExecutor(std::shared_ptr<LocalShared> shared, std::size_t jobs, HandIn hand_in);
  ~LocalExecutor() override;

  void submit(Order order) override;
  // Threads that hang are left to their own deadlines: joining them could cost the run its own. Whoever
  // leaves some behind ends the process with _Exit.
  void stop(Deadline /*deadline*/) override {}
  void close() override;

 private:
  struct State;
  static void hand_in(const State& state, const Order& order, TimePoint begin, Performed done);

  std::shared_ptr<State> state_;
  std::unique_ptr<WorkerPool> pool_;
};

}  // namespace assay

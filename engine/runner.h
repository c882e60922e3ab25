// Runs a plan: needs, caps, polling, repetition, deadlines; everything it does is in the journal before it
// counts.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/context.h"
#include "core/redactor.h"
#include "engine/local_executor.h"
#include "engine/plan.h"
#include "engine/results.h"
#include "journal/journal.h"
#include "probes/probe.h"

namespace assay {

struct RunOptions {
  std::string run;                  // id, for names of objects of assay's own
  std::shared_ptr<Kube> kube = {};  // the run's cluster, or none
  int jobs = 256;                   // attempts at once
  std::optional<int> per_target;    // attempts at once for each address; else 16 for postgres.*, repmgr.*,
                                    // pgpool.*, 64 for others
  Deadline deadline;                // of the whole run
  std::uint64_t seed = 0;
  int signal_fd = -1;  // read for SIGINT and SIGTERM; -1: none
  int signal = 0;      // one that came before the run began: nothing is started
  std::string budget_reason = "the run's deadline passed";
  // Makes what stands for a {job: ...} vantage: of the checks that share it, the first names it.
  std::function<std::unique_ptr<Executor>(const std::vector<const Task*>& checks,
                                          std::shared_ptr<LocalShared> shared, HandIn hand_in)>
      job = {};
  Duration closing = std::chrono::seconds(2);  // for taking vantages away at the end
  // For a console: an attempt begins; time went on (about five times a second). Called by the thread of
  // run_plan.
  std::function<void(std::string_view check, TimePoint at)> started = {};
  std::function<void(TimePoint now)> tick = {};
};

// How it ended.
struct RunOutcome {
  int signal = 0;  // the signal that ended it, else 0
  bool budget_spent = false;
  bool journal_failed = false;
  std::string journal_error;
};

// Executes `plan`, of which only what running needs is kept. `results` is fed by the journal's listener (the
// caller wires it) and is read here for needs and repetition, so that live verdicts are those of the journal.
// Blocks until all checks are done, the deadline passes or a signal comes; returns within 100 ms of the
// deadline whatever hangs, leaving threads that hang behind (end the process with _Exit). A second signal
// calls `leave`, which must not return.
RunOutcome run_plan(Plan plan, const Probes& probes, const SecretStore& secrets, const Redactor& redactor,
                    std::shared_ptr<Network> network, JournalWriter& journal, const Results& results,
                    const RunOptions& options, const std::function<void(int signal)>& leave);

}  // namespace assay

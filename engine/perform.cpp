#include "engine/perform.h"

#include <memory>

#include "engine/observation.h"
#include "net/route.h"

namespace assay {
namespace {

// One attempt under way. On the heap, as 2,000 threads may wait with small stacks.
struct Underway {
  Underway(const AttemptSetting& setting, Deadline deadline, std::uint64_t random)
      : attempt{setting.with,
                setting.probe.params,
                setting.secrets,
                setting.network,
                Context(deadline, setting.stop).by(setting.route),
                done.observation,
                random,
                setting.run,
                setting.kube} {
    done.observation = Value::object();
  }
  Performed done;
  Attempt attempt;
  Result<void> result;
};

// Not inlined, like conclude(): it would take its room on the stack while the probe waits.
[[gnu::noinline, gnu::cold]] void defect(const std::exception& error, Underway& underway) {
  underway.result = fail("harness.internal", "request", std::string("defect: ") + error.what());
}

void observe(const Probe& probe, Underway& underway) {
  try {
    underway.result = probe.observe(underway.attempt);
  } catch (const std::bad_alloc&) {
    underway.result = fail("harness.internal", "request", "out of memory");
  } catch (const std::exception& error) {
    defect(error, underway);
  }
}

[[gnu::noinline]] Performed conclude(const AttemptSetting& setting, Underway& underway, TimePoint begin,
                                     Deadline own) {
  Performed& done = underway.done;
  const Deadline deadline = underway.attempt.context.deadline();
  const TimePoint end = std::chrono::steady_clock::now();
  done.took = seconds(end - begin);
  if (!underway.result) {
    const Error& error = underway.result.error();
    const bool timed_out = error.code == "deadline" || error.code == "dns.timeout";
    done.cut = error.code == "harness.cancelled" || (timed_out && deadline.at() < own.at());
    if (timed_out) {
      // Late is what woke us after the deadline, or what the heartbeat saw meanwhile.
      const Duration overshoot = std::max(Duration::zero(), Duration(end - deadline.at()));
      done.lag = seconds(std::max(overshoot, setting.lag.worst(begin)));
    }
  }
  if (setting.route != nullptr) setting.route->settle(done.observation, underway.result);
  if (!underway.result) done.observation["error"] = error_value(underway.result.error());
  done.observation = seal(std::move(done.observation), setting.redactor);
  return std::move(done);
}

}  // namespace

Performed perform(const AttemptSetting& setting, Duration timeout, Deadline bound, std::uint64_t random) {
  const TimePoint begin = std::chrono::steady_clock::now();
  const Deadline own(begin + timeout);
  const auto underway = std::make_unique<Underway>(setting, own.earlier(bound), random);
  observe(setting.probe, *underway);
  return conclude(setting, *underway, begin, own);
}

}  // namespace assay

#include "engine/perform.h"

#include "engine/observation.h"

namespace assay {
namespace {

Result<void> observe(const AttemptSetting& setting, Deadline deadline, std::uint64_t random, Value& seen) {
  Attempt attempt{setting.with,
                  setting.probe.params,
                  setting.secrets,
                  setting.network,
                  Context(deadline, setting.stop),
                  seen,
                  random,
                  setting.run,
                  setting.kube};
  try {
    return setting.probe.observe(attempt);
  } catch (const std::bad_alloc&) {
    return fail("harness.internal", "request", "out of memory");
  } catch (const std::exception& error) {
    return fail("harness.internal", "request", std::string("defect: ") + error.what());
  }
}

// Not inlined: it would take its room on the stack while the probe waits, in each of up to 2,000 threads.
[[gnu::noinline]] void note_error(const Error& error, Value& seen) {
  seen["error"] = Value::object({{"code", error.code}, {"phase", error.phase}, {"message", error.message}});
}

}  // namespace

Performed perform(const AttemptSetting& setting, Duration timeout, Deadline bound, std::uint64_t random) {
  const TimePoint begin = std::chrono::steady_clock::now();
  Performed done;
  done.observation = Value::object();
  const Deadline own(begin + timeout);
  const Deadline deadline = own.earlier(bound);
  const Result<void> result = observe(setting, deadline, random, done.observation);
  const TimePoint end = std::chrono::steady_clock::now();
  done.took = seconds(end - begin);
  if (!result) {
    note_error(result.error(), done.observation);
    const std::string& code = result.error().code;
    const bool timed_out = code == "deadline" || code == "dns.timeout";
    done.cut = code == "harness.cancelled" || (timed_out && deadline.at() < own.at());
    if (timed_out) {
      // Late is what woke us after the deadline, or what the heartbeat saw meanwhile.
      const Duration overshoot = std::max(Duration::zero(), Duration(end - deadline.at()));
      done.lag = seconds(std::max(overshoot, setting.lag.worst(begin)));
    }
  }
  done.observation = seal(std::move(done.observation), setting.redactor);
  return done;
}

}  // namespace assay

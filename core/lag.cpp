#include "core/lag.h"

#include <algorithm>
#include <thread>

namespace assay {
namespace {
constexpr auto kBeat = std::chrono::milliseconds(20);
constexpr std::size_t kBeats = 4096;
}  // namespace

struct LagMonitor::State {
  Stop stop;
  std::array<std::atomic<std::int64_t>, kBeats>
      delays{};  // nanoseconds; slot i is beat number i modulo the size
  std::atomic<std::uint64_t> beats = 0;
  TimePoint start = std::chrono::steady_clock::now();
  std::array<std::atomic<std::int64_t>, kBeats> at{};  // when the beat came, nanoseconds since start
  std::thread thread;

  void run() {
    while (!stop.raised()) {
      const TimePoint due = std::chrono::steady_clock::now() + kBeat;
      const Context context(Deadline(due), stop);
      const auto waited = context.wait(-1, 0, "lag");
      if (!waited && waited.error().code != "deadline") return;
      const TimePoint now = std::chrono::steady_clock::now();
      const std::uint64_t beat = beats.load(std::memory_order_relaxed);
      at[beat % kBeats].store(Duration(now - start).count(), std::memory_order_relaxed);
      delays[beat % kBeats].store(std::max<std::int64_t>(0, Duration(now - due).count()),
                                  std::memory_order_relaxed);
      beats.store(beat + 1, std::memory_order_release);
    }
  }
};

LagMonitor::LagMonitor() : state_(std::make_shared<State>()) {
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

LagMonitor::~LagMonitor() {
  state_->stop.raise();
  state_->thread.join();
}

Duration LagMonitor::worst(TimePoint since) const {
  const std::uint64_t beats = state_->beats.load(std::memory_order_acquire);
  const std::int64_t from = Duration(since - state_->start).count();
  std::int64_t worst = 0;
  for (std::uint64_t back = 1; back <= std::min<std::uint64_t>(beats, kBeats); ++back) {
    const std::size_t slot = (beats - back) % kBeats;
    if (state_->at[slot].load(std::memory_order_relaxed) < from) break;
    worst = std::max(worst, state_->delays[slot].load(std::memory_order_relaxed));
  }
  return Duration(worst);
}

}  // namespace assay

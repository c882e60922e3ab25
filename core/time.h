// Durations, deadlines and the clock that is passed in.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace assay {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::steady_clock::time_point;

// A point on the monotonic clock. A deadline that was not given is never reached.
class Deadline {
 public:
  Deadline() : at_(TimePoint::max()) {}
  explicit Deadline(TimePoint at) : at_(at) {}
  static Deadline in(Duration left) { return Deadline(std::chrono::steady_clock::now() + left); }

  TimePoint at() const { return at_; }
  bool never() const { return at_ == TimePoint::max(); }
  bool passed() const { return !never() && std::chrono::steady_clock::now() >= at_; }
  // What is left, never negative; an hour when there is no deadline, so that it fits every library's timeout.
  Duration left() const;
  // What is left in milliseconds, rounded up so that a wait does not end a moment too early.
  int left_ms() const;
  Deadline earlier(Deadline other) const { return Deadline(at_ < other.at_ ? at_ : other.at_); }

 private:
  TimePoint at_;
};

// The outside world's time, passed in so that tests can turn it.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;
  virtual std::chrono::system_clock::time_point utc() const = 0;
};

// The machine's clocks. Safe from any thread.
const Clock& system_clock();

// Reads "500ms", "1.5s", "2m", "1h30m", "24h", "3d" and a bare "0" (Go's notation and days). Nothing else is
// taken, nor more than 126 years.
std::optional<Duration> parse_duration(std::string_view text);

// The shortest usual notation: "850us", "12.3ms", "1.24s", "2m05s".
std::string format_duration(Duration duration);

// Seconds as a number, for observations and reports.
inline double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

// The way back, for any number: more than 126 years is 126 years, not-a-number is nothing.
Duration from_seconds(double value);

// RFC 3339 in UTC with seconds, "2026-01-31T08:15:00Z". system_clock ends in 2262; whole seconds go on.
std::string format_utc(std::chrono::system_clock::time_point at);
std::string format_utc(std::chrono::sys_seconds at);

// A date of the calendar, "YYYY-MM-DD".
bool is_date(std::string_view text);

}  // namespace assay

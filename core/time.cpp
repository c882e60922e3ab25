#include "core/time.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>
#include <limits>

namespace assay {

Duration Deadline::left() const {
  if (never()) return std::chrono::hours(1);
  return std::max(Duration::zero(), Duration(at_ - std::chrono::steady_clock::now()));
}

int Deadline::left_ms() const {
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left()).count();
  return static_cast<int>(std::min<std::int64_t>(ms, std::numeric_limits<int>::max()));
}

namespace {

class SystemClock final : public Clock {
 public:
  TimePoint now() const override { return std::chrono::steady_clock::now(); }
  std::chrono::system_clock::time_point utc() const override { return std::chrono::system_clock::now(); }
};

struct Unit {
  std::string_view name;
  double nanoseconds;
};
constexpr Unit kUnits[] = {{"ns", 1},   {"us", 1e3},   {"ms", 1e6},   {"s", 1e9},
                           {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}};

// In nanoseconds: the sum of two such durations, or of one and a point of the monotonic clock, is still one.
constexpr double kLongest = 4e18;

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

std::optional<Duration> parse_duration(std::string_view text) {
  if (text == "0") return Duration::zero();
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    const auto digits = text.find_first_not_of("0123456789.");
    if (digits == 0 || digits == std::string_view::npos) return std::nullopt;
    double value = 0;
    const auto read = std::from_chars(text.data(), text.data() + digits, value, std::chars_format::fixed);
    if (read.ec != std::errc() || read.ptr != text.data() + digits) return std::nullopt;
    text.remove_prefix(digits);
    const auto letters = std::min(text.find_first_of("0123456789."), text.size());
    const std::string_view name = text.substr(0, letters);
    const auto unit =
        std::find_if(std::begin(kUnits), std::end(kUnits), [&](const Unit& u) { return u.name == name; });
    if (unit == std::end(kUnits)) return std::nullopt;
    total += value * unit->nanoseconds;
    text.remove_prefix(letters);
  }
  if (!(total <= kLongest)) return std::nullopt;
  return Duration(static_cast<Duration::rep>(std::llround(total)));
}

Duration from_seconds(double value) {
  const double ns = value * 1e9;
  if (std::isnan(ns)) return Duration::zero();
  return Duration(static_cast<Duration::rep>(std::llround(std::clamp(ns, -kLongest, kLongest))));
}

std::string format_duration(Duration duration) {
  const double ns = static_cast<double>(duration.count());
  const auto scaled = [](double value, const char* unit) {
    const int precision = value >= 100 ? 0 : value >= 10 ? 1 : 2;
    std::string text = fmt::format("{:.{}f}", value, precision);
    if (text.find('.') != std::string::npos) {
      text.erase(text.find_last_not_of('0') + 1);
      if (text.back() == '.') text.pop_back();
    }
    return text + unit;
  };
  if (duration == Duration::zero()) return "0s";
  if (ns < 0) return "-" + format_duration(-std::max(duration, -Duration::max()));
  if (ns < 1e3) return fmt::format("{}ns", duration.count());
  if (ns < 999.5e3) return scaled(ns / 1e3, "us");
  if (ns < 999.5e6) return scaled(ns / 1e6, "ms");
  if (ns < 60e9) return scaled(ns / 1e9, "s");
  const auto s = std::llround(ns / 1e9);
  if (s < 3600) return s % 60 == 0 ? fmt::format("{}m", s / 60) : fmt::format("{}m{:02}s", s / 60, s % 60);
  return s % 3600 == 0 ? fmt::format("{}h", s / 3600) : fmt::format("{}h{:02}m", s / 3600, s % 3600 / 60);
}

std::string format_utc(std::chrono::system_clock::time_point at) {
  return format_utc(std::chrono::floor<std::chrono::seconds>(at));
}

std::string format_utc(std::chrono::sys_seconds at) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time_t{at.time_since_epoch().count()}));
}

bool is_date(std::string_view text) {
  constexpr std::string_view kShape = "0000-00-00";
  if (text.size() != kShape.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == '0' ? !digit : text[i] != kShape[i]) return false;
  }
  const auto part = [&](std::size_t at, std::size_t length) {
    unsigned value = 0;
    std::from_chars(text.data() + at, text.data() + at + length, value);
    return value;
  };
  return std::chrono::year_month_day{std::chrono::year(static_cast<int>(part(0, 4))),
                                     std::chrono::month(part(5, 2)), std::chrono::day(part(8, 2))}
      .ok();
}

}  // namespace assay

#include "core/rfc3339.h"

#include <charconv>

namespace assay {
namespace {

// Exactly `size` digits at the beginning, which are taken away.
std::optional<int> digits(std::string_view& text, std::size_t size) {
  if (text.size() < size) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(0, size)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(size);
  return value;
}

bool take(std::string_view& text, std::string_view any) {
  if (text.empty() || any.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::optional<std::chrono::system_clock::time_point> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  const auto year = digits(text, 4);
  if (!year || !take(text, "-")) return std::nullopt;
  const auto month = digits(text, 2);
  if (!month || !take(text, "-")) return std::nullopt;
  const auto day = digits(text, 2);
  if (!day || !take(text, "Tt ")) return std::nullopt;
  const auto hour = digits(text, 2);
  if (!hour || !take(text, ":")) return std::nullopt;
  const auto minute = digits(text, 2);
  if (!minute || !take(text, ":")) return std::nullopt;
  const auto second = digits(text, 2);
  if (!second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                            std::chrono::day(static_cast<unsigned>(*day))};
  // What the clock, which counts nanoseconds from 1970 in 64 bits, can hold; Go's zero time (year 1) is not
  // among it.
  if (!date.ok() || *year < 1679 || *year > 2260) return std::nullopt;
  nanoseconds fraction{};
  if (take(text, ".")) {
    nanoseconds unit = milliseconds(100);
    bool any = false;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
      fraction += unit * (text.front() - '0');
      unit /= 10;
      any = true;
      text.remove_prefix(1);
    }
    if (!any) return std::nullopt;
  }
  minutes offset{};
  if (text != "Z" && text != "z") {
    const int sign = take(text, "+") ? 1 : take(text, "-") ? -1 : 0;
    const auto hours_off = digits(text, 2);
    if (sign == 0 || !hours_off || !take(text, ":")) return std::nullopt;
    const auto minutes_off = digits(text, 2);
    if (!minutes_off || !text.empty() || *hours_off > 23 || *minutes_off > 59) return std::nullopt;
    offset = sign * (hours(*hours_off) + minutes(*minutes_off));
  }
  return time_point_cast<system_clock::duration>(sys_days(date) + hours(*hour) + minutes(*minute) +
                                                 seconds(*second) + fraction - offset);
}

}  // namespace assay

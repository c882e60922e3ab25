#include "probes/kube_quantity.h"

#include <cmath>

namespace assay {
namespace {

struct Suffix {
  std::string_view name;
  long double factor;
};

// What stands behind a quantity's number: its factor, or nothing.
std::optional<long double> factor_of(std::string_view suffix) {
  static constexpr Suffix kSuffixes[] = {{"", 1.0L},      {"n", 1e-9L},    {"u", 1e-6L},    {"m", 1e-3L},
                                         {"k", 1e3L},     {"M", 1e6L},     {"G", 1e9L},     {"T", 1e12L},
                                         {"P", 1e15L},    {"E", 1e18L},    {"Ki", 0x1p10L}, {"Mi", 0x1p20L},
                                         {"Gi", 0x1p30L}, {"Ti", 0x1p40L}, {"Pi", 0x1p50L}, {"Ei", 0x1p60L}};
  for (const Suffix& one : kSuffixes) {
    if (one.name == suffix) return one.factor;
  }
  if (suffix.size() < 2 || suffix.size() > 4 || (suffix[0] != 'e' && suffix[0] != 'E')) return std::nullopt;
  const bool sign = suffix[1] == '-' || suffix[1] == '+';
  int exponent = 0;
  if (sign && suffix.size() == 2) return std::nullopt;
  for (const char c : suffix.substr(sign ? 2 : 1)) {
    if (c < '0' || c > '9') return std::nullopt;
    exponent = exponent * 10 + (c - '0');
  }
  return std::pow(10.0L, suffix[1] == '-' ? -exponent : exponent);
}

}  // namespace

std::optional<std::int64_t> milli_of(std::string_view quantity) {
  const bool negative = quantity.starts_with('-');
  if (negative || quantity.starts_with('+')) quantity.remove_prefix(1);
  // Digits are gathered as an integer, so that 0.1 is exactly a hundred thousandths.
  long double mantissa = 0;
  long double scale = 1;
  bool point = false;
  std::size_t at = 0;
  std::size_t digits = 0;
  for (; at < quantity.size(); ++at) {
    const char c = quantity[at];
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9') break;
    if (++digits > 18) return std::nullopt;
    mantissa = mantissa * 10 + (c - '0');
    if (point) scale *= 10;
  }
  const auto factor = factor_of(quantity.substr(at));
  if (digits == 0 || !factor) return std::nullopt;
  // A factor below one is divided by, which is exact where multiplying is not.
  long double value = mantissa * 1000;
  value = *factor < 1 ? value / std::round(1 / *factor) : value * *factor;
  value = std::ceil(value / scale);
  if (value >= 9.2e18L) return std::nullopt;
  const auto milli = static_cast<std::int64_t>(value);
  return negative ? -milli : milli;
}

}  // namespace assay

#include "engine/quantity.h"

#include <cmath>
#include <cstdlib>
#include <string_view>

#include "core/time.h"

namespace assay {
namespace {

struct Suffix {
  std::string_view name;
  double factor;
};
constexpr Suffix kSuffixes[] = {{"Ki", 1024.0},
                                {"Mi", 1048576.0},
                                {"Gi", 1073741824.0},
                                {"Ti", 1099511627776.0},
                                {"Pi", 1125899906842624.0},
                                {"Ei", 1152921504606846976.0},
                                {"n", 1e-9},
                                {"u", 1e-6},
                                {"m", 1e-3},
                                {"k", 1e3},
                                {"M", 1e6},
                                {"G", 1e9},
                                {"T", 1e12},
                                {"P", 1e15},
                                {"E", 1e18}};

bool parse_number(std::string_view text, double& number) {
  if (text.empty()) return false;
  if (text.find_first_not_of("0123456789.eE+-") != std::string_view::npos) return false;
  const std::string copy(text);
  char* end = nullptr;
  number = std::strtod(copy.c_str(), &end);
  return *end == '\0' && std::isfinite(number);
}

}  // namespace

std::optional<Readings> read_quantity(const Value& value) {
  if (value.is_number()) return Readings{{value.number(), Quantity::Unit::none}, {}};
  if (!value.is_string()) return std::nullopt;
  const std::string& text = value.string();
  double number = 0;
  if (parse_number(text, number)) return Readings{{number, Quantity::Unit::none}, {}};
  std::optional<Quantity> time;
  std::optional<Quantity> amount;
  if (const auto duration = parse_duration(text)) time = Quantity{seconds(*duration), Quantity::Unit::time};
  for (const Suffix& suffix : kSuffixes) {
    if (text.ends_with(suffix.name) &&
        parse_number(std::string_view(text).substr(0, text.size() - suffix.name.size()), number) &&
        std::isfinite(number * suffix.factor)) {
      amount = Quantity{number * suffix.factor, Quantity::Unit::amount};
      break;
    }
  }
  if (time) return Readings{*time, amount};
  if (amount) return Readings{*amount, {}};
  return std::nullopt;
}

std::optional<int> compare_numbers(const Value& a, const Value& b) {
  if (!a.is_number() || !b.is_number()) return std::nullopt;
  const auto order = [](const auto& x, const auto& y) { return x < y ? -1 : x > y ? 1 : 0; };
  if (a.is_integer() && b.is_integer()) return order(a.integer(), b.integer());
  if (!a.is_integer() && !b.is_integer()) {
    if (std::isnan(a.number()) || std::isnan(b.number())) return std::nullopt;
    return order(a.number(), b.number());
  }
  if (!a.is_integer()) {
    const auto turned = compare_numbers(b, a);
    return turned ? std::optional(-*turned) : std::nullopt;
  }
  // An integer above 2^53 has no double of its own: the double's whole part is compared as an integer.
  const double real = b.number();
  if (std::isnan(real)) return std::nullopt;
  if (real >= 0x1p63) return -1;
  if (real < -0x1p63) return 1;
  const int whole = order(a.integer(), static_cast<std::int64_t>(real));
  return whole != 0 ? whole : order(0.0, real - std::trunc(real));
}

std::optional<int> compare_quantities(const Value& observed, const Value& bound) {
  if (const auto order = compare_numbers(observed, bound)) return order;
  const auto left = read_quantity(observed);
  const auto right = read_quantity(bound);
  if (!left || !right) return std::nullopt;
  const auto pick = [](const Readings& readings, Quantity::Unit unit) {
    return readings.alternative && readings.alternative->unit == unit ? *readings.alternative
                                                                      : readings.first;
  };
  Quantity x = left->first;
  Quantity y = right->first;
  if (left->alternative && right->first.unit == Quantity::Unit::none && observed.is_string()) {
    x = *left->alternative;  // an observed "500m" beside a plain number is Kubernetes' half a CPU
  } else if (x.unit != y.unit) {
    // "5m" beside an amount is 5 thousandths, beside a time five minutes.
    x = pick(*left, right->first.unit);
    y = pick(*right, left->first.unit);
  }
  if (x.unit != y.unit && x.unit != Quantity::Unit::none && y.unit != Quantity::Unit::none)
    return std::nullopt;
  return x.value < y.value ? -1 : x.value > y.value ? 1 : 0;
}

}  // namespace assay

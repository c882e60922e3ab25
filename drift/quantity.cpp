#include "drift/quantity.h"

#include <array>
#include <charconv>
#include <span>

#include "drift/text_scan.h"

namespace assay::drift {
namespace {

__extension__ using Wide = __int128;

struct Suffix {
  int ten = 0;  // the power of ten that it stands for
  int two = 0;  // the power of two
};

std::optional<Suffix> parse_suffix(std::string_view text) {
  if (text.empty()) return Suffix{};
  if (text.size() == 2 && text[1] == 'i') {
    constexpr std::string_view kBinary = "KMGTPE";
    const auto at = kBinary.find(text[0]);
    if (at == std::string_view::npos) return std::nullopt;
    return Suffix{0, 10 * (static_cast<int>(at) + 1)};
  }
  if (text.size() == 1) {
    constexpr std::string_view kDecimal = "num kMGTPE";  // from 10^-9, three by three
    const auto at = text[0] == ' ' ? std::string_view::npos : kDecimal.find(text[0]);
    if (at == std::string_view::npos) return std::nullopt;
    return Suffix{3 * static_cast<int>(at) - 9, 0};
  }
  if (text[0] != 'e' && text[0] != 'E') return std::nullopt;
  text.remove_prefix(1);
  if (text[0] == '+') {
    text.remove_prefix(1);
    if (text.empty() || !is_digit(text[0])) return std::nullopt;
  }
  int power = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), power);
  if (failure != std::errc{} || end != text.data() + text.size() || power > 40 || power < -60)
    return std::nullopt;
  return Suffix{power, 0};
}

// The number with the largest unit that leaves it whole; `units` from the smallest, each `step` times the one
// before.
std::string in_largest_unit(Wide number, int step, std::span<const std::string_view> units) {
  std::size_t unit = 0;
  while (unit + 1 < units.size() && number != 0 && number % step == 0) {
    number /= step;
    ++unit;
  }
  if (number == 0) return "0";
  std::string digits;
  const auto negative = number < 0;
  for (auto rest = negative ? -number : number; rest != 0; rest /= 10)
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
  return (negative ? "-" : "") + digits + std::string(units[unit]);
}

}  // namespace

std::optional<Quantity> parse_quantity(std::string_view text) {
  auto negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  Wide value = 0;
  auto fraction = 0;
  auto digits = 0;
  auto point = false;
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if (text[at] == '.' && !point) {
      point = true;
      continue;
    }
    if (!is_digit(text[at])) break;
    ++digits;
    if (point) ++fraction;
    if (__builtin_mul_overflow(value, Wide{10}, &value) ||
        __builtin_add_overflow(value, Wide{text[at] - '0'}, &value))
      return std::nullopt;
  }
  if (digits == 0) return std::nullopt;
  const auto suffix = parse_suffix(text.substr(at));
  if (!suffix) return std::nullopt;
  for (; fraction > 0 && value % 10 == 0; --fraction) value /= 10;
  if (__builtin_mul_overflow(value, Wide{1} << suffix->two, &value)) return std::nullopt;
  auto power = 9 - fraction + suffix->ten;
  for (; power > 0 && value != 0; --power)
    if (__builtin_mul_overflow(value, Wide{10}, &value)) return std::nullopt;
  auto rest = false;
  for (; power < 0 && value != 0; ++power) {
    rest = rest || value % 10 != 0;
    value /= 10;
  }
  if (rest) ++value;
  return Quantity{negative ? -value : value};
}

std::optional<Quantity> quantity_of(Node node) {
  if (node.is_string()) return parse_quantity(node.text());
  if (node.is_integer()) return Quantity{Wide{node.integer()} * 1'000'000'000};
  if (!node.is_number()) return std::nullopt;
  std::array<char, 40> text{};
  const auto written = std::to_chars(text.data(), text.data() + text.size(), node.number());
  return parse_quantity({text.data(), static_cast<std::size_t>(written.ptr - text.data())});
}

std::string to_text(Quantity quantity) {
  static constexpr std::string_view kDecimal[] = {"n", "u", "m", "", "k", "M", "G", "T", "P", "E"};
  return in_largest_unit(quantity.nano, 1000, kDecimal);
}

std::string canonical_quantity(std::string_view text) {
  static constexpr std::string_view kExponent[] = {"e-9", "e-6", "e-3", "",    "e3",
                                                   "e6",  "e9",  "e12", "e15", "e18"};
  static constexpr std::string_view kBinary[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
  constexpr Wide kOne = 1'000'000'000;
  const auto quantity = parse_quantity(text);
  if (!quantity) return std::string(text);
  const auto nano = quantity->nano;
  const auto exponent = text.find_first_of("eE");
  // "1E" is an exa, "1E3" and "1e3" are exponents.
  if (exponent != std::string_view::npos && exponent + 1 < text.size())
    return in_largest_unit(nano, 1000, kExponent);
  const auto small = nano < 1024 * kOne && nano > -1024 * kOne;
  if (text.ends_with('i') && !small && nano % kOne == 0) return in_largest_unit(nano / kOne, 1024, kBinary);
  return to_text(*quantity);
}

}  // namespace assay::drift

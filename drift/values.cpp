#include <array>
#include <charconv>
#include <optional>
#include <string>

#include "core/base64.h"
#include "core/rfc3339.h"
#include "drift/quantity.h"
#include "drift/schema.h"
#include "drift/text_scan.h"

namespace assay::drift {
namespace {

__extension__ using Wide = __int128;

// The length in nanoseconds of a unit that `text` begins with, which is taken off.
std::int64_t take_unit(std::string_view& text) {
  struct Unit {
    std::string_view name;
    std::int64_t length;
  };
  static constexpr std::array kUnits{Unit{"ns", 1},
                                     Unit{"us", 1'000},
                                     Unit{"\xC2\xB5s", 1'000},
                                     Unit{"\xCE\xBCs", 1'000},
                                     Unit{"ms", 1'000'000},
                                     Unit{"s", 1'000'000'000},
                                     Unit{"m", 60'000'000'000},
                                     Unit{"h", 3'600'000'000'000}};
  for (const auto& unit : kUnits) {
    if (!text.starts_with(unit.name)) continue;
    const auto after = text.substr(unit.name.size());
    if (!after.empty() && !is_digit(after[0]) && after[0] != '.') continue;
    text = after;
    return unit.length;
  }
  return 0;
}

// In nanoseconds, as Go's time.ParseDuration reads it.
std::optional<Wide> parse_go_duration(std::string_view text) {
  auto negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text == "0") return 0;
  if (text.empty()) return std::nullopt;
  Wide total = 0;
  while (!text.empty()) {
    Wide whole = 0;
    Wide part = 0;
    Wide scale = 1;
    auto digits = 0;
    auto point = false;
    for (; !text.empty() && (is_digit(text[0]) || (text[0] == '.' && !point)); text.remove_prefix(1)) {
      if (text[0] == '.') {
        point = true;
        continue;
      }
      ++digits;
      if (!point) {
        whole = whole * 10 + (text[0] - '0');
        if (whole > (Wide{1} << 63)) return std::nullopt;
      } else if (scale < 1'000'000'000'000'000) {  // finer than a nanosecond of an hour: cut off
        part = part * 10 + (text[0] - '0');
        scale *= 10;
      }
    }
    const auto unit = digits == 0 ? 0 : take_unit(text);
    if (unit == 0) return std::nullopt;
    total += whole * unit + part * unit / scale;
    if (total > (Wide{1} << 63)) return std::nullopt;
  }
  return negative ? -total : total;
}

struct Number {
  std::array<char, 40> space{};
  std::string_view text;
};

// What int-or-string says, as text.
std::string_view spelled(Node node, Number& number) {
  if (node.is_string()) return node.text();
  const auto written =
      std::to_chars(number.space.data(), number.space.data() + number.space.size(), node.integer());
  return {number.space.data(), static_cast<std::size_t>(written.ptr - number.space.data())};
}

}  // namespace

bool same_quantity(Node a, Node b) {
  const auto x = quantity_of(a);
  return x && x == quantity_of(b);
}

bool same_duration(std::string_view a, std::string_view b) {
  const auto x = parse_go_duration(a);
  return x && x == parse_go_duration(b);
}

bool same_time(std::string_view a, std::string_view b) {
  const auto x = parse_rfc3339(a);
  return x && x == parse_rfc3339(b);
}

bool same_bytes(std::string_view a, std::string_view b) {
  const auto x = decode_base64(a);
  return x && x == decode_base64(b);
}

bool same_scalar(const Type* type, Node a, Node b) {
  if (same_tree(a, b)) return true;
  if (type == nullptr) return false;
  switch (type->form) {
    case Type::Form::quantity:
      return same_quantity(a, b);
    case Type::Form::duration:
      return a.is_string() && b.is_string() && same_duration(a.text(), b.text());
    case Type::Form::time:
      return a.is_string() && b.is_string() && same_time(a.text(), b.text());
    case Type::Form::bytes:
      return a.is_string() && b.is_string() && same_bytes(a.text(), b.text());
    case Type::Form::int_or_string: {
      const auto fits = [](Node node) { return node.is_string() || node.is_integer(); };
      Number x;
      Number y;
      return fits(a) && fits(b) && spelled(a, x) == spelled(b, y);
    }
    default:
      return false;
  }
}

}  // namespace assay::drift

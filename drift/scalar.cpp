#include "drift/scalar.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "drift/text_scan.h"

namespace assay::drift {
namespace {

// The first double beyond a signed integer of 64 bits.
constexpr auto kTooLarge = 9223372036854775808.0;

// Longer ones are in no table below.
constexpr std::size_t kLongestWord = 5;

std::optional<Node> word(std::string_view text) {
  constexpr auto kTrue = std::to_array<std::string_view>(
      {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"});
  constexpr auto kFalse = std::to_array<std::string_view>(
      {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"});
  constexpr auto kNull = std::to_array<std::string_view>({"", "~", "null", "Null", "NULL"});
  const auto in = [&](const auto& words) {
    return std::find(words.begin(), words.end(), text) != words.end();
  };
  if (in(kTrue)) return Node::of(true);
  if (in(kFalse)) return Node::of(false);
  if (in(kNull)) return Node();
  return std::nullopt;
}

std::optional<Node> not_finite(std::string_view text) {
  constexpr auto kInfinity = std::numeric_limits<double>::infinity();
  const bool negative = text.starts_with('-');
  const bool sign = negative || text.starts_with('+');
  const auto rest = text.substr(sign ? 1 : 0);
  if (rest == ".inf" || rest == ".Inf" || rest == ".INF") return Node::of(negative ? -kInfinity : kInfinity);
  if (!sign && (rest == ".nan" || rest == ".NaN" || rest == ".NAN"))
    return Node::of(std::numeric_limits<double>::quiet_NaN());
  return std::nullopt;
}

// strconv.ParseInt and ParseUint with base 0: a sign, then 0x, 0o, 0b or a 0 before octal digits. Beyond 64
// bits, with a sign or without, it is none.
std::optional<Node> integer(std::string_view text) {
  bool negative = text.starts_with('-');
  bool sign = negative || text.starts_with('+');
  auto digits = text.substr(sign ? 1 : 0);
  int base = 10;
  if (digits.size() > 1 && digits[0] == '0') {
    const auto mark = digits[1];
    base = mark == 'x' || mark == 'X' ? 16 : mark == 'b' || mark == 'B' ? 2 : 8;
    digits.remove_prefix(base != 8 || mark == 'o' || mark == 'O' ? 2 : 1);
  }
  if (text.starts_with("0b") && (digits.starts_with('+') || digits.starts_with('-'))) {
    sign = true;  // what stands after 0b is read once more, alone
    negative = digits[0] == '-';
    digits.remove_prefix(1);
  }
  if (digits.empty() || digits[0] == '-') return std::nullopt;
  std::uint64_t number = 0;
  const auto* const end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, number, base);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  constexpr auto kLimit = std::uint64_t{1} << 63;
  if (negative) {
    if (number > kLimit) return std::nullopt;
    return Node::of(static_cast<std::int64_t>(~number + 1));
  }
  if (number < kLimit) return Node::of(static_cast<std::int64_t>(number));
  if (sign) return std::nullopt;
  return Node::of(static_cast<double>(number));
}

// [-+]? ( \.[0-9]+ | [0-9]+ ( \.[0-9]* )? ) ( [eE][-+]?[0-9]+ )?
bool is_real(std::string_view text) {
  std::size_t at = 0;
  const auto digits = [&] {
    const auto from = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at - from;
  };
  const auto one_of = [&](std::string_view set) {
    return at < text.size() && set.find(text[at]) != std::string_view::npos;
  };
  if (one_of("+-")) ++at;
  const auto whole = digits();
  if (one_of(".")) {
    ++at;
    if (digits() == 0 && whole == 0) return false;
  } else if (whole == 0) {
    return false;
  }
  if (one_of("eE")) {
    ++at;
    if (one_of("+-")) ++at;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

std::optional<Node> real(std::string_view text) {
  if (!is_real(text)) return std::nullopt;
  const auto number = read_real(text);
  if (!number) return std::nullopt;
  return Node::of(*number);
}

// What begins with a point goes to strconv.ParseFloat as it stands, which takes a "_" between two digits.
std::optional<Node> real_with_point(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      plain += text[i];
      continue;
    }
    const bool between = i > 0 && is_digit(text[i - 1]) && i + 1 < text.size() && is_digit(text[i + 1]);
    if (!between) return std::nullopt;
  }
  return real(plain);
}

// What begins with a digit or a sign; each "_" in it is dropped wherever it stands.
std::string_view without_underscores(std::string_view text, std::string& kept) {
  if (text.find('_') == std::string_view::npos) return text;
  std::copy_if(text.begin(), text.end(), std::back_inserter(kept), [](char c) { return c != '_'; });
  return kept;
}

std::optional<Node> number(std::string_view text) {
  std::string kept;
  text = without_underscores(text, kept);
  if (auto found = integer(text)) return found;
  return real(text);
}

// Four digits and a dash begin a date, and a date is a text; nothing else that begins so is a number either.
bool is_date(std::string_view text) {
  return text.size() > 4 && text[4] == '-' && std::all_of(text.begin(), text.begin() + 4, is_digit);
}

}  // namespace

bool is_json(Node scalar) { return !scalar.is_number() || std::isfinite(scalar.number()); }

Node as_json(Node scalar) {
  if (scalar.kind() != Node::Kind::real) return scalar;
  const auto number = scalar.number();
  if (number != std::trunc(number) || number < -kTooLarge || number >= kTooLarge) return scalar;
  constexpr auto kExact = 9007199254740992.0;  // below, each integer is a double and its digits are its own
  if (std::abs(number) < kExact) return Node::of(static_cast<std::int64_t>(number));
  // Go writes the fewest digits that make this double again, and zeros.
  std::array<char, 32> digits{};
  const auto made =
      std::to_chars(digits.data(), digits.data() + digits.size(), number, std::chars_format::scientific);
  const std::string_view text(digits.data(), static_cast<std::size_t>(made.ptr - digits.data()));
  const auto e = text.find('e');
  std::string written(number < 0 ? 1U : 0U, '-');
  std::copy_if(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(e), std::back_inserter(written),
               is_digit);
  const std::size_t sign = number < 0 ? 1 : 0;
  written.resize(sign + static_cast<std::size_t>(std::stoi(std::string(text.substr(e + 1)))) + 1, '0');
  return integer(written).value_or(scalar);
}

bool may_be_more_than_text(char first) {
  return std::string_view("+-.0123456789yYnNtTfFoO~\0", 25).find(first) != std::string_view::npos;
}

Node resolve_plain(std::string_view text) {
  const char first = text.empty() ? '\0' : text[0];
  if (!may_be_more_than_text(first)) return Node::of(text);
  std::optional<Node> found;
  if (first == '.' || first == '+' || first == '-') found = not_finite(text);
  if (found) return *found;
  if (first == '.') {
    found = real_with_point(text);
  } else if (first == '+' || first == '-' || is_digit(first)) {
    if (!is_date(text)) found = number(text);
  } else if (text.size() <= kLongestWord) {
    found = word(text);
  }
  return found.value_or(Node::of(text));
}

bool is_unsigned(std::string_view text) {
  constexpr std::size_t kShortest = 18;  // 0x8000000000000000
  if (text.size() < kShortest || !is_digit(text[0]) || is_date(text)) return false;
  std::string kept;
  const auto found = integer(without_underscores(text, kept));
  return found && !found->is_integer();
}

std::optional<std::string_view> key_of(Node scalar, Arena& arena) {
  switch (scalar.kind()) {
    case Node::Kind::string:
      return scalar.text();
    case Node::Kind::boolean:
      return scalar.boolean() ? "true" : "false";
    case Node::Kind::integer:
      return arena.keep(std::to_string(scalar.integer()));
    case Node::Kind::real: {
      // strconv.FormatFloat(x, 'g', -1, 32), with YAML's names for what is not finite.
      const auto number = static_cast<float>(scalar.number());
      if (std::isnan(number)) return ".nan";
      if (std::isinf(number)) return number < 0 ? "-.inf" : ".inf";
      std::array<char, 32> digits{};
      const auto made =
          std::to_chars(digits.data(), digits.data() + digits.size(), number, std::chars_format::scientific);
      const std::string_view text(digits.data(), static_cast<std::size_t>(made.ptr - digits.data()));
      const auto e = text.find('e');
      const auto count = static_cast<int>(
          std::count_if(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(e), is_digit));
      const int exponent = std::stoi(std::string(text.substr(e + 1)));
      if (exponent < -4 || exponent >= 6) return arena.keep(text);
      return arena.keep(fmt::format("{:.{}f}", number, std::max(count - 1 - exponent, 0)));
    }
    default:
      return std::nullopt;
  }
}

std::optional<double> read_real(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec == std::errc()) return number;
  if (read.ec != std::errc::result_out_of_range) return std::nullopt;
  // Too large or too small: from_chars does not say which.
  number = std::strtod(std::string(text).c_str(), nullptr);
  if (std::isinf(number)) return std::nullopt;
  return number;
}

char* put_utf8(std::uint32_t code, char* to) {
  const auto put = [&](std::uint32_t byte) { *to++ = static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
  return to;
}

}  // namespace assay::drift

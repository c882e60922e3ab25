// Looks at the bytes of a text, where it can at eight at a time.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/utf8.h"

namespace assay::drift {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr std::uint64_t kEachByte = 0x0101010101010101U;
constexpr std::uint64_t kHighBits = 0x8080808080808080U;

inline std::uint64_t eight_bytes(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// The lowest bit that is set is the high bit of the first byte that is `byte` (is less than `limit`); of the
// bits above it nothing is said. `limit` is at most 128.
constexpr std::uint64_t bytes_equal(std::uint64_t word, char byte) {
  const auto zero = word ^ (kEachByte * static_cast<unsigned char>(byte));
  return (zero - kEachByte) & ~zero & kHighBits;
}
constexpr std::uint64_t bytes_less(std::uint64_t word, unsigned limit) {
  return (word - kEachByte * limit) & ~word & kHighBits;
}

// The high bit of each byte that is `byte`, and no other bits.
constexpr std::uint64_t each_equal(std::uint64_t word, char byte) {
  const auto zero = word ^ (kEachByte * static_cast<unsigned char>(byte));
  return ~(((zero & ~kHighBits) + ~kHighBits) | zero | ~kHighBits);
}

// The first place from `at` on where `is_found(byte)` holds, or `end`. `find(word)` says the same of eight
// bytes in the manner of bytes_equal.
template <class Find, class IsFound>
const char* first_of(const char* at, const char* end, Find find, IsFound is_found) {
  if constexpr (std::endian::native == std::endian::little) {
    for (; end - at >= 8; at += 8) {
      if (const auto found = find(eight_bytes(at)); found != 0) return at + std::countr_zero(found) / 8;
    }
  }
  while (at != end && !is_found(*at)) ++at;
  return at;
}

// Less than, equal to or greater than 0 as `a` stands before, at or after `b` in bytewise order. Keys mostly
// differ early.
inline int key_order(std::string_view a, std::string_view b) {
  if constexpr (std::endian::native == std::endian::little) {
    if (a.size() >= 8 && b.size() >= 8) {
      const auto first = __builtin_bswap64(eight_bytes(a.data()));
      const auto second = __builtin_bswap64(eight_bytes(b.data()));
      if (first != second) return first < second ? -1 : 1;
    }
  }
  if (!a.empty() && !b.empty() && a[0] != b[0])
    return static_cast<unsigned char>(a[0]) < static_cast<unsigned char>(b[0]) ? -1 : 1;
  return a.compare(b);
}

// The first `&` or `*` from `at` on; or `end`.
const char* reference_mark(const char* at, const char* end);
// The first place from `at` on where a string of JSON cannot simply go on: a quote, a backslash or a control
// character; or `end`.
const char* json_string_stop(const char* at, const char* end);

// Where the first byte stands that is no well-formed UTF-8; the text's length: it all is.
inline std::size_t utf8_prefix(std::string_view text) {
  const char* const end = text.data() + text.size();
  const char* at = text.data();
  while (true) {
    at = first_of(
        at, end, [](std::uint64_t word) { return word & kHighBits; },
        [](char byte) { return static_cast<signed char>(byte) < 0; });
    if (at == end) return text.size();
    const auto offset = static_cast<std::size_t>(at - text.data());
    const auto length = utf8_length(text.substr(offset));
    if (length == 0) return offset;
    at += length;
  }
}

}  // namespace assay::drift

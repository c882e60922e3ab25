#include "drift/text_scan.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace assay::drift {

#ifdef __SSE2__
namespace {

// Sixteen bytes; `find` gives 0xff for each that is looked for. The place of the first, or null.
template <class Find>
const char* first_of_sixteen(const char* at, Find find) {
  __m128i block;
  std::memcpy(&block, at, sizeof block);
  const auto found = static_cast<unsigned>(_mm_movemask_epi8(find(block)));
  return found == 0 ? nullptr : at + std::countr_zero(found);
}

}  // namespace
#endif

const char* reference_mark(const char* at, const char* end) {
#ifdef __SSE2__
  const auto find = [anchor = _mm_set1_epi8('&'), alias = _mm_set1_epi8('*')](__m128i block) {
    return _mm_or_si128(_mm_cmpeq_epi8(block, anchor), _mm_cmpeq_epi8(block, alias));
  };
  for (; end - at >= 16; at += 16) {
    if (const auto* const found = first_of_sixteen(at, find)) return found;
  }
#endif
  return first_of(
      at, end, [](std::uint64_t word) { return bytes_equal(word, '&') | bytes_equal(word, '*'); },
      [](char c) { return c == '&' || c == '*'; });
}

const char* json_string_stop(const char* at, const char* end) {
#ifdef __SSE2__
  const auto find = [quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'),
                     last_control = _mm_set1_epi8(0x1f)](__m128i block) {
    const auto marks = _mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, backslash));
    return _mm_or_si128(marks, _mm_cmpeq_epi8(_mm_min_epu8(block, last_control), block));
  };
  for (; end - at >= 16; at += 16) {
    if (const auto* const found = first_of_sixteen(at, find)) return found;
  }
#endif
  return first_of(
      at, end,
      [](std::uint64_t word) {
        return bytes_equal(word, '"') | bytes_equal(word, '\\') | bytes_less(word, 0x20);
      },
      [](char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; });
}

}  // namespace assay::drift

// The one shape of a value that was shortened.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/value.h"

namespace assay {

// How much of a text an observation shows.
inline constexpr std::size_t kShown = 16U << 10;

// The marker that stands in place of a value which was not kept whole: {truncated: true, bytes, head} and,
// where one is known, sha256. `bytes` is the size of the whole, or what of it was read. A matcher that reads
// a marker cannot tell what stood in the rest and says `observation.truncated`. A digest of bytes that can
// hold a secret would let it be guessed, so only what shows the digest anyway gives one.
Value cut_marker(std::string_view head, std::uint64_t bytes, std::string_view sha256 = {});

// `text` as UTF-8: whole where it is not longer than `limit` bytes, else its marker.
Value cut_text(std::string_view text, std::size_t limit = kShown);

// A value that is withheld and not too long: its marker with the reason in place of the head, so that no
// expectation of it can pass or fail.
Value withheld(std::string_view reason);

}  // namespace assay

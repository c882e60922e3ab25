// What happens to an observation between the probe and the journal.
#pragma once

#include "core/redactor.h"
#include "core/value.h"

namespace assay {

inline constexpr std::size_t kMaxObservation = 64 << 10;

// Redacts, then cuts: while the observation is larger than `limit` bytes of JSON, its largest text, list or
// map is replaced by {truncated: true, bytes, sha256, head}. A matcher that reads a cut value gives
// `observation.truncated`.
Value seal(Value observation, const Redactor& redactor, std::size_t limit = kMaxObservation);

}  // namespace assay

// What happens to an observation between the probe and the journal.
#pragma once

#include "core/redactor.h"
#include "core/result.h"
#include "core/value.h"

namespace assay {

inline constexpr std::size_t kMaxObservation = 64 << 10;

// {code, phase, message}: the `error` of an observation.
Value error_value(const Error& error);
// What is observed where the probe was not even asked: {error: {...}}.
Value failed_observation(const Error& error);

// Redacts, then cuts: while the observation is larger than `limit` bytes of JSON, its largest text, list or
// map is replaced by {truncated: true, bytes, sha256, head}. A matcher that reads a cut value gives
// `observation.truncated`.
Value seal(Value observation, const Redactor& redactor, std::size_t limit = kMaxObservation);

}  // namespace assay

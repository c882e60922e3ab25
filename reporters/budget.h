// How much evidence fits into a report.
#pragma once

#include <cstddef>
#include <vector>

namespace assay {

// No check shows more than this.
inline constexpr std::size_t kMostEvidence = 64U << 10;

// What one check would like to put into a report, in bytes as written. A check that is not green may show
// more.
struct Evidence {
  std::size_t bytes = 0;
  bool green = false;
};

// The most bytes that one check may show, green and not.
struct Caps {
  std::size_t green = 0;
  std::size_t other = 0;
  friend bool operator==(const Caps&, const Caps&) = default;
};

// With nothing to cut.
inline constexpr Caps kWidestCaps{8U << 10, kMostEvidence};

// The largest of a row of halved caps (from 8 KiB and 64 KiB) with which everything together stays within
// `total`. The green ones give way first.
Caps caps_for(const std::vector<Evidence>& evidence, std::size_t total);

}  // namespace assay

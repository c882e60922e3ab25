// Seeded randomness: the same seed gives the same run.
#pragma once

#include <cstdint>
#include <random>

namespace assay {

// Not synchronised. Passed in wherever chance is needed; nothing reads a global source but random_seed().
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t next() { return engine_(); }
  // Uniform in [0, below); `below` must not be 0.
  std::uint64_t below(std::uint64_t bound) {
    return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(engine_);
  }

 private:
  std::mt19937_64 engine_;
};

// A seed from the operating system, for a run that was given none.
std::uint64_t random_seed();

}  // namespace assay

#include "reporters/budget.h"

#include <algorithm>

namespace assay {
namespace {

bool fits(const std::vector<Evidence>& evidence, const Caps& caps, std::size_t total) {
  std::size_t sum = 0;
  for (const Evidence& item : evidence) {
    sum += std::min(item.bytes, item.green ? caps.green : caps.other);
    if (sum > total) return false;
  }
  return true;
}

}  // namespace

Caps caps_for(const std::vector<Evidence>& evidence, std::size_t total) {
  Caps caps = kWidestCaps;
  while (caps.green > 0 && !fits(evidence, caps, total)) caps.green /= 2;
  while (caps.other > 0 && !fits(evidence, caps, total)) caps.other /= 2;
  return caps;
}

}  // namespace assay

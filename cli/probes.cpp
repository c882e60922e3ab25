#include "cli/probes.h"

#include <algorithm>
#include <iterator>

#include "drift/probe.h"

namespace assay {

Probes offered_probes() {
  auto all = all_probes();
  for (Probes (*family)() : {drift::drift_probes}) {
    auto more = family();
    std::move(more.begin(), more.end(), std::back_inserter(all));
  }
  std::sort(all.begin(), all.end(), [](const Probe& a, const Probe& b) { return a.name < b.name; });
  return all;
}

}  // namespace assay

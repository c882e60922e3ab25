// The table of HTTP and JSON services.
#include "probes/service.h"

namespace assay {

Probes service_probes() {
  Probes all;
  for (Probes (*system)() : {vault_probes, policy_probes, prometheus_probes, storage_probes}) {
    for (Probe& probe : system()) all.push_back(std::move(probe));
  }
  return all;
}

}  // namespace assay

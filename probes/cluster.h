// Probes that look at a cluster as a whole, or at what runs in it.
#pragma once

#include "probes/probe.h"

namespace assay {

Probe kube_absent_probe();
Probe kube_pvc_probe();
Probe kube_capacity_probe();
Probe kube_images_probe();
Probe kube_events_probe();
Probe kube_access_probe();
Probe toolchain_probe();
Probe external_secret_probe();
Probe config_map_probe();
Probe helm_test_probe();

Probes cluster_probes();

}  // namespace assay

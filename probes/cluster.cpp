#include "probes/cluster.h"

namespace assay {

Probes cluster_probes() {
  return {kube_absent_probe(), kube_pvc_probe(),    kube_capacity_probe(), kube_images_probe(),
          kube_events_probe(), kube_access_probe(), toolchain_probe(),     external_secret_probe(),
          config_map_probe(),  helm_test_probe()};
}

}  // namespace assay

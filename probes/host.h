// The rows that host_probes() puts together.
#pragma once

#include "probes/probe.h"

namespace assay {

Probe file_probe();
Probe command_probe();
Probe dns_probe();
Probe tls_probe();

}  // namespace assay

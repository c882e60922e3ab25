// The family of probes about a host and what stands on it; each has its own file.
#include "probes/host.h"

namespace assay {

Probes host_probes() { return {file_probe(), command_probe(), dns_probe(), tls_probe()}; }

}  // namespace assay

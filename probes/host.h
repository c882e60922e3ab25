// The rows that host_probes() puts together.
#pragma once

#include "probes/probe.h"

namespace assay {

Probe file_probe();
Probe command_probe();
Probe dns_probe();
Probe tls_probe();

// A text that was cut: {truncated, bytes, head} and, where the whole was seen, sha256. A matcher that reads
// it cannot tell what stood in the rest, so that it must not say "fail".
Value cut_text(std::string_view head, std::uint64_t bytes, std::string_view sha256 = {});

}  // namespace assay

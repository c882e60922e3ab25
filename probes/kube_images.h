// Images that manifests name.
#pragma once

#include <set>
#include <string>

namespace assay {

// Adds what the containers of a manifest's documents name (`---` between them), in pods and in pod templates
// however deep. Pure; takes any text.
void collect_images(const std::string& manifest, std::set<std::string>& images);

}  // namespace assay

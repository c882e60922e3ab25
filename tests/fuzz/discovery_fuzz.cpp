// What an API server says of its kinds, and looking one up: the input is JSON.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "kube/discovery.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto document = assay::parse_json({reinterpret_cast<const char*>(data), size});
  if (!document) return 0;
  std::vector<assay::KubeResource> resources;
  assay::append_resources(*document, resources);
  for (const assay::KubeResource& resource : resources) {
    if (assay::choose_resource(resources, resource.plural, resource.api_version()) == nullptr) std::abort();
    resource.path("ns", "name");
  }
  return 0;
}

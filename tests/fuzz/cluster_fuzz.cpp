// What a cluster and its programs write: quantities, images, settings, manifests, versions.
#include <cstdint>
#include <cstdlib>
#include <map>
#include <set>
#include <string>

#include "probes/config_address.h"
#include "probes/glob.h"
#include "probes/kube_image_name.h"
#include "probes/kube_images.h"
#include "probes/kube_quantity.h"
#include "probes/tool_version.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto milli = assay::milli_of(text);
  if (milli && !text.starts_with('-') && *milli < 0) std::abort();
  const assay::ImageName name = assay::read_image_name(text);
  if (name.tag.empty() && name.digest.empty()) std::abort();
  for (const assay::ConfigAddress& one :
       assay::addresses_in({{"A_HOST", text}, {"A_PORT", text}, {"URL", text}})) {
    // No user name and no password is left in an address.
    if (one.host.empty() || one.host.find('@') != std::string::npos) std::abort();
  }
  std::set<std::string> images;
  assay::collect_images(text, images);
  const auto version = assay::version_in("helm", text);
  if (version && !assay::is_version(*version)) std::abort();
  if (version && assay::compare_versions(*version, *version) != 0) std::abort();
  if (!assay::matches_glob(text, "*")) std::abort();
  assay::matches_glob("docker.io/bitnami/kafka", text);
  return 0;
}

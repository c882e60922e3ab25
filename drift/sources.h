// Where the desired sides come from.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/context.h"
#include "core/result.h"
#include "core/secret.h"
#include "kube/release.h"

namespace assay {

// Manifests as text, with what they are called.
struct Manifests {
  std::string name;    // "charts/infra at main (3f2a9c1)", "desired.yaml"
  std::string commit;  // of a Git revision
  std::string text;    // documents with "# Source:" comments; hooks and crds/ included
  std::vector<std::string> warnings;
};

// One place that manifests come from. Errors say what could not be had and why; drift.chart: helm's own
// message, with its file; drift.git: git's own.
class ManifestSource {
 public:
  virtual ~ManifestSource() = default;
  virtual Result<Manifests> read(const Context& context) = 0;
};

}  // namespace assay

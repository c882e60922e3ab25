// A suite file of anybody's: reading, expanding and linting it comes to an end, and what loads can be
// recorded and read back as a plan.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>

#include "engine/loader.h"
#include "probes/probe.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const assay::Probes probes = assay::all_probes();
  static const std::string path = "/tmp/assay-fuzz-suite-" + std::to_string(::getpid()) + ".yaml";
  std::ofstream(path, std::ios::binary) << std::string_view(reinterpret_cast<const char*>(data), size);
  assay::LoadOptions options;
  options.paths = {path};
  options.sets = {"v=1"};
  const assay::Loaded loaded = assay::load(options, probes);
  ::unlink(path.c_str());
  if (!loaded.ok) return 0;
  const auto again = assay::plan_from(assay::to_value(loaded.plan));
  if (!again || again->checks.size() != loaded.plan.checks.size()) std::abort();
  return 0;
}

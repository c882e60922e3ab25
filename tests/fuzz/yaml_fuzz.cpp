// The YAML reader on any bytes.
#include "core/yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = assay::parse_yaml(text, 0, {1 << 16, 20'000, 64});
  if (value) assay::to_json(*value);
  return 0;
}

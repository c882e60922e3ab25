// The readers of YAML on any bytes: where the quick one gives a tree, it is the one that libyaml gives.
#include "drift/reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const assay::drift::ReadLimits limits{.depth = 32, .nodes = 20'000};
  assay::drift::Arena arena;
  const auto whole = assay::drift::read_yaml_whole(text, arena, limits);
  const auto plain = assay::drift::read_yaml_plain(text, arena, limits);
  if (plain && (!whole || assay::drift::to_json(*plain) != assay::drift::to_json(*whole))) __builtin_trap();
  return 0;
}

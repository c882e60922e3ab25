// The reader of JSON on any bytes; what it reads it reads again from what it is told as.
#include "drift/reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  assay::drift::Arena arena;
  const auto node = assay::drift::read_json(text, arena, {.depth = 32, .nodes = 20'000});
  if (!node) return 0;
  const auto told = assay::drift::to_json(*node);
  const auto again = assay::drift::read_json(told, arena, {.depth = 32, .nodes = 20'000});
  if (!again || !assay::drift::same_tree(*node, *again)) __builtin_trap();
  return 0;
}

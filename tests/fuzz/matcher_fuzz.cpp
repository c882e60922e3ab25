// Comparing anything with anything: the input is a JSON list of an observation, a path and a matcher.
// Whatever lint says of the matcher, the comparison comes to an end; and nothing passes where the path leads
// nowhere, but `present: false`.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/matcher.h"
#include "engine/path.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = assay::parse_json({reinterpret_cast<const char*>(data), size});
  if (!input || !input->is_array() || input->items().size() != 3 || !input->items()[1].is_string()) return 0;
  const auto& parts = input->items();
  const auto path = assay::parse_path(parts[1].string());
  if (!path) return 0;
  assay::check_matcher(parts[2], nullptr, parts[1].string());
  const assay::Match result = assay::match(parts[0], *path, parts[2]);
  const bool negative = parts[2].is_object() && parts[2].find("present") != nullptr;
  if (!negative && parts[0].is_object() && parts[0].members().empty() &&
      result.outcome == assay::Match::Outcome::pass)
    std::abort();
  return 0;
}

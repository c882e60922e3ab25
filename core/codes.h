// The table of all codes that an observation, an attempt or a run can end with.
#pragma once

#include <span>
#include <string_view>

namespace assay {

// What a code says about the target: it is not as expected, or assay's side could not tell.
enum class Blame { target, assay };

struct CodeInfo {
  std::string_view code;
  Blame blame;           // target: verdict fail; assay: verdict error
  bool can_heal;         // false: polling and retrying end at once, unless `wait.any` asks for more
  std::string_view doc;  // one line, for docs/codes.md and `assay explain`
};

// Every code, sorted by name. The table lives as long as the program.
std::span<const CodeInfo> all_codes();

// The row of `code`, or null when there is none.
const CodeInfo* find_code(std::string_view code);

}  // namespace assay

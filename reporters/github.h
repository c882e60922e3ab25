// Workflow commands of GitHub Actions, escaped as the runner's own toolkit does it
// (actions/toolkit, packages/core/src/command.ts).
#pragma once

#include <string>
#include <string_view>

namespace assay {

// The text of a command, after its `::`.
std::string escape_data(std::string_view text);
// The value of a property, before it.
std::string escape_property(std::string_view text);

}  // namespace assay

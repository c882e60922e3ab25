// Runs a program that checks what assay wrote.
#pragma once

#include <string>
#include <vector>

namespace assay::test {

struct ToolResult {
  int exit_code = -1;
  std::string output;  // both outputs
};

// Runs `argv` with `input` on its standard input. A program that is not there is an exit code of -1 with the
// reason.
ToolResult run_tool(const std::vector<std::string>& argv, const std::string& input);

}  // namespace assay::test

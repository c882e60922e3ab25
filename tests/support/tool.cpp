#include "tests/support/tool.h"

#include "core/process.h"

namespace assay::test {

ToolResult run_tool(const std::vector<std::string>& argv, const std::string& input) {
  const Stop stop;
  ProcessSpec spec;
  spec.argv = argv;
  spec.input = input;
  const auto result = run_process(spec, Context(Deadline::in(std::chrono::seconds(60)), stop));
  if (!result) return {-1, result.error().message};
  return {result->exit_code, result->output + result->error_output};
}

}  // namespace assay::test

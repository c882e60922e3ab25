// The commands. Each returns the exit code of design.md's table and writes its result to standard output.
#pragma once

#include <map>
#include <string>

#include "cli/args.h"
#include "core/secret.h"

namespace assay {

// `taken` is what was taken out of the environment and may be named by references (see set_up_process).
int run_command(const Args& args, int argc, const char* const* argv,
                const std::map<std::string, Secret>& taken);
int agent_command(const Args& args, const std::map<std::string, Secret>& taken);
int drift_command(const Args& args, const std::map<std::string, Secret>& taken);
int report_command(const Args& args);
int lint_command(const Args& args);
int list_command(const Args& args);
int explain_command(const Args& args);
int schema_command();

}  // namespace assay

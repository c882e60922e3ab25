// The commands. Each returns the exit code of design.md's table and writes its result to standard output.
#pragma once

#include "cli/args.h"

namespace assay {

int run_command(const Args& args, int argc, const char* const* argv);
int report_command(const Args& args);
int lint_command(const Args& args);
int list_command(const Args& args);
int explain_command(const Args& args);
int schema_command();

}  // namespace assay

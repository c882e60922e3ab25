#include <unistd.h>

#include <cstdio>
#include <exception>
#include <string>

#include "cli/args.h"
#include "cli/commands.h"
#include "cli/console_io.h"
#include "core/process.h"
#include "core/process_setup.h"

namespace {

constexpr int kManyJobs = 512;

int dispatch(const assay::Args& args, int argc, char** argv,
             const std::map<std::string, assay::Secret>& taken) {
  switch (args.command) {
    case assay::Command::run:
      return assay::run_command(args, argc, argv, taken);
    case assay::Command::agent:
      return assay::agent_command(args, taken);
    case assay::Command::drift:
      return assay::drift_command(args, taken);
    case assay::Command::report:
      return assay::report_command(args);
    case assay::Command::lint:
      return assay::lint_command(args);
    case assay::Command::list:
      return assay::list_command(args);
    case assay::Command::explain:
      return assay::explain_command(args);
    case assay::Command::schema:
      return assay::schema_command();
  }
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  const auto args = assay::parse_args(argc, argv);
  if (args && args->command == assay::Command::run && args->jobs > kManyJobs)
    assay::begin_without_thread_caches(argv);
  const auto taken = assay::set_up_process();
  int code = 2;
  if (!args) {
    std::fputs(args.error().text.c_str(), args.error().code == 0 ? stdout : stderr);
    code = args.error().code;
  } else {
    try {
      code = dispatch(*args, argc, argv, taken);
    } catch (const std::exception& error) {
      // Errors are values everywhere; this is for a system without memory, descriptors or threads, and for
      // defects.
      assay::complain(std::string("cannot go on: ") + error.what());
      assay::kill_all_running();
      code = 3;
    }
    if (assay::output_lost() && code == 0) code = 3;
  }
  std::fflush(stdout);
  std::fflush(stderr);
  // Threads of client libraries may hang in calls that have no deadline: nothing waits for them.
  ::_exit(code);
}

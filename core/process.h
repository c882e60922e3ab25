// Runs a program without a shell, bounded in time and output, and leaves nothing of it behind.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/context.h"
#include "core/result.h"

namespace assay {

struct ProcessSpec {
  std::vector<std::string> argv;           // argv[0] is looked up in PATH
  std::map<std::string, std::string> env;  // added to assay's own environment
  std::string directory;                   // empty: assay's own
  std::string input;                       // written to its standard input, which is then closed
  std::size_t max_output = 1 << 20;        // for each of the two outputs; what is beyond is read and dropped
  std::vector<std::string> without;        // beginnings of names of variables that are not handed on ("GIT_")
};

struct ProcessResult {
  int exit_code = -1;  // -1 when a signal ended it
  int signal = 0;      // 0 when it exited by itself
  std::string output;
  std::string error_output;
  bool output_truncated = false;
  bool error_truncated = false;
  std::uint64_t output_bytes = 0;  // with what was dropped
  std::uint64_t error_bytes = 0;
};

// Starts the program in a process group of its own and waits in the one wait. At the deadline, at stop, and
// when the program has ended, the whole group is killed with SIGKILL, and so is any descendant that left the
// group: those that hang on the program's tree, and those that were handed to assay (a child subreaper; see
// become_subreaper) and carry the call's mark in their environment. A daemon that has cleared its environment
// and outlives its parent gets away. SIGPIPE must be ignored (see set_up_process). Errors: command.missing,
// params.invalid (the directory), deadline, harness.cancelled, harness.internal. Safe from any thread.
Result<ProcessResult> run_process(const ProcessSpec& spec, const Context& context);

// For the last moment of a run, in which calls may still be under way on threads that nobody waits for: kills
// the group of every program that is running, then whatever child of this process is still alive, and lets no
// call start another (harness.cancelled). Takes a few milliseconds, at most two seconds where a process takes
// no signal. Safe from any thread.
void kill_all_running();

// Call once at the start of main: descendants whose parent died become ours, so that run_process can find
// them.
void become_subreaper();

}  // namespace assay

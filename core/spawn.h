// Starts a program: everything between its parent and its first instruction.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace assay {

struct SpawnSpec {
  std::vector<std::string> argv;         // argv[0] is looked up in PATH; no shell is ever tried
  std::vector<std::string> environment;  // "NAME=value", all of it
  std::string directory;                 // empty: the parent's
  int input = -1;                        // these become its standard descriptors; no other one stays open
  int output = -1;
  int error = -1;
};

struct Spawned {
  pid_t pid = -1;
  int error = 0;  // errno where there is no program: of vfork(2), chdir(2) or execve(2)
};

// In a process group of its own, with the default action for every signal, none blocked, and the soft limit
// of open files that set_child_file_limit was told. As posix_spawn(3) does it, which has no way to set a
// limit. Only the calling thread waits until the program is there. Safe from any thread.
Spawned spawn_program(const SpawnSpec& spec);

// The soft RLIMIT_NOFILE that programs get: assay raises its own, and a program that uses select(2) breaks
// above 1024. Call before the first program is started; without a call they get assay's.
void set_child_file_limit(std::uint64_t soft);

}  // namespace assay

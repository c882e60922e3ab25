// What main() does to its own process before the first thread.
//
// Memory: glibc keeps up to seven freed pieces of every size for each thread, which with thousands of threads
// are megabytes that nobody uses. That can be changed only by the environment that a process begins with.
#pragma once

#include <map>
#include <string>

#include "core/fd.h"
#include "core/secret.h"

namespace assay {

// For a process that will have many threads: begins again (execve(2)) with GLIBC_TUNABLES that turn those
// caches off, and returns in the process that has them, or where that cannot be done; whoever has set
// GLIBC_TUNABLES keeps them. Programs that are started later do not get them. Before anything else.
// https://www.gnu.org/software/libc/manual/html_node/Memory-Allocation-Tunables.html
void begin_without_thread_caches(char** argv);

// Raises RLIMIT_NOFILE to the hard limit (programs that are started get the old one), ignores SIGPIPE and
// SIGXFSZ, blocks SIGINT and SIGTERM, takes PG* out of the environment (libpq would obey them), turns core
// files off (a core would hold secrets), limits malloc's arenas, and becomes a child subreaper. Call once,
// before any thread. What was taken out of the environment is returned, for references to it by name
// ({env: PGPASSWORD}).
std::map<std::string, Secret> set_up_process();

// A descriptor from which blocked SIGINT and SIGTERM are read (signalfd(2)).
Fd signal_descriptor();

// The next signal that was read from the descriptor, or 0 when there is none. Does not block.
int next_signal(int descriptor);

// Hands memory that is free back to the system, for the moment after a lot was freed. Safe from any thread.
void give_back_memory();

}  // namespace assay

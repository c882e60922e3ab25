// Which process holds something that it left outside of itself (an object of a cluster, a file).
#pragma once

#include <string>
#include <string_view>

namespace assay {

// "boot id,pid namespace/pid/start time" of this process (proc(5): /proc/sys/kernel/random/boot_id,
// /proc/self/ns/pid, field 22 of /proc/PID/stat): no other process, on no machine, ever has the same.
std::string this_holder();

// True when the holder was a process of this machine and there is no such process any more. False where
// nobody can tell: another machine's or container's, or no holder at all.
bool is_gone(std::string_view holder);

}  // namespace assay

// The stacks of threads that wait.
#pragma once

#include <cstddef>

namespace assay {

// Called by a thread of WorkerPool or start_detached as its first act: from now on give_back_stack() knows
// how far its stack of `size` bytes reaches.
void note_stack(std::size_t size);

// Whether the calling thread has noted its stack.
bool stack_is_noted();

// Gives the memory of the calling thread's stack below its present frames back to the system: what calls that
// are over have touched, two pages and more for each of up to 2,000 threads. For a thread that is about to
// wait for long; it costs one system call now and a page fault a page when they are touched again. Does
// nothing in a thread that has not noted its stack.
void give_back_stack();

}  // namespace assay

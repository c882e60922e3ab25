#include "cli/signals.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "core/process.h"
#include "core/process_setup.h"

namespace assay {
namespace {

// SA_RESETHAND puts the default action back before it runs.
void pass(int /*signal*/) {}

}  // namespace

SignalWatch::SignalWatch(int descriptor) : thread_([this, descriptor] { watch(descriptor); }) {}

SignalWatch::~SignalWatch() {
  over_.raise();
  thread_.join();
}

void SignalWatch::watch(int descriptor) {
  const Context context(Deadline(), over_);
  while (context.wait(descriptor, POLLIN, "setup")) {
    const int signal = next_signal(descriptor);
    if (signal == 0) continue;
    if (signal_ != 0) {
      kill_all_running();
      ::_exit(128 + signal);
    }
    signal_ = signal;
    stop_.raise();
  }
}

void let_one_signal_pass(bool came) {
  struct sigaction action {};
  action.sa_handler = came ? SIG_DFL : &pass;
  action.sa_flags = came ? 0 : static_cast<int>(SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM}) {
    ::sigaction(signal, &action, nullptr);
    sigaddset(&set, signal);
  }
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace assay

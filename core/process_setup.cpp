#include "core/process_setup.h"

#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "core/process.h"
#include "core/spawn.h"

extern char** environ;

namespace assay {
namespace {
sigset_t end_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}
}  // namespace

void begin_without_thread_caches(char** argv) {
  constexpr const char* kVariable = "GLIBC_TUNABLES";
  constexpr std::string_view kOff = "glibc.malloc.tcache_count=0";
  const char* set = std::getenv(kVariable);
  if (set == nullptr) {
    ::setenv(kVariable, kOff.data(), 1);
    ::execv("/proc/self/exe", argv);
  }
  if (set == nullptr || set == kOff) ::unsetenv(kVariable);
}

std::map<std::string, Secret> set_up_process() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    set_child_file_limit(files.rlim_cur);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // a file-size limit is then an error of write(2), as a full disk is
  const sigset_t set = end_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  // One, as each keeps what its threads have freed: what attempts give back, results take.
  ::mallopt(M_ARENA_MAX, 1);
  // libpq has two buffers of 16 KiB a connection and uses a hundred bytes of each while it waits for a
  // server. In a mapping of its own each costs the one page that is touched, and what is small lies close
  // together.
  ::mallopt(M_MMAP_THRESHOLD, 16 << 10);
  ::mallopt(M_TRIM_THRESHOLD, 1 << 20);
  become_subreaper();
  std::map<std::string, Secret> taken;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    const auto equals = text.find('=');
    if (!text.starts_with("PG") || equals == std::string_view::npos) continue;
    taken.emplace(text.substr(0, equals), Secret(std::string(text.substr(equals + 1))));
  }
  for (const auto& [name, value] : taken) ::unsetenv(name.c_str());
  return taken;
}

void give_back_memory() { ::malloc_trim(0); }

Fd signal_descriptor() {
  const sigset_t set = end_signals();
  return Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

int next_signal(int descriptor) {
  signalfd_siginfo info{};
  if (::read(descriptor, &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return 0;
  return static_cast<int>(info.ssi_signo);
}

}  // namespace assay

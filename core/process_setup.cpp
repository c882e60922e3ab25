#include "core/process_setup.h"

#include <malloc.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdlib>
#include <string>
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
  constexpr const char* kBegun = "ASSAY_BEGUN_AGAIN";  // the process id, which execve(2) keeps
  const auto self = std::to_string(::getpid());
  const char* before = std::getenv(kBegun);
  const bool begun = before != nullptr && self == before;
  ::unsetenv(kBegun);
  if (begun) {
    ::unsetenv(kVariable);
    return;
  }
  // Privileged, where the loader may drop the variable; or started as the loader's argument (no AT_BASE), so
  // that the link below leads to the loader.
  if (std::getenv(kVariable) != nullptr || ::getauxval(AT_SECURE) != 0 || ::getauxval(AT_BASE) == 0) return;
  // By its path, not by the link: so it keeps its name, and a tool that runs it is not what is found.
  std::array<char, PATH_MAX> path{};
  if (::readlink("/proc/self/exe", path.data(), path.size() - 1) <= 0) return;
  ::setenv(kVariable, "glibc.malloc.tcache_count=0", 1);
  ::setenv(kBegun, self.c_str(), 1);
  ::execv(path.data(), argv);
  ::unsetenv(kVariable);
  ::unsetenv(kBegun);
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

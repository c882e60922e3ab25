#include "core/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace assay {
namespace {

std::atomic<std::uint64_t> child_file_limit = RLIM_INFINITY;

// Where execvp(3) would look, in its order.
std::vector<std::string> places(const std::string& program) {
  if (program.find('/') != std::string::npos) return {program};
  const char* path = std::getenv("PATH");
  std::string_view left = path == nullptr ? "/bin:/usr/bin" : path;
  std::vector<std::string> all;
  while (true) {
    const auto colon = left.find(':');
    const std::string folder(left.substr(0, colon));
    all.push_back(folder.empty() ? program : folder + "/" + program);
    if (colon == std::string_view::npos) return all;
    left.remove_prefix(colon + 1);
  }
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (const std::string& text : texts) all.push_back(const_cast<char*>(text.c_str()));
  all.push_back(nullptr);
  return all;
}

// A number that parent and child share, whatever vfork(2) is made of (a thread sanitizer makes it fork(2)).
class Shared {
 public:
  Shared() : page_(::mmap(nullptr, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {}
  ~Shared() {
    if (ok()) ::munmap(page_, sizeof(int));
  }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  bool ok() const { return page_ != MAP_FAILED; }
  volatile int& number() const { return *static_cast<volatile int*>(page_); }

 private:
  void* page_;
};

// Made before the child is there, which must not allocate: its memory is ours.
struct Plan {
  const std::vector<std::string> paths;
  const std::vector<char*> argv;
  const std::vector<char*> environment;
  const char* const directory;
  const int descriptors[3];
  const rlimit files;
  volatile int& error;
};

// One of a list of places has no such program; the next may.
bool goes_on(int error) {
  return error == ENOENT || error == ENOTDIR || error == EACCES || error == ESTALE || error == ENODEV;
}

// The child's part, with every signal blocked: a handler of ours would run in our memory.
[[noreturn]] void become(const Plan& plan) {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &standard, nullptr);
  bool done = ::setpgid(0, 0) == 0;
  for (int i = 0; i < 3; ++i) {
    const int from = plan.descriptors[i];
    done = done && (from == i ? ::fcntl(i, F_SETFD, 0) == 0 : ::dup2(from, i) == i);
  }
  ::closefrom(3);
  done = done && (plan.directory == nullptr || ::chdir(plan.directory) == 0);
  ::setrlimit(RLIMIT_NOFILE, &plan.files);  // lower than ours: never refused
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  int error = done ? ENOENT : errno;
  bool denied = false;
  for (const std::string& path : plan.paths) {
    if (!done) break;
    ::execve(path.c_str(), plan.argv.data(), plan.environment.data());
    error = errno;
    denied = denied || error == EACCES;
    if (!goes_on(error)) break;
  }
  plan.error = done && denied && goes_on(error) ? EACCES : error;
  ::_exit(127);
}

// Alone in its function: what a variable is after vfork(2) has returned twice is easy to get wrong.
[[gnu::noinline]] pid_t start(const Plan& plan) {
  const pid_t pid = ::vfork();
  if (pid == 0) become(plan);
  return pid;
}

}  // namespace

void set_child_file_limit(std::uint64_t soft) { child_file_limit = soft; }

Spawned spawn_program(const SpawnSpec& spec) {
  const Shared shared;
  if (!shared.ok()) return {-1, errno};
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = std::min<rlim_t>(files.rlim_cur, child_file_limit);
  const Plan plan{places(spec.argv.front()),
                  pointers(spec.argv),
                  pointers(spec.environment),
                  spec.directory.empty() ? nullptr : spec.directory.c_str(),
                  {spec.input, spec.output, spec.error},
                  files,
                  shared.number()};
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = start(plan);
  const int failed = pid < 0 ? errno : shared.number();
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid > 0 && failed != 0) ::waitpid(pid, nullptr, 0);
  return failed == 0 ? Spawned{pid, 0} : Spawned{-1, failed};
}

}  // namespace assay

#include "core/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "core/fd.h"

namespace assay {
namespace {

std::atomic<std::uint64_t> child_file_limit = RLIM_INFINITY;
constexpr int kReport = 10;

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

// Where the child tells why it could not become the program: an exec closes it, and the parent then reads an
// end. Nothing shared in memory would do, since a thread sanitizer makes vfork(2) a fork(2).
struct Report {
  Fd read;
  Fd write;  // above the three that the child puts in place
};

bool open_report(Report& report) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return false;
  report.read = Fd(ends[0]);
  const Fd low(ends[1]);
  report.write = Fd(::fcntl(low.get(), F_DUPFD_CLOEXEC, kReport));
  return static_cast<bool>(report.write);
}

// 0 when the program has begun.
int read_report(Report& report) {
  report.write.reset();
  int error = 0;
  ssize_t got = 0;
  do {
    got = ::read(report.read.get(), &error, sizeof error);
  } while (got < 0 && errno == EINTR);
  return got == sizeof error ? error : 0;
}

// Made before the child is there, which must not allocate: its memory is ours.
struct Plan {
  const std::vector<std::string> paths;
  const std::vector<char*> argv;
  const std::vector<char*> environment;
  const char* const directory;
  const int descriptors[3];
  const rlimit files;
  const int report;
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
  // The report stays, until an exec closes it.
  done = done && (plan.report == 3 || ::dup3(plan.report, 3, O_CLOEXEC) == 3);
  ::closefrom(4);
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
  if (done && denied && goes_on(error)) error = EACCES;
  [[maybe_unused]] const auto told = ::write(3, &error, sizeof error);
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
  Report report;
  if (!open_report(report)) return {-1, errno};
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = std::min<rlim_t>(files.rlim_cur, child_file_limit);
  const Plan plan{places(spec.argv.front()),
                  pointers(spec.argv),
                  pointers(spec.environment),
                  spec.directory.empty() ? nullptr : spec.directory.c_str(),
                  {spec.input, spec.output, spec.error},
                  files,
                  report.write.get()};
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = start(plan);
  const int failed = pid < 0 ? errno : read_report(report);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid > 0 && failed != 0) ::waitpid(pid, nullptr, 0);
  return failed == 0 ? Spawned{pid, 0} : Spawned{-1, failed};
}

}  // namespace assay

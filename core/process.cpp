#include "core/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>

#include "core/spawn.h"

extern char** environ;

namespace assay {
namespace {

struct Pipe {
  Fd read;
  Fd write;
};

// Above the standard descriptors, which may be closed here and are the program's own.
bool make_pipe(Pipe& pipe) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return false;
  pipe.read.reset(ends[0]);
  pipe.write.reset(ends[1]);
  for (Fd* end : {&pipe.read, &pipe.write}) {
    if (end->get() < 3) end->reset(::fcntl(end->get(), F_DUPFD_CLOEXEC, 3));
    if (!*end) return false;
  }
  return true;
}

// One of the program's outputs and how much of it is kept.
struct Output {
  Fd fd;
  std::string text;
  std::uint64_t bytes = 0;
  bool truncated = false;
};

// Reads what is there, once; false when there is nothing (more).
bool drain(Output& output, std::size_t limit) {
  char buffer[16384];
  ssize_t got = 0;
  do {
    got = ::read(output.fd.get(), buffer, sizeof buffer);
  } while (got < 0 && errno == EINTR);
  if (got == 0 || (got < 0 && errno != EAGAIN)) output.fd.reset();
  if (got <= 0) return false;
  const auto size = static_cast<std::size_t>(got);
  const std::size_t room = limit - std::min(limit, output.text.size());
  output.text.append(buffer, std::min(room, size));
  output.bytes += size;
  output.truncated = output.truncated || size > room;
  return true;
}

// What the pipe still holds once its writers are dead. A pipe holds a mebibyte at most (pipe(7)), so that a
// writer that got away cannot keep us here.
void drain_rest(Output& output, std::size_t limit) {
  const std::uint64_t most = output.bytes + (1U << 20);
  while (output.fd && output.bytes < most && drain(output, limit)) {
  }
}

// What /proc says of a process after its name (proc(5), "stat"); empty when there is none.
std::string stat_of(pid_t pid) {
  const Fd file(::open(("/proc/" + std::to_string(pid) + "/stat").c_str(), O_RDONLY | O_CLOEXEC));
  char room[512];
  const auto got = file ? ::read(file.get(), room, sizeof room) : -1;
  const std::string text(room, got > 0 ? static_cast<std::size_t>(got) : 0);
  const auto after_name = text.rfind(')');
  return after_name == std::string::npos ? std::string() : text.substr(after_name + 2);
}

pid_t parent_of(pid_t pid) {
  const std::string stat = stat_of(pid);
  const auto space = stat.find(' ');
  return space == std::string::npos ? -1 : static_cast<pid_t>(std::atol(stat.c_str() + space + 1));
}

std::vector<pid_t> numbers_in(const std::string& path) {
  std::vector<pid_t> numbers;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), &::closedir);
  while (folder != nullptr) {
    const dirent* entry = ::readdir(folder.get());
    if (entry == nullptr) break;
    const pid_t number = std::atoi(entry->d_name);
    if (number > 0) numbers.push_back(number);
  }
  return numbers;
}

std::vector<pid_t> all_pids() { return numbers_in("/proc"); }

// Programs that are running now, each with its call's mark: a descendant of one is never taken for an orphan
// of another, and at the end of a run none is forgotten.
struct Running {
  std::mutex mutex;
  std::map<pid_t, std::string> marks;  // not reaped yet, so that a number is nobody else's
  // Nothing is started any more. Said without the lock, for which many may be waiting.
  std::atomic<bool> over = false;
};

Running& running() {
  static Running programs;
  return programs;
}

// The environment variable that marks every descendant of one call. Its name is the call's own, so that an
// assay that runs below another adds its mark and takes none away.
std::string own_marks() { return "ASSAY_PROCESS_" + std::to_string(::getpid()) + "_"; }

std::string new_mark() {
  static std::atomic<std::uint64_t> calls = 0;
  return own_marks() + std::to_string(++calls);
}

// The mark that a process carries, or "". A dead one has no environment any more.
std::string mark_of(pid_t pid) {
  const std::ifstream file("/proc/" + std::to_string(pid) + "/environ", std::ios::binary);
  std::ostringstream copy;
  copy << file.rdbuf();  // where it dies meanwhile: what was read so far, and no exception
  const std::string text = '\0' + copy.str();
  const auto at = text.find('\0' + own_marks());
  return at == std::string::npos ? std::string() : text.substr(at + 1, text.find('=', at) - at - 1);
}

// From every process that there is.
std::vector<pid_t> scanned_children_of(pid_t pid) {
  std::vector<pid_t> children;
  for (const pid_t one : all_pids()) {
    if (parent_of(one) == pid) children.push_back(one);
  }
  return children;
}

// As the kernel lists them, thread by thread (proc(5), "children"), where it does. In a list that changes one
// can be missed; whatever it is, kill_all_running comes last and looks at every process.
std::vector<pid_t> children_of(pid_t pid) {
  static const bool listed = ::access("/proc/thread-self/children", R_OK) == 0;
  if (!listed) return scanned_children_of(pid);
  std::vector<pid_t> children;
  const std::string threads = "/proc/" + std::to_string(pid) + "/task/";
  for (const pid_t thread : numbers_in(threads)) {
    std::ifstream file(threads + std::to_string(thread) + "/children");
    for (pid_t child = 0; file >> child;) children.push_back(child);
  }
  return children;
}

// Everything below `root` in the tree of processes, as it is now. Reads what belongs to that tree alone: a
// look at every process would keep the kill waiting while many programs come to their end at once.
std::vector<pid_t> descendants(pid_t root) {
  std::vector<pid_t> found = {root};
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::vector<pid_t> below = children_of(found[i]);
    found.insert(found.end(), below.begin(), below.end());
  }
  found.erase(found.begin());
  return found;
}

// Waits for the end of a process that was killed. One that hangs in the kernel (a dead file server) takes no
// signal and is waited for in vain.
void await_end(pid_t pid, int most_ms = 1000) {
  const Fd handle(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  pollfd ended{handle.get(), POLLIN, 0};
  while (handle && ::poll(&ended, 1, most_ms) < 0 && errno == EINTR) {
  }
}

// Reaps `pid`, which was killed or has ended; false where it cannot be.
bool reap(pid_t pid, int& status) {
  await_end(pid);
  return ::waitpid(pid, &status, WNOHANG) == pid;
}

// Kills every orphan that was handed to us and carries the mark of a call whose program has ended. Bounded:
// each round kills what it found, and a round that finds nothing ends it.
void sweep() {
  // At the end of a run they are left to kill_all_running.
  for (int round = 0; round < 100 && !running().over; ++round) {
    bool found = false;
    for (const pid_t pid : scanned_children_of(::getpid())) {
      const std::string mark = mark_of(pid);
      {
        const std::lock_guard lock(running().mutex);
        const auto& marks = running().marks;
        if (marks.contains(pid)) continue;
        const bool other =
            std::any_of(marks.begin(), marks.end(), [&](const auto& one) { return one.second == mark; });
        if (!mark.empty() && other) continue;
      }
      int status = 0;
      if (mark.empty()) {
        // One that is dead, ours to reap and of no running call is only reaped.
        const std::string stat = stat_of(pid);
        if (!stat.empty() && stat[0] == 'Z') ::waitpid(pid, &status, WNOHANG);
        continue;
      }
      ::kill(pid, SIGKILL);
      found = reap(pid, status) || found;
    }
    if (!found) return;
  }
}

// Nothing of a call whose program has ended is left when this returns. One look at all processes serves every
// call that has come to its end by then: many do so at one moment, a run's deadline.
void kill_leftovers() {
  static std::mutex one_at_a_time;
  static std::atomic<std::uint64_t> begun = 0;
  const std::uint64_t before = begun;
  const std::lock_guard lock(one_at_a_time);
  if (begun > before) return;  // a sweep that began after we came, and is over
  ++begun;
  sweep();
}

Failure spawn_failure(int error, const std::string& program) {
  const bool missing =
      error == ENOENT || error == EACCES || error == ENOEXEC || error == ENOTDIR || error == ELOOP;
  return fail(missing ? "command.missing" : "harness.internal", "setup",
              program + ": " + std::strerror(error));
}

}  // namespace

void become_subreaper() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }

void kill_all_running() {
  {
    running().over = true;
    const std::lock_guard lock(running().mutex);
    for (const auto& [pid, mark] : running().marks) ::kill(-pid, SIGKILL);
  }
  // What had left its group is handed to us when its parent dies: round by round, until no child is alive.
  const Deadline patience = Deadline::in(std::chrono::seconds(2));
  while (!patience.passed()) {
    std::vector<pid_t> alive;
    for (const pid_t pid : scanned_children_of(::getpid())) {
      const std::string stat = stat_of(pid);
      if (!stat.empty() && stat[0] != 'Z') alive.push_back(pid);
    }
    if (alive.empty()) return;
    for (const pid_t pid : alive) ::kill(pid, SIGKILL);
    for (const pid_t pid : alive) await_end(pid, patience.left_ms());
  }
}

Result<ProcessResult> run_process(const ProcessSpec& spec, const Context& context) {
  if (spec.argv.empty() || spec.argv.front().empty())
    return fail("params.invalid", "setup", "no program was named");
  if (!spec.directory.empty() && ::access(spec.directory.c_str(), X_OK) != 0) {
    return fail("params.invalid", "setup", "directory " + spec.directory + ": " + std::strerror(errno));
  }
  Pipe in;
  Pipe out;
  Pipe err;
  if (!make_pipe(in) || !make_pipe(out) || !make_pipe(err)) {
    return fail("harness.internal", "setup", std::string("pipe: ") + std::strerror(errno));
  }
  const std::string mark = new_mark();
  SpawnSpec start{spec.argv, {}, spec.directory, in.read.get(), out.write.get(), err.write.get()};
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    const bool kept_back = std::any_of(spec.without.begin(), spec.without.end(),
                                       [&](const std::string& name) { return text.starts_with(name); });
    if (!kept_back && !spec.env.contains(std::string(text.substr(0, text.find('=')))))
      start.environment.emplace_back(text);
  }
  for (const auto& [name, value] : spec.env) start.environment.push_back(name + "=" + value);
  start.environment.push_back(mark + "=1");

  Spawned started;
  {
    const std::lock_guard lock(running().mutex);
    if (running().over) return fail("harness.cancelled", "setup", "the run is over");
    started = spawn_program(start);
    if (started.error == 0) running().marks.emplace(started.pid, mark);
  }
  if (started.error != 0) return spawn_failure(started.error, spec.argv.front());
  const pid_t pid = started.pid;
  in.read.reset();
  out.write.reset();
  err.write.reset();
  const Fd exited(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  const int pidfd_error = errno;

  Output output{std::move(out.read), {}, 0, false};
  Output error_output{std::move(err.read), {}, 0, false};
  std::string_view input = spec.input;
  for (const int fd : {in.write.get(), output.fd.get(), error_output.fd.get()})
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
  if (input.empty()) in.write.reset();

  Result<void> ended;
  if (!exited)
    ended = fail("harness.internal", "setup", std::string("pidfd_open: ") + std::strerror(pidfd_error));
  // The program is over when it has exited, even if a grandchild still holds its outputs.
  for (bool over = false; ended && !over;) {
    pollfd fds[5] = {{context.stop_fd(), POLLIN, 0},
                     {exited.get(), POLLIN, 0},
                     {output.fd.get(), POLLIN, 0},
                     {error_output.fd.get(), POLLIN, 0},
                     {in.write.get(), POLLOUT, 0}};
    const int ready = ::poll(fds, 5, context.left_ms());
    if (ready < 0 && errno != EINTR) {
      ended = fail("harness.internal", "request", std::string("poll: ") + std::strerror(errno));
      break;
    }
    over = ready > 0 && fds[1].revents != 0;
    if (!over)
      ended = context.check("request");  // each turn: a program that never stops writing is always ready
    if (ready <= 0) continue;
    if (fds[2].revents != 0) drain(output, spec.max_output);
    if (fds[3].revents != 0) drain(error_output, spec.max_output);
    if (fds[4].revents != 0) {
      const auto written = ::write(in.write.get(), input.data(), input.size());
      if (written > 0) input.remove_prefix(static_cast<std::size_t>(written));
      if (input.empty() || (written < 0 && errno != EAGAIN && errno != EINTR)) in.write.reset();
    }
  }
  // The tree is read while the program still stands at its root; until it is reaped its number is nobody
  // else's.
  const std::vector<pid_t> tree = descendants(pid);
  ::kill(-pid, SIGKILL);
  for (const pid_t below : tree) ::kill(below, SIGKILL);
  int status = 0;
  await_end(pid);
  bool reaped = false;
  {
    const std::lock_guard lock(running().mutex);
    reaped = ::waitpid(pid, &status, WNOHANG) == pid;
    running().marks.erase(pid);
  }
  // What was killed below it is ours to reap now; it may still be dying, and nothing of it is left when we
  // return.
  for (const pid_t below : tree) {
    int ignored = 0;
    if (parent_of(below) == ::getpid()) reap(below, ignored);
  }
  kill_leftovers();
  if (!ended) return Failure(ended.error());
  if (!reaped) return fail("harness.internal", "request", spec.argv.front() + " could not be reaped");
  drain_rest(output, spec.max_output);
  drain_rest(error_output, spec.max_output);
  ProcessResult result;
  result.output = std::move(output.text);
  result.error_output = std::move(error_output.text);
  result.output_truncated = output.truncated;
  result.error_truncated = error_output.truncated;
  result.output_bytes = output.bytes;
  result.error_bytes = error_output.bytes;
  if (WIFEXITED(status)) {
    result.exit_code = WEXITSTATUS(status);
  } else {
    result.signal = WTERMSIG(status);
  }
  return result;
}

}  // namespace assay

#include "cli/run_folder.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <filesystem>
#include <functional>
#include <thread>

#include "core/fd.h"
#include "core/pool.h"
#include "journal/journal.h"
#include "reporters/reporter.h"

namespace assay {
namespace fs = std::filesystem;

Result<std::string> make_run_folder(const std::string& out, const std::string& utc, const std::string& id) {
  std::string path = out;
  if (path.empty()) {
    std::string stamp = utc;
    std::erase(stamp, ':');
    path = "assay-runs/" + stamp + "-" + id;
  }
  const auto refuse = [&](const std::string& why) {
    return fail("journal.write", "setup", "cannot use the folder " + path + ": " + why);
  };
  std::error_code error;
  const fs::path parent = fs::path(path).parent_path();
  if (!parent.empty()) fs::create_directories(parent, error);
  if (error) return refuse(error.message());
  if (::mkdir(path.c_str(), 0750) != 0) {
    if (errno != EEXIST || out.empty()) return refuse(std::strerror(errno));
    if (!fs::is_directory(path, error)) return refuse("it is no folder");
    if (fs::exists(path + "/journal.jsonl", error))
      return refuse("it holds a run already; give another one, or delete it");
  }
  if (::access(path.c_str(), W_OK | X_OK) != 0) return refuse(std::strerror(errno));
  return path;
}

namespace {

using Sink = std::function<void(std::string_view text)>;

Result<void> replace(const std::string& path, bool for_others,
                     const std::function<void(const Sink& sink)>& fill) {
  const std::string temporary = path + ".tmp" + std::to_string(::getpid());
  const auto refuse = [&](int number) {
    ::unlink(temporary.c_str());
    return fail("journal.write", "setup", "cannot write " + path + ": " + std::strerror(number));
  };
  Fd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
               for_others ? 0644 : 0640));
  if (!fd) return refuse(errno);
  // A copy is for other users even under a strict umask (GitLab's and Jenkins' agents read it).
  if (for_others) ::fchmod(fd.get(), 0644);
  int error = 0;
  fill([&](std::string_view text) {
    while (error == 0 && !text.empty()) {
      const auto written = ::write(fd.get(), text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) {
        error = written < 0 ? errno : ENOSPC;
        return;
      }
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  });
  if (error != 0) return refuse(error);
  fd.reset();
  if (::rename(temporary.c_str(), path.c_str()) != 0) return refuse(errno);
  return {};
}

}  // namespace

Result<void> replace_file(const std::string& path, std::string_view text) {
  return replace(path, true, [&](const Sink& sink) { sink(text); });
}

Result<void> write_report(const ReporterInfo& info, const Results& results, const std::string& path,
                          bool for_others) {
  return replace(path, for_others, [&](const Sink& sink) { render(info, results, sink); });
}

void prune_runs(const std::string& run, int keep) {
  std::error_code error;
  const fs::path folder = fs::path(run).parent_path();
  const fs::path self = fs::path(run).filename();
  std::vector<fs::path> runs;
  for (const auto& entry : fs::directory_iterator(folder.empty() ? "." : folder, error)) {
    // Only what looks like a run of ours, and only folders named by the default pattern, is ever deleted.
    const std::string name = entry.path().filename().string();
    const bool ours = name.size() > 18 && name[10] == 'T' && name.find("Z-") != std::string::npos;
    if (entry.is_directory(error) && ours && entry.path().filename() != self &&
        fs::exists(entry.path() / "journal.jsonl", error)) {
      runs.push_back(entry.path());
    }
  }
  std::sort(runs.begin(), runs.end(),
            [](const fs::path& a, const fs::path& b) { return a.filename() > b.filename(); });
  bool failed_kept = false;
  int kept = 1;  // the new one
  for (const fs::path& old : runs) {
    if (kept < keep) {
      ++kept;
      continue;
    }
    bool bad = true;
    if (!failed_kept) {
      if (const auto journal = read_journal((old / "journal.jsonl").string())) {
        Results results;
        for (const Record& record : journal->records) results.on(record);
        bad = !journal->complete || results.exit_code(false) != 0;
      }
      if (bad) {
        failed_kept = true;
        continue;
      }
    }
    fs::remove_all(old, error);
  }
}

std::vector<std::string> write_reports(const std::string& folder, const Results& results, const Args& args) {
  struct Job {
    const ReporterInfo& info;
    std::string path;
    bool for_others;
    std::string problem = {};
  };
  std::deque<Job> jobs;
  const std::pair<std::string_view, const std::string*> copies[] = {
      {"junit", &args.junit}, {"html", &args.html}, {"json", &args.json}, {"metrics", &args.metrics}};
  for (const ReporterInfo& info : all_reporters()) {
    if (info.file.empty()) continue;
    if (!folder.empty()) jobs.push_back({info, folder + "/" + info.file, false});
    for (const auto& [name, path] : copies) {
      if (info.name == name && !path->empty()) jobs.push_back({info, *path, true});
    }
  }
  {
    // They only read the results, and the last thing of a run should not take longer than it must.
    WorkerPool pool(std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 4));
    for (Job& job : jobs) {
      pool.submit([&job, &results] {
        if (const auto written = write_report(job.info, results, job.path, job.for_others); !written)
          job.problem = written.error().message;
      });
    }
  }
  std::vector<std::string> problems;
  for (const Job& job : jobs) {
    if (!job.problem.empty()) problems.push_back(job.problem);
  }
  return problems;
}

}  // namespace assay

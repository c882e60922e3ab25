#include "core/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <thread>

#include "core/spawn.h"

namespace assay {
namespace {

// Numbers of the live processes whose command line holds `text`, as /proc says.
std::vector<int> running(const std::string& text) {
  std::vector<int> found;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc"), &::closedir);
  for (const dirent* entry = ::readdir(folder.get()); entry != nullptr; entry = ::readdir(folder.get())) {
    const int pid = std::atoi(entry->d_name);
    if (pid <= 0 || pid == ::getpid()) continue;
    const std::ifstream file("/proc/" + std::to_string(pid) + "/cmdline", std::ios::binary);
    std::ostringstream line;
    line << file.rdbuf();  // no exception where it dies meanwhile
    if (line.str().find(text) != std::string::npos) found.push_back(pid);
  }
  return found;
}

class ProcessTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    ::signal(SIGPIPE, SIG_IGN);
    become_subreaper();
  }

  Result<ProcessResult> run(std::vector<std::string> argv, Duration timeout = std::chrono::seconds(20)) {
    spec.argv = std::move(argv);
    return run_process(spec, Context(Deadline::in(timeout), stop));
  }
  Result<ProcessResult> shell(const std::string& script, Duration timeout = std::chrono::seconds(20)) {
    return run({"/bin/sh", "-c", script}, timeout);
  }

  ProcessSpec spec;
  Stop stop;
};

}  // namespace

TEST_F(ProcessTest, GivesBothOutputsAndTheExitCode) {
  const auto result = shell("echo out; echo err >&2; exit 7");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->exit_code, 7);
  EXPECT_EQ(result->signal, 0);
  EXPECT_EQ(result->output, "out\n");
  EXPECT_EQ(result->error_output, "err\n");
  EXPECT_FALSE(result->output_truncated);
}

TEST_F(ProcessTest, NamesTheSignalThatEndedIt) {
  const auto result = shell("kill -SEGV $$");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->exit_code, -1);
  EXPECT_EQ(result->signal, SIGSEGV);
}

TEST_F(ProcessTest, InvolvesNoShell) {
  const auto result = run({"echo", "$HOME; `id`", "*"});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->output, "$HOME; `id` *\n");
}

TEST_F(ProcessTest, FeedsStandardInputBeyondAPipeAndClosesIt) {
  spec.input = std::string(300'000, 'x');
  const auto result = run({"wc", "-c"});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(std::atoi(result->output.c_str()), 300'000);
}

TEST_F(ProcessTest, AProgramThatReadsNothingIsNoError) {
  spec.input = std::string(300'000, 'x');
  const auto result = run({"true"});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->exit_code, 0);
}

TEST_F(ProcessTest, WithoutInputItReadsTheEnd) {
  const auto result = run({"cat"});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->output, "");
}

TEST_F(ProcessTest, SetsTheEnvironmentAndTheDirectory) {
  ::setenv("ASSAY_TEST_INHERITED", "old", 1);
  spec.env = {{"ASSAY_TEST_INHERITED", "new"}, {"ASSAY_TEST_ADDED", "a b"}};
  spec.directory = "/proc";
  const auto result = shell("echo $ASSAY_TEST_INHERITED,$ASSAY_TEST_ADDED; pwd");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->output, "new,a b\n/proc\n");
}

TEST_F(ProcessTest, AMissingProgramIsNamed) {
  const auto result = run({"no-such-program-anywhere"});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, "command.missing");
  EXPECT_NE(result.error().message.find("no-such-program-anywhere"), std::string::npos);
}

TEST_F(ProcessTest, AMissingDirectoryIsNotAMissingProgram) {
  spec.directory = "/no/such/folder";
  const auto result = run({"true"});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, "params.invalid");
}

TEST_F(ProcessTest, CapsEachOutputAndCountsTheRest) {
  spec.max_output = 1000;
  const auto result = shell("head -c 5000000 /dev/zero; head -c 10 /dev/zero >&2");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->output.size(), 1000U);
  EXPECT_TRUE(result->output_truncated);
  EXPECT_EQ(result->output_bytes, 5'000'000U);
  EXPECT_EQ(result->error_bytes, 10U);
  EXPECT_FALSE(result->error_truncated);
}

TEST_F(ProcessTest, KeepsAllThatWasWrittenJustBeforeTheEnd) {
  for (int i = 0; i < 50; ++i) {
    const auto result = shell("head -c 60000 /dev/zero");
    ASSERT_TRUE(result) << result.error().message;
    ASSERT_EQ(result->output.size(), 60'000U);
  }
}

TEST_F(ProcessTest, EndlessOutputEndsAtTheDeadline) {
  const auto result = run({"yes", "endless-30.7"}, std::chrono::milliseconds(300));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, "deadline");
  EXPECT_TRUE(running("endless-30.7").empty());
}

TEST_F(ProcessTest, TheDeadlineLeavesNothingOfAPipeline) {
  const auto result = shell("sleep 31.7 | cat", std::chrono::milliseconds(300));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, "deadline");
  EXPECT_TRUE(running("31.7").empty());
}

TEST_F(ProcessTest, TheDeadlineReachesWhatLeftTheGroup) {
  const auto result =
      shell("setsid sleep 31.71 & setsid sh -c 'setsid sleep 31.72 & sleep 31.73' & sleep 31.74",
            std::chrono::milliseconds(500));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, "deadline");
  EXPECT_TRUE(running("31.7").empty());
}

TEST_F(ProcessTest, TheDeadlineReachesWhatClearedItsEnvironment) {
  const auto result = shell("env -i setsid sleep 32.71 & sleep 32.72", std::chrono::milliseconds(500));
  ASSERT_FALSE(result);
  EXPECT_TRUE(running("32.7").empty());
}

TEST_F(ProcessTest, NothingOutlivesTheProgram) {
  const auto result = shell("setsid sleep 33.7 & sleep 33.71 & echo started");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->exit_code, 0);
  EXPECT_EQ(result->output, "started\n");
  EXPECT_TRUE(running("33.7").empty());
}

TEST_F(ProcessTest, AWriterThatLeftTheGroupCannotHoldUs) {
  const auto result = shell("setsid yes endless-34.7 & exit 3");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->exit_code, 3);
  EXPECT_TRUE(running("endless-34.7").empty());
}

TEST_F(ProcessTest, StopEndsIt) {
  stop.raise();
  const auto result = run({"sleep", "35.7"});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, "harness.cancelled");
  EXPECT_TRUE(running("35.7").empty());
}

TEST_F(ProcessTest, ManyAtOnceDoNotTouchEachOther) {
  std::vector<std::thread> threads;
  std::vector<std::string> outputs(16);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    threads.emplace_back([&outputs, this, i] {
      ProcessSpec own;
      own.argv = {"/bin/sh", "-c", "setsid sleep 36.7 & sleep 0.1; echo " + std::to_string(i)};
      const auto result = run_process(own, Context(Deadline::in(std::chrono::seconds(30)), stop));
      outputs[i] = result ? result->output : result.error().message;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < outputs.size(); ++i) EXPECT_EQ(outputs[i], std::to_string(i) + "\n");
  EXPECT_TRUE(running("36.7").empty());
}

TEST_F(ProcessTest, AFileThatIsNoProgramIsNotGivenToAShell) {
  std::string path = std::filesystem::temp_directory_path() / "assay-process-XXXXXX";
  Fd file(::mkstemp(path.data()));
  ASSERT_EQ(::write(file.get(), "echo from-a-shell\n", 18), 18);
  file.reset();
  const auto denied = run({path});
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, "command.missing");
  ASSERT_EQ(::chmod(path.c_str(), 0700), 0);
  const auto result = run({path});
  ::unlink(path.c_str());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, "command.missing");
}

// assay raises its own limit; a program that uses select(2) breaks with such a one.
TEST_F(ProcessTest, TheLimitOfOpenFilesIsTheOneThatItWasStartedWith) {
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  set_child_file_limit(200);
  const auto result = shell("ulimit -S -n; ulimit -H -n");
  rlimit after{};
  ::getrlimit(RLIMIT_NOFILE, &after);
  set_child_file_limit(RLIM_INFINITY);
  ASSERT_TRUE(result) << result.error().message;
  const std::string hard = before.rlim_max == RLIM_INFINITY ? "unlimited" : std::to_string(before.rlim_max);
  EXPECT_EQ(result->output, "200\n" + hard + "\n");
  EXPECT_EQ(after.rlim_cur, before.rlim_cur);
}

TEST_F(ProcessTest, NoDescriptorAndNoSignalMaskIsHandedOn) {
  sigset_t some;
  sigemptyset(&some);
  sigaddset(&some, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &some, nullptr);
  const Fd open_one(::open("/dev/null", O_RDONLY));  // without O_CLOEXEC
  const auto result = shell("ls /proc/self/fd; grep -E '^Sig(Blk|Ign)' /proc/self/status");
  ::pthread_sigmask(SIG_UNBLOCK, &some, nullptr);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->output, "0\n1\n2\n3\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

namespace {

// What a run does that reaches its deadline while many programs run: it ends without waiting for the threads
// that wait for them.
[[noreturn]] void leave_with_programs_running() {
  ::signal(SIGPIPE, SIG_IGN);
  become_subreaper();
  static const Stop never;
  constexpr std::size_t kMany = 40;
  for (std::size_t i = 0; i < kMany; ++i) {
    std::thread([] {
      ProcessSpec spec;
      spec.argv = {"/bin/sh", "-c", "setsid sleep 38.71 & env -i setsid sleep 38.72 & sleep 38.73"};
      [[maybe_unused]] const auto killed = run_process(spec, Context(Deadline(), never));
    }).detach();
  }
  while (running("38.73").size() < 2 * kMany || running("38.72").size() < 2 * kMany) ::poll(nullptr, 0, 20);
  kill_all_running();
  ProcessSpec late;
  late.argv = {"sleep", "38.74"};
  const auto refused = run_process(late, Context(Deadline(), never));
  ::_exit(!refused && refused.error().code == "harness.cancelled" ? 0 : 1);
}

}  // namespace

TEST_F(ProcessTest, NothingOutlivesARunThatLeavesAtOnce) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(leave_with_programs_running(), testing::ExitedWithCode(0), "");
  EXPECT_TRUE(running("38.7").empty());
}

}  // namespace assay

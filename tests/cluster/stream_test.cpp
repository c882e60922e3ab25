// Programs in pods, over a real API server and kubelet.
#include "kube/stream.h"

#include <gtest/gtest.h>

#include "tests/cluster/pods.h"

namespace assay {
namespace {

class StreamTest : public test::PodTest {
 protected:
  struct Output {
    std::string out;
    std::string err;
    Result<int> exit = fail("harness.internal", "request", "not read");
  };
  // Everything until the end.
  Output read_all(KubeStream& stream, Duration time = std::chrono::seconds(20)) {
    Output output;
    const Context limit = context(time);
    while (true) {
      auto chunk = stream.next(limit);
      if (!chunk) {
        output.exit = Failure(chunk.error());
        return output;
      }
      if (!*chunk) break;
      ((*chunk)->channel == KubeFrame::out ? output.out : output.err) += (*chunk)->text;
    }
    output.exit = stream.exit();
    return output;
  }
  Result<KubeStream> exec(const std::vector<std::string>& argv, bool with_stdin = false,
                          const std::string& pod = "shell", const std::string& container = "main") {
    return client_->exec(ns_, pod, container, argv, with_stdin, context(), trace_);
  }
  Output run(const std::vector<std::string>& argv) {
    auto stream = exec(argv);
    if (!stream) return {"", "", Failure(stream.error())};
    return read_all(*stream);
  }
};

constexpr const char* kIdle = "while true; do sleep 1000; done";

std::string bytes_of(std::size_t count) {
  std::string bytes(count, '\0');
  std::uint32_t state = 1;
  for (char& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

TEST_F(StreamTest, AProgramsOutputAndExitCodeComeBack) {
  start("shell", kIdle);
  const Output done = run({"sh", "-c", "echo to out; echo to err >&2; exit 3"});
  ASSERT_TRUE(done.exit) << done.exit.error().message;
  EXPECT_EQ(*done.exit, 3);
  EXPECT_EQ(done.out, "to out\n");
  EXPECT_EQ(done.err, "to err\n");
  const Output good = run({"true"});
  ASSERT_TRUE(good.exit) << good.exit.error().message;
  EXPECT_EQ(*good.exit, 0);

  const Output missing = run({"no-such-program"});
  ASSERT_FALSE(missing.exit);
  EXPECT_EQ(missing.exit.error().code, "command.missing") << missing.exit.error().message;
}

TEST_F(StreamTest, TenMegabytesComeBackAsTheyWereSent) {
  start("shell", kIdle);
  auto stream = exec({"cat"}, true);
  ASSERT_TRUE(stream) << stream.error().message;
  ASSERT_TRUE(stream->can_close_stdin());
  const std::string sent = bytes_of(10U << 20);
  const auto given = stream->send(sent, context(std::chrono::seconds(60)));
  ASSERT_TRUE(given) << given.error().message;
  ASSERT_TRUE(stream->close_stdin(context()));
  const Output done = read_all(*stream, std::chrono::seconds(60));
  ASSERT_TRUE(done.exit) << done.exit.error().message;
  EXPECT_EQ(*done.exit, 0);
  EXPECT_EQ(done.out.size(), sent.size());
  EXPECT_TRUE(done.out == sent);
}

// One thread, both directions, never held up: a line goes in, the same line comes out, and so on.
TEST_F(StreamTest, OneThreadSendsAndReceives) {
  start("shell", kIdle);
  auto stream = exec({"cat"}, true);
  ASSERT_TRUE(stream) << stream.error().message;
  const Context limit = context();
  for (int i = 0; i < 100; ++i) {
    const std::string line = "line " + std::to_string(i) + "\n";
    stream->queue(line);
    std::string back;
    while (back.size() < line.size()) {
      auto chunk = stream->try_next();
      ASSERT_TRUE(chunk) << chunk.error().message;
      if (*chunk) {
        back += (*chunk)->text;
        continue;
      }
      ASSERT_TRUE(limit.wait(stream->fd(), stream->events(), "transfer"));
    }
    EXPECT_EQ(back, line);
  }
}

TEST_F(StreamTest, AttachSpeaksToTheContainersOwnProgram) {
  start("echo", "while read line; do echo \"got $line\"; [ \"$line\" = end ] && exit 5; done", true);
  auto stream = client_->attach(ns_, "echo", "main", true, context(), trace_);
  ASSERT_TRUE(stream) << stream.error().message;
  ASSERT_TRUE(stream->send("one\n", context()));
  std::string back;
  while (back.find('\n') == std::string::npos) {
    const auto chunk = stream->next(context());
    ASSERT_TRUE(chunk && *chunk) << (chunk ? "end" : chunk.error().message);
    back += (*chunk)->text;
  }
  EXPECT_EQ(back, "got one\n");
  ASSERT_TRUE(stream->send("end\n", context()));
  const Output rest = read_all(*stream);
  EXPECT_EQ(rest.out, "got end\n");
  ASSERT_TRUE(rest.exit) << rest.exit.error().message;
  EXPECT_EQ(*rest.exit, 0);
}

TEST_F(StreamTest, ASilentProgramCostsItsDeadlineAndLosesNothing) {
  start("shell", kIdle);
  auto stream = exec({"sh", "-c", "read line; echo late"}, true);
  ASSERT_TRUE(stream) << stream.error().message;
  const auto before = std::chrono::steady_clock::now();
  const auto silent = stream->next(context(std::chrono::milliseconds(300)));
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().code, "deadline");
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(1));
  ASSERT_TRUE(stream->send("go\n", context()));
  const Output rest = read_all(*stream);
  EXPECT_EQ(rest.out, "late\n");
  EXPECT_TRUE(rest.exit);
}

TEST_F(StreamTest, WhatCannotBeRunIsSaid) {
  start("shell", kIdle);
  const auto no_pod = exec({"true"}, false, "nobody");
  ASSERT_FALSE(no_pod);
  EXPECT_EQ(no_pod.error().code, "kube.not-found") << no_pod.error().message;
  EXPECT_NE(no_pod.error().message.find("nobody"), std::string::npos) << no_pod.error().message;
  const auto no_container = exec({"true"}, false, "shell", "other");
  ASSERT_FALSE(no_container);
  EXPECT_EQ(no_container.error().code, "kube.invalid") << no_container.error().message;
  EXPECT_NE(no_container.error().message.find("other"), std::string::npos) << no_container.error().message;
  const auto no_command = exec({});
  ASSERT_FALSE(no_command);
  EXPECT_EQ(no_command.error().code, "kube.invalid");

  KubeOptions options = options_;
  options.as = "nobody";
  const auto nobody = connect(options);
  ASSERT_NE(nobody, nullptr);
  const auto denied = nobody->exec(ns_, "shell", "", {"true"}, false, context(), trace_);
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, "kube.forbidden");
  EXPECT_NE(denied.error().message.find("pods/exec"), std::string::npos) << denied.error().message;

  const auto file = memory_file("no token of this cluster");
  ASSERT_TRUE(file);
  options = options_;
  options.token_file = memory_path(**file);
  const auto stranger = connect(options);
  ASSERT_NE(stranger, nullptr);
  const auto unknown = stranger->exec(ns_, "shell", "", {"true"}, false, context(), trace_);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, "kube.unauthorized");

  auto access = load_kube_access(options_, process_environment());
  ASSERT_TRUE(access);
  access->tls.ca.clear();
  KubeClient untrusting(network_, *access);
  const auto untrusted = untrusting.exec(ns_, "shell", "", {"true"}, false, context(), trace_);
  ASSERT_FALSE(untrusted);
  EXPECT_TRUE(untrusted.error().code.starts_with("tls.")) << untrusted.error().code;
}

// A program that reads nothing and ends: what is sent has nowhere to go, and that is said at once.
TEST_F(StreamTest, SendingToAProgramThatHasEnded) {
  start("shell", kIdle);
  auto stream = exec({"true"}, true);
  ASSERT_TRUE(stream) << stream.error().message;
  ASSERT_TRUE(read_all(*stream).exit);
  const auto sent = stream->send("text", context());
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, "protocol.closed");
}

}  // namespace
}  // namespace assay

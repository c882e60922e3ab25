// kube.reach: what is closed, and what only looks like it.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <csignal>
#include <ctime>
#include <fstream>
#include <thread>

#include "core/fd.h"
#include "tests/support/descriptors.h"
#include "tests/support/observe.h"
#include "tests/support/server.h"

namespace assay::test {
namespace {

using namespace std::chrono_literals;

// A port whose queue of connections is full, so that the kernel drops what else comes.
class FullPort {
 public:
  FullPort() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    auto* const address = reinterpret_cast<sockaddr*>(&at);
    EXPECT_EQ(::bind(listener_.get(), address, size), 0);
    EXPECT_EQ(::listen(listener_.get(), 0), 0);
    EXPECT_EQ(::getsockname(listener_.get(), address, &size), 0);
    port_ = ntohs(at.sin_port);
    bool full = false;
    for (int i = 0; !full && i < 100; ++i) {
      waiting_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      [[maybe_unused]] const int begun = ::connect(waiting_.back().get(), address, size);
      pollfd one{waiting_.back().get(), POLLOUT, 0};
      full = ::poll(&one, 1, 300) == 0;
    }
    EXPECT_TRUE(full) << "it takes every connection";
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  Fd listener_;
  int port_ = 0;
  std::vector<Fd> waiting_;
};

std::string reach(const std::string& address, const std::string& more = {}) {
  return "{address: '" + address + "'" + more + "}";
}

}  // namespace

TEST(ReachProbe, OpenAndClosed) {
  Server server([](Peer& peer) { peer.hold(); });
  EXPECT_EQ(at(observe("kube.reach", reach(server.address())), "state"), Value("open"));
  const Value refused = observe("kube.reach", reach("127.0.0.1:" + std::to_string(closed_port())));
  EXPECT_EQ(at(refused, "state"), Value("closed")) << to_json(refused);
  EXPECT_EQ(at(refused, "by"), Value("refusal"));
  const FullPort full;
  // On a busy machine it can come late to the end of its patience, and says so.
  Value dropped;
  for (int i = 0; i < 20 && (i == 0 || code_of(dropped) == "harness.late"); ++i)
    dropped = observe("kube.reach", reach(full.address(), ", patience: 300ms"));
  EXPECT_EQ(at(dropped, "by"), Value("drop")) << to_json(dropped);
}

TEST(ReachProbe, WithoutADescriptorNothingIsClosed) {
  const std::string closed = reach("127.0.0.1:" + std::to_string(closed_port()));
  ASSERT_EQ(code_of(observe("kube.reach", closed)), "");  // the network is up
  const FewDescriptors few(1);                            // for the attempt
  const Value seen = observe("kube.reach", closed);
  EXPECT_EQ(code_of(seen), "harness.internal") << to_json(seen);
  EXPECT_EQ(seen.find("state"), nullptr);
}

// The thread that waits is held up for longer than its patience.
TEST(ReachProbe, SilenceThatWasSleptThroughProvesNothing) {
  const FullPort full;
  std::signal(SIGUSR1, [](int) {
    // This one sleep stays: that time passes while the thread does not run is what is tested.
    const timespec long_enough{1, 500'000'000};
    ::nanosleep(&long_enough, nullptr);
  });
  std::atomic<pid_t> thread = 0;
  Value seen;
  std::thread waiting([&] {
    thread = static_cast<pid_t>(::syscall(SYS_gettid));
    seen = observe("kube.reach", reach(full.address(), ", patience: 1s"), 20s);
  });
  std::string call;
  const Deadline end = Deadline::in(20s);
  while (call != std::to_string(SYS_poll) && !end.passed()) {
    std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/syscall");
    file >> call;
    std::this_thread::yield();
  }
  EXPECT_EQ(call, std::to_string(SYS_poll)) << "it does not wait";
  ::pthread_kill(waiting.native_handle(), SIGUSR1);
  waiting.join();
  std::signal(SIGUSR1, SIG_DFL);
  EXPECT_EQ(code_of(seen), "harness.late") << to_json(seen);
  EXPECT_EQ(seen.find("state"), nullptr);
}

}  // namespace assay::test

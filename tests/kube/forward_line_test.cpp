// The near end of a forward, at an API server of this test.
#include "kube/forward_line.h"

#include <gtest/gtest.h>

#include "net/transport.h"
#include "tests/support/descriptors.h"
#include "tests/support/kube_server.h"

namespace assay::test {
namespace {

class ForwardLineTest : public testing::Test {
 protected:
  std::unique_ptr<ForwardLine> start(const KubeServer& server) {
    kube_ = std::make_unique<Kube>(network_, server.options(), process_environment());
    EXPECT_TRUE(kube_->client());  // reads its files now
    auto line = ForwardLine::start([this](const Context& limit) {
      Value unseen = Value::object();
      Trace trace(unseen);
      return kube_->client().value()->forward("shop", "web-1", 8080, limit, trace);
    });
    EXPECT_TRUE(line);
    return std::move(*line);
  }
  Context context() const { return {Deadline::in(std::chrono::seconds(20)), never_}; }
  Result<Transport> connect(const ForwardLine& line) {
    return Transport::connect(network_, {line.near().ip(), line.near().port()}, {}, context(), trace_);
  }
  std::string read(Transport& transport) {
    std::array<char, 100> room;
    const auto got = transport.read(room, context());
    return got ? std::string(room.data(), *got) : got.error().code;
  }

  Network network_;
  Stop never_;
  Value seen_ = Value::object();
  Trace trace_{seen_};
  std::unique_ptr<Kube> kube_;
};

}  // namespace

TEST_F(ForwardLineTest, TheLastThatAnAttemptSaysIsHandedOver) {
  std::atomic<int> good = 0;
  std::atomic<int> served = 0;
  constexpr int kTurns = 50;
  {
    const KubeServer server([&](Peer& peer, const std::string&) {
      peer.write(port_data("hello"));
      int opcode = 0;
      if (read_frame(peer, opcode) == std::string("\0bye", 4)) ++good;
      ++served;
      served.notify_all();
    });
    for (int i = 0; i < kTurns; ++i) {
      const auto line = start(server);
      auto near = connect(*line);
      ASSERT_TRUE(near) << near.error().message;
      ASSERT_EQ(read(*near), "hello");
      ASSERT_TRUE(near->write("bye", context()));
      // The connection first, then the line.
      const Transport ends = std::move(*near);
    }
    // The server would cut short what it has not read yet. Each of its connections ends with its line.
    for (int seen = served; seen < kTurns; seen = served) served.wait(seen);
  }
  EXPECT_EQ(good, kTurns);
}

// Of those that it needs for a connection: its near end, the far one, and what asio wants for that.
TEST_F(ForwardLineTest, WithoutDescriptorsItEndsAndSaysSo) {
  for (const std::size_t left : {0U, 1U, 2U}) {
    // A new one each time: one that still closes what the last turn had would give descriptors back too late.
    const KubeServer server([](Peer& peer, const std::string&) { peer.hold(); });
    const auto line = start(server);
    const Fd near(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    int refused = 0;
    std::optional<Error> stands;
    {
      // Nothing is asserted here: a sanitizer wants a descriptor for that.
      const FewDescriptors few(left);
      if (::connect(near.get(), line->near().data(), line->near().size()) != 0) refused = errno;
      if (const auto woken = context().wait(near.get(), POLLIN, "request"); !woken) stands = woken.error();
    }
    ASSERT_EQ(refused, 0) << left;
    ASSERT_FALSE(stands) << left << ": it is left in the queue: " << stands->message;
    const auto why = line->failure();
    ASSERT_TRUE(why) << left;
    EXPECT_EQ(why->code, "vantage.failed");
    EXPECT_NE(why->message.find("Too many open files"), std::string::npos) << left << ": " << why->message;
  }
}

}  // namespace assay::test

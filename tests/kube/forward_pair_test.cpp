// One connection of a forward, step by step: between a socket of this test and an API server that does what
// the test wants.
#include "kube/forward_pair.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <thread>

#include "kube/client.h"
#include "tests/support/kube_server.h"

namespace assay::test {
namespace {

constexpr std::size_t kPiece = 32U << 10;

class ForwardPairTest : public testing::Test {
 protected:
  // A pair to a port that `port` serves.
  void connect(KubeServer::Port port) {
    server_ = std::make_unique<KubeServer>(std::move(port));
    kube_ = std::make_unique<Kube>(network_, server_->options(), process_environment());
    auto far = kube_->client().value()->forward("shop", "web-1", 8080, context(), trace_);
    ASSERT_TRUE(far) << far.error().message;
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    attempt_ = Fd(ends[0]);
    pair_.emplace(Fd(ends[1]), std::move(*far));
  }
  Context context() const { return {end_, never_}; }

  // Turns the pair until `done`, or until it is over; then its near end is closed.
  template <class Done>
  void turn(Done done) {
    while (pair_ && !done()) {
      const auto moved = pair_->move();
      if (!moved) failures_.push_back(moved.error().code);
      if (moved && !*moved) {
        pair_.reset();
        return;
      }
      if (!moved || done() || pair_->unfinished()) continue;
      const auto ends = pair_->polls();
      pollfd fds[] = {ends[0], ends[1], {told_.fd(), POLLIN, 0}};
      ASSERT_GT(::poll(fds, 3, end_.left_ms()), 0) << "it stands still";
      ASSERT_FALSE(end_.passed());
    }
  }
  // Nothing is taken from the far end, since the near one does not read.
  bool near_is_full() const { return (pair_->polls()[1].events & POLLIN) == 0; }
  // Nothing is taken from the near end, since the far one does not read.
  bool far_is_full() const { return (pair_->polls()[0].events & POLLIN) == 0; }

  // Something waits to be sent to the far end, which does not read.
  bool far_waits() const { return (pair_->polls()[1].events & POLLOUT) != 0; }
  // What a server does that does not read before it is told to.
  void read_when_told(Peer& peer) {
    if (!context().wait(go_.fd(), POLLIN, "request")) return;
    FrameReader frames(peer);
    while (const auto one = frames.next()) came_ += one->size() - 1;
    told_.raise();
  }

  // Says as much as is taken while the pair is turned.
  template <class Done>
  void say_until(Done done) {
    const std::string piece(kPiece, 's');
    while (!done()) {
      const auto sent = ::send(attempt_.get(), piece.data(), piece.size(), MSG_NOSIGNAL);
      if (sent > 0) said_ += static_cast<std::size_t>(sent);
      ASSERT_TRUE(pair_->move());
      ASSERT_FALSE(end_.passed());
    }
  }
  // Reads everything up to the end while the pair is turned.
  void read_to_the_end() {
    std::array<char, kPiece> room;
    while (true) {
      const auto got = ::recv(attempt_.get(), room.data(), room.size(), 0);
      if (got > 0) heard_ += static_cast<std::size_t>(got);
      if (got == 0) return;
      if (got > 0 || !pair_) continue;
      const std::size_t before = heard_;
      turn([&] {
        pollfd one{attempt_.get(), POLLIN, 0};
        return ::poll(&one, 1, 0) > 0 || heard_ != before;
      });
      if (HasFatalFailure()) return;
    }
  }

  const Deadline end_ = Deadline::in(std::chrono::seconds(20));
  Network network_;
  Stop never_;
  Value seen_ = Value::object();
  Trace trace_{seen_};
  Stop go_;                            // what the server waits for, where a test says so
  Stop told_;                          // and what it says then
  std::atomic<std::size_t> came_ = 0;  // to the server, in bytes
  std::unique_ptr<KubeServer> server_;
  std::unique_ptr<Kube> kube_;
  Fd attempt_;
  std::optional<ForwardPair> pair_;
  std::vector<std::string> failures_;
  std::size_t said_ = 0;
  std::size_t heard_ = 0;
};

}  // namespace

TEST_F(ForwardPairTest, WhoeverReadsLateGetsEverything) {
  constexpr std::size_t kPieces = 128;  // 4 MiB
  connect([](Peer& peer, const std::string&) {
    for (std::size_t i = 0; i < kPieces; ++i) peer.write(port_data(std::string(kPiece, 'd')));
    peer.write(port_ended());
    peer.hold();
  });
  turn([&] { return near_is_full(); });
  ASSERT_TRUE(pair_);
  read_to_the_end();
  EXPECT_EQ(heard_, kPieces * kPiece);
  EXPECT_EQ(failures_, std::vector<std::string>());
}

TEST_F(ForwardPairTest, TheLastThatIsSaidIsHandedOver) {
  connect([this](Peer& peer, const std::string&) { read_when_told(peer); });
  say_until([this] { return far_waits(); });
  ASSERT_FALSE(far_is_full());
  attempt_.reset();
  ASSERT_TRUE(pair_->move().value());  // hears that
  go_.raise();
  turn([] { return false; });
  ASSERT_TRUE(context().wait(told_.fd(), POLLIN, "request"));
  EXPECT_EQ(came_, said_);
}

// A server that never stops, and an attempt that has heard enough.
TEST_F(ForwardPairTest, WhoHasHungUpEndsAnEndlessAnswer) {
  connect([](Peer& peer, const std::string&) {
    const std::string piece = port_data(std::string(kPiece, 'a'));
    while (peer.write(piece)) {
    }
  });
  turn([this] {
    std::array<char, kPiece> room;
    return ::recv(attempt_.get(), room.data(), room.size(), 0) > 0;
  });
  attempt_.reset();
  turn([] { return false; });
  EXPECT_FALSE(pair_) << "it goes on for nobody";
}

// One that says nothing itself, and does not hear any more.
TEST_F(ForwardPairTest, WhoHearsNothingMoreEndsAnEndlessAnswer) {
  connect([](Peer& peer, const std::string&) {
    const std::string piece = port_data(std::string(kPiece, 'a'));
    while (peer.write(piece)) {
    }
  });
  ASSERT_EQ(::shutdown(attempt_.get(), SHUT_RD), 0);
  turn([] { return false; });
  EXPECT_FALSE(pair_) << "it goes on for nobody";
}

// Nor does one take the others' turn for ever: the server is faster than an attempt that reads in between.
TEST_F(ForwardPairTest, AnEndlessAnswerIsHandedOverInTurns) {
  connect([](Peer& peer, const std::string&) {
    const std::string piece = port_data(std::string(kPiece, 'a'));
    while (peer.write(piece)) {
    }
  });
  turn([this] {
    std::array<char, kPiece> room;
    while (::recv(attempt_.get(), room.data(), room.size(), 0) > 0) {
    }
    return pair_->unfinished();
  });
  ASSERT_TRUE(pair_);
  EXPECT_TRUE(pair_->unfinished());
}

TEST_F(ForwardPairTest, WhoHasHungUpIsNotWaitedFor) {
  connect([this](Peer& peer, const std::string&) { read_when_told(peer); });
  say_until([this] { return far_is_full(); });
  attempt_.reset();
  // It waits for the far end alone, however often the near end is said to have gone.
  ASSERT_TRUE(pair_->move().value());
  auto fds = pair_->polls();
  EXPECT_EQ(fds[0].fd, -1);
  EXPECT_EQ(::poll(fds.data(), fds.size(), 0), 0);
  go_.raise();
  turn([] { return false; });
  ASSERT_TRUE(context().wait(told_.fd(), POLLIN, "request"));
  EXPECT_EQ(came_, said_);
  EXPECT_EQ(failures_, std::vector<std::string>());
}

TEST_F(ForwardPairTest, WhatCameBeforeACutIsHandedOver) {
  constexpr std::size_t kPieces = 20;  // more than a socket holds
  connect([](Peer& peer, const std::string&) {
    for (std::size_t i = 0; i < kPieces; ++i) peer.write(port_data(std::string(kPiece, 'd')));
    peer.write(port_refused());
    peer.hold();
  });
  turn([&] { return !failures_.empty(); });
  ASSERT_TRUE(pair_);
  read_to_the_end();
  EXPECT_EQ(heard_, kPieces * kPiece);
  EXPECT_EQ(failures_, std::vector<std::string>{"connect.refused"});
}

// A service that takes its request only while its answer is under way, and a client that reads late.
TEST_F(ForwardPairTest, OneDirectionThatIsFullHoldsUpNothingElse) {
  connect([this](Peer& peer, const std::string&) {
    std::thread writer([&peer] {
      while (peer.write(port_data(std::string(kPiece, 'd')))) {
      }
    });
    if (context().wait(go_.fd(), POLLIN, "request")) {
      FrameReader frames(peer);
      while (came_ < said_) {
        const auto one = frames.next();
        if (!one) break;
        came_ += one->size() - 1;
      }
    }
    told_.raise();
    ::shutdown(peer.fd(), SHUT_RDWR);
    writer.join();
  });
  say_until([this] { return far_is_full(); });
  turn([&] { return near_is_full(); });
  go_.raise();
  turn([&] { return told_.raised(); });
  EXPECT_EQ(came_, said_);
}

}  // namespace assay::test

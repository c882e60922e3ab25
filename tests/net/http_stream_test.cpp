#include "net/http_stream.h"

#include <gtest/gtest.h>

#include "net/network.h"
#include "tests/support/http_server.h"

namespace assay::test {
namespace {

class HttpStreamTest : public testing::Test {
 protected:
  Context context(Duration time = std::chrono::seconds(10)) const { return {Deadline::in(time), never_}; }
  Result<HttpStream> open(const Server& server, Duration time = std::chrono::seconds(10)) {
    HttpRequest request;
    request.url = "http://" + server.address() + "/x";
    return network_.http().open(request, context(time), trace_);
  }

  Stop never_;
  Value seen_ = Value::object();
  Trace trace_{seen_};
  Network network_;
};

TEST_F(HttpStreamTest, ABodyIsReadWhileItComes) {
  const Server server([](Peer& peer) {
    peer.read_until("\r\n\r\n");
    peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n3\r\none\r\n");
    if (!peer.read_some().empty()) return;  // held until the client leaves
  });
  auto stream = open(server);
  ASSERT_TRUE(stream) << stream.error().message;
  EXPECT_EQ(stream->head().status, 200);
  ASSERT_NE(stream->head().header("x-a"), nullptr);
  EXPECT_EQ(stream->next(context())->value_or(""), "one");
  const auto silent = stream->next(context(std::chrono::milliseconds(100)));
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().code, "deadline");
}

// Far more than is kept for a reader: the server is held back, and nothing is lost.
TEST_F(HttpStreamTest, ASlowReaderHoldsTheServerBack) {
  constexpr std::size_t kSize = 64U << 20;
  std::atomic<std::size_t> written = 0;
  const Server server([&](Peer& peer) {
    peer.read_until("\r\n\r\n");
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kSize) + "\r\n\r\n");
    std::string piece(1U << 16, 'x');
    for (; written < kSize; written += piece.size()) {
      piece[0] = static_cast<char>('a' + (written >> 16) % 26);
      if (!peer.write(piece)) return;
    }
  });
  auto stream = open(server);
  ASSERT_TRUE(stream) << stream.error().message;
  ASSERT_TRUE(context().pause(Deadline::in(std::chrono::milliseconds(300)), "request"));
  EXPECT_LT(written, kSize / 2);
  std::size_t got = 0;
  while (true) {
    const auto more = stream->next(context());
    ASSERT_TRUE(more) << more.error().message;
    if (!*more) break;
    for (std::size_t i = 0; i < (*more)->size(); ++i) {
      const std::size_t at = got + i;
      const char expected = at % (1U << 16) == 0 ? static_cast<char>('a' + (at >> 16) % 26) : 'x';
      ASSERT_EQ((**more)[i], expected) << at;
    }
    got += (*more)->size();
  }
  EXPECT_EQ(got, kSize);
}

TEST_F(HttpStreamTest, HowItEnds) {
  const Server cut([](Peer& peer) {
    peer.read_until("\r\n\r\n");
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  });
  auto stream = open(cut);
  ASSERT_TRUE(stream) << stream.error().message;
  EXPECT_EQ(stream->next(context())->value_or(""), "half");
  for (int i = 0; i < 2; ++i) {
    const auto end = stream->next(context());
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().code, "protocol.closed");
  }

  const Server empty(http_handler([](const HttpSeen&) { return HttpSaid{404, ""}; }));
  auto none = open(empty);
  ASSERT_TRUE(none) << none.error().message;
  EXPECT_EQ(none->head().status, 404);
  const auto end = none->next(context());
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_FALSE(*end);

  const Server mute([](Peer& peer) { peer.hold(); });
  const auto never = open(mute, std::chrono::milliseconds(100));
  ASSERT_FALSE(never);
  EXPECT_EQ(never.error().code, "deadline");
  const Server gone([](Peer&) {});
  const auto closed = open(gone);
  ASSERT_FALSE(closed);
  EXPECT_TRUE(closed.error().code == "protocol.closed" || closed.error().code == "connect.reset")
      << closed.error().code;
}

}  // namespace
}  // namespace assay::test

// The WebSocket client against a server that says what it is told to, byte by byte.
#include "net/websocket.h"

#include <gtest/gtest.h>

#include "tests/support/websocket_server.h"

namespace assay::test {
namespace {

class WebSocketTest : public testing::Test {
 protected:
  Context context(Duration time = std::chrono::seconds(5)) const { return {Deadline::in(time), never_}; }
  Result<WebSocket> open(const Server& server, std::size_t most = 1000) {
    WebSocketRequest request;
    request.target = {"127.0.0.1", static_cast<std::uint16_t>(server.port())};
    request.authority = server.address();
    request.path = "/there?x=1";
    request.protocols = {"first", "second"};
    request.headers = {{"Authorization", Secret("Bearer " + token_)}};
    request.max_message = most;
    return WebSocket::open(network_, request, context(), trace_, answer_);
  }
  static std::string text(Result<std::optional<std::string>> message) {
    if (!message) return message.error().code;
    return *message ? **message : "the end";
  }

  Network network_;
  Stop never_;
  Value seen_ = Value::object();
  Trace trace_{seen_};
  HttpResponse answer_;
  std::string token_ = "token";
};

TEST_F(WebSocketTest, AHeaderThatIsTooLongIsAnError) {
  const Server server([](Peer& peer) { peer.hold(); });
  token_ = std::string(70'000, 't');
  const auto socket = open(server);
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().code, "harness.internal");
  EXPECT_EQ(socket.error().message.find("ttt"), std::string::npos);
}

TEST_F(WebSocketTest, FragmentsArePutTogetherAndPingsAnswered) {
  std::string head;
  std::string pong;
  int opcode = 0;
  const Server server([&](Peer& peer) {
    // All in one piece with the switch itself.
    head = switch_protocol(peer, frame(2, "one") + frame(2, "t", false) + frame(9, "are you there") +
                                     frame(0, "wo") + frame(2, std::string(500, 'x')));
    pong = read_frame(peer, opcode);
    peer.write(frame(8, "\x03\xe8"));
    peer.hold();
  });
  auto socket = open(server);
  ASSERT_TRUE(socket) << socket.error().message;
  EXPECT_EQ(answer_.status, 101);
  EXPECT_EQ(socket->protocol(), "second");
  EXPECT_EQ(text(socket->next(context())), "one");
  EXPECT_EQ(text(socket->next(context())), "two");
  EXPECT_EQ(text(socket->next(context())), std::string(500, 'x'));
  EXPECT_EQ(text(socket->next(context())), "the end");
  EXPECT_TRUE(socket->ended());
  EXPECT_EQ(opcode, 10);
  EXPECT_EQ(pong, "are you there");
  EXPECT_TRUE(head.starts_with("GET /there?x=1 HTTP/1.1\r\n")) << head;
  EXPECT_NE(head.find("Authorization: Bearer token\r\n"), std::string::npos);
  EXPECT_NE(head.find("Sec-WebSocket-Protocol: first, second\r\n"), std::string::npos);
}

TEST_F(WebSocketTest, AMessageIsSentAndTheEndIsSaid) {
  std::string got;
  int opcode = 0;
  int last = 0;
  const Server server([&](Peer& peer) {
    switch_protocol(peer);
    got = read_frame(peer, opcode);
    peer.write(frame(2, "thanks"));
    read_frame(peer, last);
    peer.write(frame(8, "\x03\xe8"));
    peer.hold();
  });
  auto socket = open(server);
  ASSERT_TRUE(socket) << socket.error().message;
  socket->queue("hello");
  EXPECT_GT(socket->unsent(), 5U);
  ASSERT_TRUE(socket->flush(context()));
  EXPECT_EQ(socket->unsent(), 0U);
  EXPECT_EQ(text(socket->next(context())), "thanks");
  socket->queue_close();
  EXPECT_EQ(text(socket->next(context())), "the end");
  EXPECT_EQ(got, "hello");
  EXPECT_EQ(opcode, 2);
  EXPECT_EQ(last, 8);
}

TEST_F(WebSocketTest, ARefusalKeepsItsBody) {
  const Server server([](Peer& peer) {
    peer.read_until("\r\n\r\n");
    peer.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\nX-Why: so\r\n\r\nforbidden");
    peer.hold();
  });
  const auto socket = open(server);
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().code, "protocol.invalid");
  EXPECT_EQ(answer_.status, 403);
  EXPECT_EQ(answer_.body, "forbidden");
  ASSERT_NE(answer_.header("x-why"), nullptr);
}

TEST_F(WebSocketTest, WhatIsNoWebSocket) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"SSH-2.0-OpenSSH\r\n\r\n", "protocol.invalid"},
      {"", "protocol.closed"},
      {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
       "Sec-WebSocket-Accept: AAAA\r\n\r\n",
       "protocol.invalid"},
  };
  for (const auto& one : cases) {
    const std::string& bytes = one.first;
    const std::string& code = one.second;
    const Server server([&](Peer& peer) {
      peer.read_until("\r\n\r\n");
      peer.write(bytes);
    });
    const auto socket = open(server);
    ASSERT_FALSE(socket) << bytes;
    EXPECT_EQ(socket.error().code, code) << bytes << socket.error().message;
    EXPECT_EQ(socket.error().phase, "request");
  }
}

TEST_F(WebSocketTest, WhatBreaksIt) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {frame(2, std::string(1001, 'x')), "protocol.too-large"},
      {frame(2, std::string(600, 'x'), false) + frame(0, std::string(600, 'x')), "protocol.too-large"},
      {frame(2, "cut").substr(0, 4), "protocol.closed"},
      {"", "protocol.closed"},
      {frame(3, "reserved"), "protocol.invalid"},
      {frame(0, "continues nothing"), "protocol.invalid"},
      {std::string("\x82\x81"
                   "abcdx",
                   7),
       "protocol.invalid"},  // masked, which only clients do
  };
  for (const auto& one : cases) {
    const std::string& bytes = one.first;
    const std::string& code = one.second;
    const Server server([&](Peer& peer) { switch_protocol(peer, bytes); });
    auto socket = open(server);
    ASSERT_TRUE(socket) << socket.error().message;
    EXPECT_EQ(text(socket->next(context())), code) << bytes;
    EXPECT_EQ(text(socket->next(context())), code) << "the first error stays";
  }
}

TEST_F(WebSocketTest, ASilentServerCostsTheDeadline) {
  const Server mute([](Peer& peer) { peer.hold(); });
  WebSocketRequest request;
  request.target = {"127.0.0.1", static_cast<std::uint16_t>(mute.port())};
  request.authority = mute.address();
  request.path = "/";
  const auto never =
      WebSocket::open(network_, request, context(std::chrono::milliseconds(200)), trace_, answer_);
  ASSERT_FALSE(never);
  EXPECT_EQ(never.error().code, "deadline");

  const Server later([](Peer& peer) {
    switch_protocol(peer, frame(2, "late").substr(0, 3));
    peer.read_some();
    peer.write(frame(2, "late").substr(3));
    peer.hold();
  });
  auto socket = open(later);
  ASSERT_TRUE(socket) << socket.error().message;
  EXPECT_EQ(text(socket->next(context(std::chrono::milliseconds(100)))), "deadline");
  socket->queue("go on");
  EXPECT_EQ(text(socket->next(context())), "late") << "nothing is lost at a deadline";
}

}  // namespace
}  // namespace assay::test

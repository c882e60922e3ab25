// Programs in pods at an API server that is older, or refuses: servers written from the published protocol
// (k8s.io/apimachinery, pkg/util/remotecommand).
#include <gtest/gtest.h>

#include <fstream>

#include "kube/kube.h"
#include "kube/stream.h"
#include "tests/support/websocket_server.h"

namespace assay::test {
namespace {

std::string message(char channel, const std::string& bytes) {
  return frame(2, std::string(1, channel) + bytes);
}

class ExecTest : public testing::Test {
 protected:
  std::unique_ptr<KubeClient> client(const Server& server, const std::string& user) {
    const std::string file = testing::TempDir() + "/exec-" + std::to_string(server.port());
    std::ofstream(file) << "apiVersion: v1\nkind: Config\ncurrent-context: a\n"
                           "contexts: [{name: a, context: {cluster: a, user: a}}]\n"
                           "clusters: [{name: a, cluster: {server: 'http://"
                        << server.address() << "'}}]\nusers: [{name: a, user: " << user << "}]\n";
    KubeOptions options;
    options.kubeconfig = file;
    auto access = load_kube_access(options, process_environment());
    EXPECT_TRUE(access) << access.error().message;
    return std::make_unique<KubeClient>(network_, std::move(*access));
  }
  Result<KubeStream> exec(KubeClient& client) {
    return client.exec("shop", "web", "main", {"cat"}, true, context(), trace_);
  }
  Context context() const { return {Deadline::in(std::chrono::seconds(10)), never_}; }

  Network network_;
  Stop never_;
  Value seen_ = Value::object();
  Trace trace_{seen_};
};

}  // namespace

// v4 has no way to end the standard input, and everything else as v5.
TEST_F(ExecTest, AServerThatSpeaksTheOlderProtocol) {
  std::string head;
  std::string came;
  Server server([&](Peer& peer) {
    head = switch_protocol(peer, message(1, "") + message(2, ""), "v4.channel.k8s.io");
    int opcode = 0;
    came = read_frame(peer, opcode);
    peer.write(message(1, "out") + message(2, "err") +
               message(3, R"({"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[
                 {"reason":"ExitCode","message":"3"}]}})") +
               frame(8, "\x03\xe8"));
    peer.hold();
  });
  const auto kube = client(server, "{token: t}");
  auto stream = exec(*kube);
  ASSERT_TRUE(stream) << stream.error().message;
  EXPECT_FALSE(stream->can_close_stdin());
  const auto closed = stream->close_stdin(context());
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().code, "kube.invalid");
  EXPECT_NE(closed.error().message.find("v4.channel.k8s.io"), std::string::npos) << closed.error().message;
  const auto sent = stream->send("hello", context());
  ASSERT_TRUE(sent) << sent.error().code << ": " << sent.error().message;
  std::string out;
  std::string err;
  while (true) {
    auto chunk = stream->next(context());
    ASSERT_TRUE(chunk) << chunk.error().message;
    if (!*chunk) break;
    ((*chunk)->channel == KubeFrame::out ? out : err) += (*chunk)->text;
  }
  EXPECT_NE(head.find("Sec-WebSocket-Protocol: v5.channel.k8s.io"), std::string::npos) << head;
  EXPECT_NE(head.find("v4.channel.k8s.io"), std::string::npos) << head;
  EXPECT_EQ(came, std::string(1, '\0') + "hello");
  EXPECT_EQ(out, "out");
  EXPECT_EQ(err, "err");
  ASSERT_TRUE(stream->exit());
  EXPECT_EQ(*stream->exit(), 3);
}

TEST_F(ExecTest, AProtocolThatNobodyAskedForIsRefused) {
  Server server([&](Peer& peer) {
    switch_protocol(peer, "", "v1.channel.k8s.io");
    peer.hold();
  });
  const auto kube = client(server, "{token: t}");
  const auto stream = exec(*kube);
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().code, "protocol.invalid") << stream.error().message;
}

// A token that has expired is asked for anew, once, as for any other request.
TEST_F(ExecTest, CredentialsThatAreRefusedAreRenewed) {
  constexpr const char* kRefusal =
      R"({"kind":"Status","status":"Failure","code":401,"message":"Unauthorized"})";
  std::vector<std::string> tokens;
  std::string good = "second";
  Server server([&](Peer& peer) {
    const std::string name = "Authorization: Bearer ";
    std::string head;
    const auto token = [&] {
      const auto at = head.find(name) + name.size();
      return head.substr(at, head.find("\r\n", at) - at);
    };
    head = peer.read_until("\r\n\r\n");
    tokens.push_back(token());
    if (tokens.back() != good) {
      peer.write("HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: " +
                 std::to_string(std::string(kRefusal).size()) + "\r\nConnection: close\r\n\r\n" + kRefusal);
      return;
    }
    peer.write(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Protocol: v5.channel.k8s.io\r\nSec-WebSocket-Accept: " +
        accept_key(head) + "\r\n\r\n");
    peer.hold();
  });
  // A plugin that gives another token each time that it runs.
  const std::string counter = testing::TempDir() + "/exec-plugin-" + std::to_string(server.port());
  const std::string script = counter + ".sh";
  std::ofstream(script)
      << "#!/bin/sh\nif [ -e " << counter << " ]; then t=second; else t=first; : >" << counter
      << "; fi\necho \"{\\\"kind\\\":\\\"ExecCredential\\\",\\\"apiVersion\\\":"
         "\\\"client.authentication.k8s.io/v1\\\",\\\"status\\\":{\\\"token\\\":\\\"$t\\\"}}\"\n";
  const std::string user =
      "{exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, "
      "command: sh, args: ['" +
      script + "']}}";
  const auto kube = client(server, user);
  const auto stream = exec(*kube);
  ASSERT_TRUE(stream) << stream.error().message;
  EXPECT_EQ(tokens, (std::vector<std::string>{"first", "second"}));
  EXPECT_TRUE(stream->can_close_stdin());
  // Refused for good: said, and not asked for without end.
  good = "none";
  tokens.clear();
  const auto refused = exec(*kube);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "kube.unauthorized") << refused.error().message;
  EXPECT_LE(tokens.size(), 2U);
}

TEST(PortFailure, TellsTheTargetFromTheWay) {
  const auto code = [](std::string_view text) { return port_failure(text).value().code; };
  // As containerd and CRI-O pass it on.
  EXPECT_EQ(code("error forwarding port 9 to pod abc, uid : failed to execute portforward in network "
                 "namespace \"x\": failed "
                 "to connect to localhost:9 inside namespace \"abc\", IPv4: dial tcp4 127.0.0.1:9: connect: "
                 "connection "
                 "refused IPv6 dial tcp6: address localhost: no suitable address found "),
            "connect.refused");
  EXPECT_EQ(code("error forwarding port 9: write tcp4 127.0.0.1:1->127.0.0.1:9: write: broken pipe"),
            "connect.reset");
  EXPECT_EQ(code("error forwarding port 9: read tcp4 127.0.0.1:1: read: connection reset by peer"),
            "connect.reset");
  EXPECT_EQ(code("failed to connect: dial tcp4 127.0.0.1:9: i/o timeout"), "connect.failed");
  EXPECT_EQ(code("error forwarding port 9: failed to find sandbox \"abc\" in store: not found"),
            "kube.server");
}

}  // namespace assay::test

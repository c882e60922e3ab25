// A cluster that is reached through a proxy.
#include <gtest/gtest.h>

#include "kube/stream.h"
#include "tests/cluster/pods.h"
#include "tests/support/proxy_server.h"

namespace assay {
namespace {

class ClusterProxyTest : public test::PodTest {};

TEST_F(ClusterProxyTest, RequestsAndStreamsGoThroughIt) {
  start("shell", "while true; do sleep 1000; done");
  for (const char* scheme : {"http", "socks5"}) {
    const test::ProxyServer server("user", "secret");
    auto access = load_kube_access(options_, process_environment());
    ASSERT_TRUE(access);
    access->proxy = *parse_proxy(std::string(scheme) + "://user:secret@" + server.address());
    KubeClient through(network_, *access);
    const auto pod = through.get(resource("pods"), ns_, "shell", context(), trace_);
    ASSERT_TRUE(pod) << scheme << ": " << pod.error().message;
    EXPECT_EQ(server.connected(), 1) << scheme;
    EXPECT_EQ("https://" + server.last_target(), access->server);

    auto stream = through.exec(ns_, "shell", "", {"echo", "hello"}, false, context(), trace_);
    ASSERT_TRUE(stream) << scheme << ": " << stream.error().message;
    const auto chunk = stream->next(context());
    ASSERT_TRUE(chunk && *chunk) << scheme;
    EXPECT_EQ((*chunk)->text, "hello\n");
    EXPECT_EQ(server.connected(), 2) << scheme;

    access->proxy->password = Secret("wrong");
    KubeClient stranger(network_, *access);
    const auto refused = stranger.get(resource("pods"), ns_, "shell", context(), trace_);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "connect.failed") << refused.error().message;
    const auto no_stream = stranger.exec(ns_, "shell", "", {"true"}, false, context(), trace_);
    ASSERT_FALSE(no_stream);
    EXPECT_EQ(no_stream.error().code, "connect.failed") << no_stream.error().message;
  }
}

TEST_F(ClusterProxyTest, StreamsDoNotGoThroughAProxyOfHttps) {
  auto access = load_kube_access(options_, process_environment());
  ASSERT_TRUE(access);
  access->proxy = *parse_proxy("https://127.0.0.1:1");
  KubeClient through(network_, *access);
  const auto refused = through.exec(ns_, "shell", "", {"true"}, false, context(), trace_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "kube.config");
}

}  // namespace
}  // namespace assay

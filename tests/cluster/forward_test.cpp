// Ports of pods, over a real API server and kubelet.
#include <gtest/gtest.h>

#include "kube/stream.h"
#include "tests/cluster/pods.h"

namespace assay {
namespace {

class ForwardTest : public test::PodTest {};

TEST_F(ForwardTest, AConnectionToAPortOfAPod) {
  start("server", "exec socat TCP-LISTEN:7,fork,reuseaddr,bind=127.0.0.1 EXEC:cat");
  const Context limit = context(std::chrono::seconds(30));
  std::string text(300000, 'x');
  for (std::size_t i = 0; i < text.size(); i += 7) text[i] = static_cast<char>('a' + i % 26);
  std::string back;
  // The server may not listen yet: the first answers tell.
  std::optional<KubeStream> stream;
  while (back.empty()) {
    ASSERT_TRUE(limit.check("request"));
    auto opened = client_->forward(ns_, "server", 7, limit, trace_);
    ASSERT_TRUE(opened) << opened.error().message;
    stream.emplace(std::move(*opened));
    stream->queue("?");
    const auto chunk = stream->next(limit);
    if (!chunk) {
      EXPECT_EQ(chunk.error().code, "connect.refused") << chunk.error().message;
      continue;
    }
    if (*chunk) back = (*chunk)->text;
  }
  EXPECT_EQ(back, "?");
  back.clear();
  ASSERT_TRUE(stream->send(text, limit));
  while (back.size() < text.size()) {
    const auto chunk = stream->next(limit);
    ASSERT_TRUE(chunk && *chunk) << (chunk ? "end" : chunk.error().message);
    back += (*chunk)->text;
  }
  EXPECT_TRUE(back == text);
}

TEST_F(ForwardTest, TheEndOfTheConnectionIsTheEndOfTheStream) {
  start("server", "exec socat TCP-LISTEN:7,fork,reuseaddr SYSTEM:'read line; echo bye'");
  const Context limit = context(std::chrono::seconds(30));
  std::string back;
  while (back.empty()) {
    ASSERT_TRUE(limit.check("request"));
    auto stream = client_->forward(ns_, "server", 7, limit, trace_);
    ASSERT_TRUE(stream) << stream.error().message;
    stream->queue("hello\n");
    while (true) {
      const auto chunk = stream->next(limit);
      if (!chunk) {
        ASSERT_EQ(chunk.error().code, "connect.refused") << chunk.error().message;
        break;
      }
      if (!*chunk) break;
      back += (*chunk)->text;
    }
  }
  EXPECT_EQ(back, "bye\n");
}

TEST_F(ForwardTest, APortWhereNothingListens) {
  start("server", "while true; do sleep 1000; done");
  auto stream = client_->forward(ns_, "server", 9, context(), trace_);
  ASSERT_TRUE(stream) << stream.error().message;
  stream->queue("x");
  const auto chunk = stream->next(context());
  ASSERT_FALSE(chunk);
  EXPECT_EQ(chunk.error().code, "connect.refused") << chunk.error().message;
  const auto no_pod = client_->forward(ns_, "nobody", 9, context(), trace_);
  ASSERT_FALSE(no_pod);
  EXPECT_EQ(no_pod.error().code, "kube.not-found") << no_pod.error().message;
}

}  // namespace
}  // namespace assay

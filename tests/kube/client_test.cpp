#include "kube/client.h"

#include <gtest/gtest.h>

#include <atomic>

#include "tests/support/http_server.h"

namespace assay::test {
namespace {

constexpr const char* kStatus =
    R"({"kind":"Status","apiVersion":"v1","status":"Failure","message":"conversion failed","code":500})";

const KubeResource kPods{"", "v1", "Pod", "pods", "pod", {}, {"list"}, true};

// A refusal that may heal is repeated for as long as the caller has patience.
TEST(KubeClient, IsAsPatientAsItIsTold) {
  std::atomic<int> asked = 0;
  Server server(http_handler([&](const HttpSeen&) {
    ++asked;
    return asked < 3 ? HttpSaid{500, kStatus} : HttpSaid{200, "{}"};
  }));
  KubeAccess access;
  access.server = "http://" + server.address();
  Network network;
  KubeClient client(network, access);
  const Stop never;
  const Context context(Deadline::in(std::chrono::minutes(1)), never);
  Value seen = Value::object();
  Trace trace(seen);
  KubeRequest request;
  request.path = "/api/v1/things";
  request.patience = Duration::zero();
  const auto once = client.text(request, context, trace);
  ASSERT_FALSE(once);
  EXPECT_EQ(once.error().code, "kube.server");
  EXPECT_EQ(asked, 1);
  request.patience.reset();
  EXPECT_TRUE(client.text(request, context, trace));
  EXPECT_EQ(asked, 3);
}

// An answer that is no list would pass for an empty one: nothing there, as kube.absent wants it.
TEST(KubeClient, AnAnswerThatIsNoListIsNoEmptyList) {
  std::string body;
  Server server(http_handler([&](const HttpSeen&) { return HttpSaid{200, body}; }));
  KubeAccess access;
  access.server = "http://" + server.address();
  Network network;
  KubeClient client(network, access);
  const Stop never;
  const Context context(Deadline::in(std::chrono::minutes(1)), never);
  Value seen = Value::object();
  Trace trace(seen);
  const auto code = [&](const char* said) {
    body = said;
    const auto done = client.list(kPods, {}, context, trace, [](const Value&) { return true; });
    return done ? std::string("ok") : done.error().code;
  };
  for (const auto* said : {"{}", R"({"items":{}})", R"({"items":7})", R"({"message":"welcome"})"})
    EXPECT_EQ(code(said), "http.body") << said;
  body = "{}";
  const auto kinds = client.resources(context, trace);
  ASSERT_FALSE(kinds) << "a cluster without kinds has nothing in it either";
  EXPECT_EQ(kinds.error().code, "http.body");
  EXPECT_EQ(code(R"({"items":null})"), "ok");
  EXPECT_EQ(code(R"({"items":[]})"), "ok");
}

}  // namespace
}  // namespace assay::test

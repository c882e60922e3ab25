#include "kube/client.h"

#include <gtest/gtest.h>

#include <atomic>

#include "tests/support/http_server.h"

namespace assay::test {
namespace {

constexpr const char* kStatus =
    R"({"kind":"Status","apiVersion":"v1","status":"Failure","message":"conversion failed","code":500})";

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

}  // namespace
}  // namespace assay::test

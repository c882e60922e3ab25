#include "kube/client.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>

#include "tests/support/http_server.h"

namespace assay::test {
namespace {

constexpr const char* kStatus =
    R"({"kind":"Status","apiVersion":"v1","status":"Failure","message":"conversion failed","code":500})";

const KubeResource kPods{"", "v1", "Pod", "pods", "pod", {}, {"list"}, true};

// A client of a server that answers as `answer` says.
class KubeClientTest : public testing::Test {
 protected:
  KubeAccess access() const {
    KubeAccess access;
    access.server = "http://" + server_.address();
    return access;
  }

  std::function<HttpSaid()> answer;
  Stop never_;
  Context context_{Deadline::in(std::chrono::minutes(1)), never_};
  Value seen_ = Value::object();
  Trace trace_{seen_};

 private:
  Server server_{http_handler([this](const HttpSeen&) { return answer(); })};
  Network network_;

 protected:
  KubeClient client_{network_, access()};
};

// A refusal that may heal is repeated for as long as the caller has patience.
TEST_F(KubeClientTest, IsAsPatientAsItIsTold) {
  std::atomic<int> asked = 0;
  answer = [&] { return ++asked < 3 ? HttpSaid{500, kStatus} : HttpSaid{200, "{}"}; };
  KubeRequest request;
  request.path = "/api/v1/things";
  request.patience = Duration::zero();
  const auto once = client_.text(request, context_, trace_);
  ASSERT_FALSE(once);
  EXPECT_EQ(once.error().code, "kube.server");
  EXPECT_EQ(asked, 1);
  request.patience.reset();
  EXPECT_TRUE(client_.text(request, context_, trace_));
  EXPECT_EQ(asked, 3);
}

// An answer that is no list would pass for an empty one: nothing there, as kube.absent wants it.
TEST_F(KubeClientTest, AnAnswerThatIsNoListIsNoEmptyList) {
  std::string body;
  answer = [&] { return HttpSaid{200, body}; };
  const auto code = [&](const char* said) {
    body = said;
    const auto done = client_.list(kPods, {}, context_, trace_, [](const Value&) { return true; });
    return done ? std::string("ok") : done.error().code;
  };
  for (const auto* said : {"{}", R"({"items":{}})", R"({"items":7})", R"({"message":"welcome"})"})
    EXPECT_EQ(code(said), "http.body") << said;
  body = "{}";
  const auto kinds = client_.resources(context_, trace_);
  ASSERT_FALSE(kinds) << "a cluster without kinds has nothing in it either";
  EXPECT_EQ(kinds.error().code, "http.body");
  EXPECT_EQ(code(R"({"items":null})"), "ok");
  EXPECT_EQ(code(R"({"items":[]})"), "ok");
}

}  // namespace
}  // namespace assay::test

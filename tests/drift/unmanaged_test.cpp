#include "drift/unmanaged.h"

#include <gtest/gtest.h>

#include "tests/support/http_server.h"

namespace assay::drift {
namespace {

constexpr const char* kDiscovery =
    R"({"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","items":[
  {"metadata":{"name":null},"versions":[{"version":"v1","resources":[
    {"resource":"secrets","responseKind":{"kind":"Secret"},"scope":"Namespaced","singularResource":"secret","verbs":["get","list"]},
    {"resource":"configmaps","responseKind":{"kind":"ConfigMap"},"scope":"Namespaced","singularResource":"configmap","verbs":["get","list"]}]}]}]})";

std::string stored(const std::string& name, int revision, const std::string& status) {
  return R"({"metadata":{"name":")" + name + R"(","namespace":"prod","labels":{"owner":"helm","name":")" +
         name + R"(","status":")" + status + R"(","version":")" + std::to_string(revision) + R"("}}})";
}

// The API as its documentation has it, for one user.
test::HttpSaid answer(const test::HttpSeen& seen, bool allowed) {
  if (seen.target == "/api" || seen.target == "/apis")
    return {200,
            seen.target == "/api"
                ? kDiscovery
                : R"({"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","items":[]})",
            "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"};
  if (seen.target.find("/secrets") == std::string::npos) return {200, R"({"metadata":{},"items":[]})"};
  if (!allowed)
    return {
        403,
        R"({"kind":"Status","status":"Failure","message":"secrets is forbidden","reason":"Forbidden","code":403})"};
  return {200, R"({"metadata":{},"items":[)" + stored("shop", 1, "superseded") + "," +
                   stored("shop", 2, "deployed") + "," + stored("old", 1, "deployed") + "," +
                   stored("gone", 1, "superseded") + "," + stored("gone", 2, "uninstalled") + "," +
                   stored("stuck", 1, "uninstalling") + "]}"};
}

class UnmanagedTest : public testing::Test {
 protected:
  void look(bool allowed, const std::string& ns, int times) {
    test::Server server(
        test::http_handler([&](const test::HttpSeen& seen) { return answer(seen, allowed); }));
    KubeAccess access;
    access.server = "http://" + server.address();
    KubeClient client(network_, access);
    KubeClient again(network_, access);  // another context, the same cluster
    const Context context(Deadline::in(std::chrono::seconds(20)), never_);
    UnmanagedReleases unmanaged;
    unmanaged.cover(access, "prod", "shop");
    for (int i = 0; i < times; ++i)
      unmanaged.look(i == 0 ? client : again, i == 0 ? "" : "eu", ns, true, context, report_);
  }

  Network network_;
  Stop never_;
  DriftReport report_;
};

}  // namespace

TEST_F(UnmanagedTest, WhatWasUninstalledIsNoReleaseAndEachIsThereOnce) {
  look(true, "prod", 2);
  ASSERT_TRUE(report_.problems.empty()) << report_.problems[0].message;
  ASSERT_EQ(report_.unmanaged.size(), 2U);
  EXPECT_EQ(report_.unmanaged[0].name, "old");
  EXPECT_EQ(report_.unmanaged[1].name, "stuck");
}

TEST_F(UnmanagedTest, WhatMayNotBeListedIsAProblem) {
  look(false, "", 1);
  EXPECT_TRUE(report_.unmanaged.empty());
  ASSERT_EQ(report_.problems.size(), 1U);
  EXPECT_EQ(report_.problems[0].code, "kube.forbidden");
  EXPECT_TRUE(report_.problems[0].message.starts_with(
      "releases without an entry could not be looked for in all namespaces: "))
      << report_.problems[0].message;
}

}  // namespace assay::drift

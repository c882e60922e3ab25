// What is said of a cluster whose API server breaks off, refuses or goes away while its objects are listed.
#include "drift/live.h"

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <map>
#include <mutex>

#include "drift/check.h"
#include "drift/output.h"
#include "drift/private_folder.h"
#include "tests/support/http_server.h"

namespace assay::drift {
namespace {

using test::HttpSaid;
using test::HttpSeen;

constexpr const char* kDiscovery =
    R"({"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","items":[
  {"metadata":{"name":null},"versions":[{"version":"v1","resources":[
    {"resource":"configmaps","responseKind":{"kind":"ConfigMap"},"scope":"Namespaced","singularResource":"configmap","verbs":["get","list"]},
    {"resource":"serviceaccounts","responseKind":{"kind":"ServiceAccount"},"scope":"Namespaced","singularResource":"serviceaccount","verbs":["get","list"]}]}]}]})";

// How the API refuses ("kind: Status").
HttpSaid refusal(int status, const std::string& message) {
  return {status, R"({"kind":"Status","apiVersion":"v1","status":"Failure","message":")" + message +
                      R"(","code":)" + std::to_string(status) + "}"};
}

std::string config_map(const std::string& name, const std::string& value, const std::string& more = "") {
  return R"({"metadata":{"name":")" + name + R"(","namespace":"prod")" + more + R"(},"data":{"x":")" + value +
         R"("}})";
}

// One page; `next`: where the next one begins.
HttpSaid page(const std::string& items, const std::string& next = "") {
  return {200, R"({"metadata":{"continue":")" + next + R"("},"items":[)" + items + "]}"};
}

class LiveTest : public testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    std::string git;
    for (const char* name : {"a", "b", "c"})
      git += "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + std::string(name) +
             ", namespace: prod}\ndata: {x: '1'}\n";
    git += "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: robot, namespace: prod}\n";
    std::ofstream(folder_.path() + "/git.yaml") << git;
    said_["/version"] = {200, R"({"gitVersion":"v1.34.4"})"};
    said_["/api"] = {200, kDiscovery, "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"};
    said_["/apis"] = {200,
                      R"({"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","items":[]})",
                      "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"};
    said_["configmaps"] = page(config_map("a", "1"), "second");
    said_["serviceaccounts"] = page(R"({"metadata":{"name":"robot","namespace":"prod"}})");
  }

  // What the server says of the second page of ConfigMaps.
  void second_page(HttpSaid said) { said_["configmaps second"] = std::move(said); }

  ReleaseDrift run() {
    test::Server server(test::http_handler([this](const HttpSeen& seen) { return answer(seen); }));
    KubeAccess access;
    access.server = "http://" + server.address();
    Network network;
    KubeClient client(network, access);
    DriftCluster cluster(client);
    DriftCheck check;
    check.release = "shop";
    check.ns = "prod";
    check.with_release = false;
    check.git = parse_git_side(folder_.path() + "/git.yaml", {});
    const DriftRules rules;
    const Context context(Deadline::in(std::chrono::seconds(20)), never_);
    return check_drift(check, &cluster, {Schema::built_in().value(), rules, MaskKey::random()}, context)
        .value();
  }

  static std::vector<std::string> told(const ReleaseDrift& drift) {
    std::vector<std::string> out;
    for (const auto& one : drift.objects)
      out.push_back(one.id.name + " " + std::string(name_of(one.verdict)) +
                    (one.code.empty() ? "" : " " + one.code));
    return out;
  }

  static int exit_code(ReleaseDrift drift) {
    DriftReport report;
    report.releases.push_back(std::move(drift));
    return drift_exit_code(report, default_fail_on(), false);
  }

  int asked(const std::string& what) {
    const std::lock_guard lock(mutex_);
    return asked_[what];
  }

  std::map<std::string, HttpSaid> said_;  // by path, or by the plural, with the page that is asked for

 private:
  HttpSaid answer(const HttpSeen& seen) {
    auto what = seen.target;
    for (const std::string plural : {"configmaps", "serviceaccounts"}) {
      if (!what.starts_with("/api/v1/namespaces/prod/" + plural + "?")) continue;
      const auto at = what.find("continue=");
      what = at == std::string::npos ? plural : plural + " " + what.substr(at + 9);
    }
    const std::lock_guard lock(mutex_);
    ++asked_[what];
    const auto found = said_.find(what);
    return found == said_.end() ? refusal(404, "not found") : found->second;
  }

  PrivateFolder folder_ = PrivateFolder::make().value();
  Stop never_;
  std::mutex mutex_;
  std::map<std::string, int> asked_;
};

using Told = std::vector<std::string>;

}  // namespace

TEST_F(LiveTest, AllPagesAreRead) {
  second_page(page(config_map("b", "1") + "," + config_map("c", "1")));
  const auto drift = run();
  EXPECT_EQ(told(drift), (Told{"a same", "b same", "c same", "robot same"}));
  EXPECT_TRUE(drift.problems.empty()) << drift.problems.front().message;
  EXPECT_EQ(exit_code(drift), 0);
}

// What was not seen may be on the pages that did not come, so nothing is missing.
TEST_F(LiveTest, AListThatBreaksOffLeavesWhatWasSeenAndTheOtherKinds) {
  auto later = refusal(500, "etcd is away");
  later.headers = "Retry-After: 3600\r\n";  // longer than there is time
  for (const auto& [said, code] :
       {std::pair{refusal(403, R"(User \"ci\" cannot list)"), "kube.forbidden"},
        {refusal(410, "The provided continue parameter is too old"), "kube.expired"},
        {refusal(400, "continue key is not valid"), "kube.invalid"},
        {later, "kube.server"},
        {HttpSaid{200, R"({"metadata":{},"items":[{"metadata":)"}, "drift.manifest"}}) {
    second_page(said);
    const auto drift = run();
    const auto error = " error " + std::string(code);
    EXPECT_EQ(told(drift), (Told{"a same", "b" + error, "c" + error, "robot same"}));
    ASSERT_EQ(drift.problems.size(), 1U) << code;
    EXPECT_EQ(drift.problems[0].code, code);
    EXPECT_TRUE(drift.problems[0].message.starts_with("the list of configmaps broke off: "))
        << drift.problems[0].message;
    EXPECT_EQ(exit_code(drift), 3) << code;
  }
}

// An answer that is no list has no objects to miss.
TEST_F(LiveTest, AnAnswerThatIsNoListIsNoEmptyList) {
  second_page(page(config_map("b", "1") + "," + config_map("c", "1")));
  for (const auto* body :
       {"{}", R"({"items":{}})", R"({"items":[{"metadata":{}}]})", R"({"items":[7]})", "[]"}) {
    said_["serviceaccounts"] = {200, body};
    const auto drift = run();
    EXPECT_EQ(told(drift), (Told{"a same", "b same", "c same", "robot error drift.manifest"})) << body;
    EXPECT_EQ(exit_code(drift), 3) << body;
  }
  for (const auto* body : {R"({"items":null})", R"({"items":[]})"}) {
    said_["serviceaccounts"] = {200, body};
    EXPECT_EQ(told(run()), (Told{"a same", "b same", "c same", "robot missing"})) << body;
  }
}

// Also where all that is declared was seen: what nobody declares may be on the other pages.
TEST_F(LiveTest, AListThatBreaksOffAfterAllThatIsDeclaredIsAProblem) {
  said_["configmaps"] =
      page(config_map("a", "1") + "," + config_map("b", "1") + "," + config_map("c", "1"), "second");
  second_page(refusal(410, "too old"));
  const auto drift = run();
  EXPECT_EQ(told(drift), (Told{"a same", "b same", "c same", "robot same"}));
  EXPECT_EQ(drift.problems.size(), 1U);
  EXPECT_EQ(exit_code(drift), 3);
}

TEST_F(LiveTest, DriftThatWasSeenBeforeAListBrokeOffIsTold) {
  said_["configmaps"] = page(config_map("a", "2") + "," +
                                 config_map("z", "1",
                                            R"(,"annotations":{"meta.helm.sh/release-name":"shop",)"
                                            R"("meta.helm.sh/release-namespace":"prod"})"),
                             "second");
  second_page(refusal(403, "forbidden"));
  const auto drift = run();
  EXPECT_EQ(told(drift),
            (Told{"a changed", "b error kube.forbidden", "c error kube.forbidden", "robot same", "z extra"}));
  EXPECT_EQ(exit_code(drift), 1);
}

TEST_F(LiveTest, AKindThatMayNotBeListedAtAllIsNotBrokenOff) {
  said_["configmaps"] = refusal(403, "forbidden");
  const auto drift = run();
  EXPECT_EQ(told(drift), (Told{"a error kube.forbidden", "b error kube.forbidden", "c error kube.forbidden",
                               "robot same"}));
  EXPECT_TRUE(drift.problems.empty()) << drift.problems.front().message;
  EXPECT_EQ(exit_code(drift), 3);
}

TEST_F(LiveTest, AServerThatIsGoneIsNotAskedForTheKindsThatAreLeft) {
  second_page({0});
  const auto drift = run();
  ASSERT_EQ(drift.objects.size(), 4U);
  EXPECT_EQ(drift.objects[0].verdict, ObjectVerdict::same);
  for (std::size_t i = 1; i < 4; ++i) {
    EXPECT_EQ(drift.objects[i].verdict, ObjectVerdict::error) << drift.objects[i].id.name;
    EXPECT_EQ(drift.objects[i].code, drift.objects[1].code);
  }
  ASSERT_EQ(drift.problems.size(), 1U);
  EXPECT_EQ(drift.problems[0].code, drift.objects[1].code);
  EXPECT_TRUE(drift.problems[0].message.starts_with("live objects could not be read: "))
      << drift.problems[0].message;
  EXPECT_EQ(asked("serviceaccounts"), 0);
  EXPECT_EQ(exit_code(drift), 3);
}

// A cluster whose version may not be read is taken for one of the tables' version.
TEST_F(LiveTest, WithoutTheVersionThereAreVerdicts) {
  second_page(page(config_map("b", "2")));
  said_["/version"] = refusal(403, R"(User \"ci\" cannot get path \"/version\")");
  const auto drift = run();
  EXPECT_EQ(told(drift), (Told{"a same", "b changed", "c missing", "robot same"}));
  EXPECT_TRUE(drift.problems.empty()) << drift.problems.front().message;
  ASSERT_EQ(drift.warnings.size(), 1U);
  EXPECT_NE(drift.warnings[0].find(R"(User "ci" cannot get path "/version")"), std::string::npos)
      << drift.warnings[0];
}

}  // namespace assay::drift

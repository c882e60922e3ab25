// The Job of a vantage at an API server that fails half-way.
#include "engine/job_place.h"

#include <gtest/gtest.h>

#include <fstream>
#include <mutex>

#include "kube/kube.h"
#include "tests/support/http_server.h"

namespace assay::test {
namespace {

// Kinds as the documentation of aggregated discovery has them
// (https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery).
std::string group(const std::string& name, const std::string& version, const std::string& resources) {
  return R"({"metadata":{"name":")" + name + R"("},"versions":[{"version":")" + version +
         R"(","resources":[)" + resources + "]}]}";
}
std::string kind(const std::string& plural, const std::string& name) {
  return R"({"resource":")" + plural + R"(","responseKind":{"kind":")" + name +
         R"("},"scope":"Namespaced","verbs":["get","list"]})";
}
const std::string& discovery() {
  static const std::string text =
      R"({"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","items":[)" +
      group("", "v1", kind("pods", "Pod") + "," + kind("services", "Service")) + "," +
      group("batch", "v1", kind("jobs", "Job")) + "," +
      group("policy", "v1", kind("poddisruptionbudgets", "PodDisruptionBudget")) + "," +
      group("autoscaling", "v2", kind("horizontalpodautoscalers", "HorizontalPodAutoscaler")) + "," +
      group("networking.k8s.io", "v1", kind("networkpolicies", "NetworkPolicy")) + "]}";
  return text;
}

class JobPlaceTest : public testing::Test {
 protected:
  // All lists are empty; what makes a Job is cut off.
  HttpSaid answer(const HttpSeen& request) {
    const std::lock_guard lock(mutex_);
    const std::string headers = "Connection: close\r\n";
    if (request.target == "/api" || request.target == "/apis")
      return {200, discovery(), "application/json", headers};
    if (request.method == "POST") return {0};
    if (request.method == "DELETE") {
      removed_.push_back(request.target);
      bodies_.push_back(request.body);
      return {200, R"({"kind":"Status","status":"Success"})", "application/json", headers};
    }
    return {200, R"({"kind":"List","metadata":{"resourceVersion":"7"},"items":[]})", "application/json",
            headers};
  }
  JobPlaceOptions options() {
    const std::string file = testing::TempDir() + "/job-place-" + std::to_string(server_.port());
    std::ofstream(file) << "apiVersion: v1\nkind: Config\ncurrent-context: a\n"
                           "contexts: [{name: a, context: {cluster: a, user: a, namespace: shop}}]\n"
                           "clusters: [{name: a, cluster: {server: 'http://"
                        << server_.address() << "'}}]\nusers: [{name: a, user: {token: t}}]\n";
    KubeOptions where;
    where.kubeconfig = file;
    JobPlaceOptions made;
    made.kube = std::make_shared<Kube>(network_, where, process_environment());
    made.run = "abc123";
    made.image = "assay:1";
    made.spec = Value::object();
    made.deadline = Deadline::in(std::chrono::seconds(30));
    return made;
  }
  Context context() const { return {Deadline::in(std::chrono::seconds(20)), never_}; }

  Network network_;
  Stop never_;
  std::mutex mutex_;
  std::vector<std::string> removed_;
  std::vector<std::string> bodies_;
  Server server_{http_handler([this](const HttpSeen& request) { return answer(request); })};
};

}  // namespace

// The Job may be there although nobody said so: it is removed by its name.
TEST_F(JobPlaceTest, ACreationThatWasCutOffIsTakenBack) {
  JobPlace place(options());
  const auto started = place.start(context());
  ASSERT_FALSE(started);
  EXPECT_TRUE(place.remove(context()));
  ASSERT_EQ(removed_.size(), 1U);
  EXPECT_EQ(removed_[0].find("/apis/batch/v1/namespaces/shop/jobs/assay-abc123-0-1"), 0U) << removed_[0];
  EXPECT_EQ(bodies_[0].find("uid"), std::string::npos) << bodies_[0];
  // Once.
  EXPECT_TRUE(place.remove(context()));
  EXPECT_EQ(removed_.size(), 1U);
}

}  // namespace assay::test

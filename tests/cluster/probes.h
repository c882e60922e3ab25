// Probes of Kubernetes against a real cluster.
#pragma once

#include <algorithm>

#include "cli/probes.h"
#include "core/yaml.h"
#include "tests/cluster/cluster.h"
#include "tests/support/declared.h"

namespace assay::test {

class KubeProbesTest : public ClusterTest {
 protected:
  void SetUp() override {
    ClusterTest::SetUp();
    kube_ = std::make_unique<Kube>(network_, options_, process_environment());
  }

  // What follows is asked as this user, whom nothing is allowed yet.
  void act_as(const std::string& user) {
    KubeOptions options = options_;
    options.as = user;
    kube_ = std::make_unique<Kube>(network_, options, process_environment());
  }
  // One attempt of a probe with `params`, a map in YAML's flow style in which NS stands for the test's
  // namespace.
  Result<void> observe(const std::string& name, std::string params) {
    for (auto at = params.find("NS"); at != std::string::npos; at = params.find("NS"))
      params.replace(at, 2, ns_);
    const Value given = parse_yaml(params, 0).value();
    const auto probe =
        std::find_if(probes_.begin(), probes_.end(), [&](const Probe& one) { return one.name == name; });
    EXPECT_NE(probe, probes_.end());
    for (const FieldProblem& problem : check_fields(given, probe->params, name))
      ADD_FAILURE() << problem.message;
    what = Value::object();
    SecretStore secrets;
    Attempt attempt{given, probe->params, secrets, network_, context(time_), what, 1, "test", kube_.get()};
    const auto done = probe->observe(attempt);
    // What it shows is what its table declares.
    EXPECT_EQ(undeclared(what, name), "") << to_json(what, 1);
    return done;
  }
  // Repeats it until it ends with `code` and a message that holds `text`; an empty code: until it succeeds.
  void becomes(const std::string& name, const std::string& params, const std::string& code,
               const std::string& text) {
    const Deadline end = Deadline::in(std::chrono::seconds(30));
    Result<void> last;
    while (!end.passed()) {
      last = observe(name, params);
      if (code.empty()
              ? last.has_value()
              : !last && last.error().code == code && last.error().message.find(text) != std::string::npos)
        return;
      ASSERT_TRUE(context().pause(Deadline::in(std::chrono::milliseconds(200)), "test"));
    }
    FAIL() << "not " << code << " with " << text << " but "
           << (last ? "ok" : last.error().code + ": " + last.error().message) << "\n"
           << to_json(what, 1);
  }
  void make(const std::string& kind, const std::string& yaml) {
    const auto made = client_->create(resource(kind), ns_, parse_yaml(yaml, 0).value(), context(), trace_);
    ASSERT_TRUE(made) << made.error().message;
  }
  void remove(const std::string& kind, const std::string& name) {
    const auto removed = client_->remove(resource(kind), ns_, name, "", context(), trace_);
    EXPECT_TRUE(removed) << removed.error().message;
  }
  // A pod of the image that the cluster's own DNS runs, which is the one image that is always there.
  void make_pod(const std::string& name, const std::string& more) {
    make("pods", "{apiVersion: v1, kind: Pod, metadata: {name: " + name + ", labels: {app: " + name +
                     "}}, spec: {terminationGracePeriodSeconds: 0, containers: [{name: main, " + more +
                     "}]}}");
  }
  std::string image() {
    const auto dns = client_->get(resource("deploy"), "kube-system", "coredns", context(), trace_);
    EXPECT_TRUE(dns);
    return dns->find("spec")
        ->find("template")
        ->find("spec")
        ->find("containers")
        ->items()
        .front()
        .get("image");
  }

  Probes probes_ = offered_probes();
  std::unique_ptr<Kube> kube_;
  Value what;
  Duration time_ = std::chrono::seconds(20);  // of one attempt
};

}  // namespace assay::test

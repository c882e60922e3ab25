// The probes of Kubernetes against a real cluster.
#include <algorithm>

#include "core/base64.h"
#include "core/yaml.h"
#include "probes/probe.h"
#include "tests/cluster/cluster.h"

namespace assay {
namespace {

class KubeProbesTest : public test::ClusterTest {
 protected:
  void SetUp() override {
    test::ClusterTest::SetUp();
    kube_ = std::make_unique<Kube>(network_, options_, process_environment());
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
    Attempt attempt{given, probe->params, secrets, network_, context(), what, 1, "test", kube_.get()};
    return probe->observe(attempt);
  }
  // Repeats it until it ends with `code` and a message that holds `text`.
  void becomes(const std::string& name, const std::string& params, const std::string& code,
               const std::string& text) {
    const Deadline end = Deadline::in(std::chrono::seconds(60));
    Result<void> last;
    while (!end.passed()) {
      last = observe(name, params);
      if (!last && last.error().code == code && last.error().message.find(text) != std::string::npos) return;
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

  Probes probes_ = all_probes();
  std::unique_ptr<Kube> kube_;
  Value what;
};

}  // namespace

TEST_F(KubeProbesTest, AnObjectIsShownWithoutWhatNobodyAsksFor) {
  ASSERT_TRUE(observe("kube.object", "{kind: ns, name: NS}"));
  EXPECT_EQ(what.find("status")->get("phase"), "Active");
  EXPECT_EQ(what.find("metadata")->find("managedFields"), nullptr);
  ASSERT_NE(what.find("phases"), nullptr);

  const auto missing = observe("kube.object", "{kind: Deployment, name: none, namespace: NS}");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, "kube.not-found");
}

TEST_F(KubeProbesTest, ASecretsValuesAreNeverShown) {
  make("secrets",
       "{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {GOOD: a-real-value, LINE: "
       "\"text\\n\", EMPTY: '', "
       "HOLDER: changeme}}");
  ASSERT_TRUE(observe("kube.object", "{kind: Secret, name: s, namespace: NS}"));
  EXPECT_EQ(what.find("data")->find("GOOD")->get_int("bytes"), 12);
  EXPECT_EQ(to_json(what).find(encode_base64("a-real-value")), std::string::npos);

  ASSERT_TRUE(observe("secret.keys", "{name: s, namespace: NS, keys: [GOOD, LINE, EMPTY, HOLDER, NONE]}"));
  EXPECT_EQ(to_json(*what.find("missing")), R"(["NONE"])");
  const Value& faults = *what.find("faults");
  EXPECT_EQ(faults.find("GOOD"), nullptr);
  EXPECT_EQ(faults.get("LINE"), "ends with a line break");
  EXPECT_EQ(faults.get("EMPTY"), "empty");
  EXPECT_EQ(faults.get("HOLDER"), "a placeholder");
  EXPECT_EQ(to_json(what).find("a-real-value"), std::string::npos);
}

TEST_F(KubeProbesTest, AWorkloadThatHasRolledOutIsReady) {
  ASSERT_TRUE(observe("kube.ready", "{workload: deploy/coredns, namespace: kube-system}"));
  EXPECT_EQ(what.get_int("available"), what.get_int("desired"));
  EXPECT_GE(what.get_int("total"), 1);
  const auto none = observe("kube.ready", "{selector: app=none, namespace: NS}");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, "kube.not-ready");
  EXPECT_NE(none.error().message.find("matches app=none"), std::string::npos);
  const auto job = observe("kube.ready", "{workload: cm/x, namespace: NS}");
  ASSERT_FALSE(job);
  EXPECT_EQ(job.error().code, "params.invalid");
}

TEST_F(KubeProbesTest, WhyAPodIsNotReadyIsSaid) {
  make_pod("no-image", "image: 'example.invalid/none:1'");
  make_pod("too-large", "image: '" + image() + "', resources: {requests: {cpu: '4000'}}");
  make_pod("crashing", "image: '" + image() + "', args: [-conf, /none]");
  becomes("kube.ready", "{selector: app=no-image, namespace: NS}", "kube.not-ready", "Pull");
  becomes("kube.ready", "{selector: app=too-large, namespace: NS}", "kube.not-ready", "Unschedulable");
  becomes("kube.ready", "{selector: app=crashing, namespace: NS}", "kube.not-ready", "CrashLoopBackOff");
}

TEST_F(KubeProbesTest, LabelsAreComparedWithThoseThatMayCarryThem) {
  ASSERT_TRUE(observe("kube.labelled", "{label: kubernetes.io/metadata.name=NS, allowed: [NS, gone]}"));
  EXPECT_EQ(to_json(*what.find("unexpected")), "[]");
  EXPECT_EQ(to_json(*what.find("missing")), R"(["gone"])");
  ASSERT_TRUE(observe("kube.labelled", "{label: kubernetes.io/metadata.name=NS, allowed: []}"));
  EXPECT_EQ(what.find("unexpected")->items().size(), 1U);
}

TEST_F(KubeProbesTest, AReleaseThatIsNotThere) {
  const auto none = observe("helm.release", "{release: shop, namespace: NS}");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, "helm.no-release");
}

}  // namespace assay

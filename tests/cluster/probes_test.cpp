// The probes of Kubernetes against a real cluster.
#include "tests/cluster/probes.h"

#include "core/base64.h"

namespace assay {

using KubeProbesTest = test::KubeProbesTest;

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
  becomes("kube.ready", "{selector: app=crashing, namespace: NS}", "kube.not-ready",
          "(last event: BackOff: ");
}

TEST_F(KubeProbesTest, TheLastEventSaysWhyThereIsNoPod) {
  make("resourcequotas",
       "{apiVersion: v1, kind: ResourceQuota, metadata: {name: none}, spec: {hard: {pods: '0'}}}");
  const std::string rest =
      ", metadata: {name: full}, spec: {selector: {matchLabels: {app: full}}, serviceName: full, "
      "template: {metadata: {labels: {app: full}}, spec: {containers: [{name: main, image: '" +
      image() + "'}]}}}}";
  make("statefulsets", "{apiVersion: apps/v1, kind: StatefulSet" + rest);
  becomes("kube.ready", "{workload: sts/full, namespace: NS}", "kube.not-ready",
          "(last event: FailedCreate: ");
  std::string deployment = "{apiVersion: apps/v1, kind: Deployment" + rest;
  deployment.replace(deployment.find("serviceName: full, "), 19, "");
  make("deployments", deployment);
  becomes("kube.ready", "{workload: deploy/full, namespace: NS}", "kube.not-ready",
          "its pods cannot be made: ");
  EXPECT_EQ(what.get("revision"), "1");
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

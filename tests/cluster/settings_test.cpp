// Probes of what applications are given: ExternalSecrets, ConfigMaps; and the tests of a release.
#include "tests/cluster/chart.h"
#include "tests/cluster/probes.h"

namespace assay {
namespace {

class SettingsTest : public test::KubeProbesTest {
 protected:
  void TearDown() override {
    if (crd_) {
      const auto removed = client_->remove(resource("crd"), "", kCrd, "", context(), trace_);
      EXPECT_TRUE(removed) << removed.error().message;
    }
    test::KubeProbesTest::TearDown();
  }
  // The operator cannot be had here; its kind can, and its status is written by whoever likes.
  void know_external_secrets() {
    const auto made = client_->create(
        resource("crd"), "",
        parse_yaml("{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: "
                   "externalsecrets.external-secrets.io}, spec: {group: external-secrets.io, scope: "
                   "Namespaced, names: "
                   "{kind: ExternalSecret, plural: externalsecrets, singular: externalsecret}, versions: "
                   "[{name: v1, "
                   "served: true, storage: true, subresources: {status: {}}, schema: {openAPIV3Schema: "
                   "{type: object, "
                   "x-kubernetes-preserve-unknown-fields: true}}}]}}",
                   0)
            .value(),
        context(), trace_);
    crd_ = made.has_value();
    if (!made) {
      EXPECT_EQ(made.error().code, "kube.conflict") << made.error().message;
    }
    becomes("externalsecret.synced", "{name: none, namespace: NS}", "kube.not-found", "none");
  }
  // An ExternalSecret with this status.
  void make_external(const std::string& name, const std::string& status) {
    const auto kind = client_->resource("externalsecrets", "", context(), trace_);
    ASSERT_TRUE(kind) << kind.error().message;
    const auto made = client_->create(
        *kind, ns_,
        parse_yaml("{apiVersion: " + kind->api_version() +
                       ", kind: ExternalSecret, metadata: {name: " + name +
                       "}, spec: {refreshInterval: 1h, secretStoreRef: {name: vault}, target: {name: made}}}",
                   0)
            .value(),
        context(), trace_);
    ASSERT_TRUE(made) << made.error().message;
    KubeRequest request;
    request.method = "PATCH";
    request.path = kind->path(ns_, name) + "/status";
    request.content_type = "application/merge-patch+json";
    request.body = to_json(Value::object({{"status", parse_yaml(status, 0).value()}}));
    const auto written = client_->call(request, context(), trace_);
    ASSERT_TRUE(written) << written.error().message;
  }

  static constexpr const char* kCrd = "externalsecrets.external-secrets.io";
  bool crd_ = false;
};

class HelmTestTest : public test::KubeProbesTest {
 protected:
  // A test pod of the image that is always there.
  std::string pod(const std::string& name, const std::string& notes, const std::string& container) {
    return "apiVersion: v1\nkind: Pod\nmetadata:\n  name: " + name + "\n  annotations: {helm.sh/hook: test" +
           notes +
           "}\nspec:\n  restartPolicy: Never\n  terminationGracePeriodSeconds: 0\n  containers: [{name: "
           "main, " +
           container + "}]\n";
  }
  std::string helm(const std::vector<std::string>& words, int exit_code = 0) {
    return tiny_.helm(ns_, words, context(std::chrono::seconds(60)), "secret", exit_code);
  }
  bool exists(const std::string& name) {
    return client_->get(resource("pods"), ns_, name, context(), trace_).has_value();
  }

  test::TestChart tiny_;
};

}  // namespace

TEST_F(SettingsTest, AnExternalSecretIsSyncedOrSaysWhyNot) {
  know_external_secrets();
  make_external("fresh",
                "{refreshTime: '2026-01-01T00:00:00Z', conditions: [{type: Ready, status: 'True', reason: "
                "SecretSynced}]}");
  becomes("externalsecret.synced", "{name: fresh, namespace: NS}", "externalsecret.not-synced",
          "its Secret made does not exist");
  make("secrets",
       "{apiVersion: v1, kind: Secret, metadata: {name: made}, stringData: {PASSWORD: a-real-value}}");
  becomes("externalsecret.synced", "{name: fresh, namespace: NS}", "", "");
  EXPECT_EQ(to_json(what).find("a-real-value"), std::string::npos);
  EXPECT_EQ(what.get("store"), "vault");
  becomes("externalsecret.synced", "{name: fresh, namespace: NS, max_age: 1h}", "externalsecret.not-synced",
          "was refreshed ");
  make_external("denied",
                "{refreshTime: '2026-01-01T00:00:00Z', conditions: [{type: Ready, status: 'False', reason: "
                "SecretSyncedError, message: permission denied}]}");
  becomes("externalsecret.synced", "{name: denied, namespace: NS}", "externalsecret.not-synced",
          "denied is not Ready: SecretSyncedError: permission denied");
  make_external("new", "{}");
  becomes("externalsecret.synced", "{name: new, namespace: NS}", "externalsecret.not-synced",
          "no controller has looked at it");
  make_external("never", "{conditions: [{type: Ready, status: 'True'}]}");
  becomes("externalsecret.synced", "{name: never, namespace: NS}", "externalsecret.not-synced",
          "no refreshTime");
  make_external("behind",
                "{refreshTime: '2026-01-01T00:00:00Z', syncedResourceVersion: 1-abc, conditions: [{type: "
                "Ready, status: 'True'}]}");
  becomes("externalsecret.synced", "{name: behind, namespace: NS}", "", "");
  const auto patched =
      client_->patch(resource("externalsecrets"), ns_, "behind", KubeClient::Patch::merge,
                     parse_yaml("{spec: {refreshInterval: 2h}}", 0).value(), context(), trace_);
  ASSERT_TRUE(patched) << patched.error().message;
  becomes("externalsecret.synced", "{name: behind, namespace: NS}", "externalsecret.not-synced",
          "generation 2, synced 1");
}

TEST_F(SettingsTest, AConfigMapsAddressesAnswer) {
  const std::string server = client_->access().server;
  make("configmaps", "{apiVersion: v1, kind: ConfigMap, metadata: {name: good}, data: {API_URL: '" + server +
                         "/healthz', TOPIC: shop.events, EMPTY: ''}}");
  ASSERT_TRUE(observe("configmap.contract", "{name: good, namespace: NS, keys: [API_URL, TOPIC]}"));
  ASSERT_EQ(what.find("endpoints")->items().size(), 1U);
  EXPECT_EQ(what.find("endpoints")->items().front().get("address"), server.substr(server.find("//") + 2));
  becomes("configmap.contract", "{name: good, namespace: NS, keys: [API_URL, EMPTY, NONE]}", "configmap.keys",
          "ConfigMap good: EMPTY is empty, NONE is missing");
  make("configmaps", "{apiVersion: v1, kind: ConfigMap, metadata: {name: bad}, data: {API_URL: '" + server +
                         "', REDIS_URL: 'redis://user:a-password@127.0.0.1:1/0'}}");
  becomes("configmap.contract", "{name: bad, namespace: NS, keys: [REDIS_URL]}", "connect.refused",
          "REDIS_URL names 127.0.0.1:1: ");
  EXPECT_EQ(to_json(what).find("a-password"), std::string::npos);
  ASSERT_TRUE(
      observe("configmap.contract", "{name: bad, namespace: NS, keys: [REDIS_URL], skip: [REDIS_URL]}"));
  ASSERT_TRUE(observe("configmap.contract", "{name: bad, namespace: NS, keys: [REDIS_URL], connect: false}"));
  becomes("configmap.contract", "{name: none, namespace: NS, keys: [A]}", "kube.not-found", "none");
  becomes("configmap.contract", "{name: bad, namespace: NS, keys: []}", "params.invalid", "keys");
}

TEST_F(HelmTestTest, TestsRunInOrderAndTheirLogsAreShown) {
  tiny_.write("templates/a.yaml",
              pod("second", ", helm.sh/hook-weight: '2'", "image: '" + image() + "', args: [-version]"));
  tiny_.write("templates/b.yaml",
              pod("first", ", helm.sh/hook-delete-policy: 'before-hook-creation,hook-succeeded'",
                  "image: '" + image() + "', args: [-version]"));
  helm({"install", "tiny", tiny_.path()});
  const auto images = observe("kube.images", "{release: tiny, namespace: NS}");
  ASSERT_TRUE(images) << images.error().message;
  EXPECT_EQ(what.find("needed")->items().size(), 1U);
  for (int run = 0; run < 2; ++run) {
    const auto done = observe("helm.test", "{release: tiny, namespace: NS}");
    ASSERT_TRUE(done) << done.error().message;
    const Value::Array& tests = what.find("tests")->items();
    ASSERT_EQ(tests.size(), 2U);
    EXPECT_EQ(tests[0].get("name"), "first");
    EXPECT_NE(tests[1].get("log").find("CoreDNS-"), std::string::npos) << to_json(tests[1]);
    EXPECT_TRUE(exists("second"));
  }
  const Deadline end = Deadline::in(std::chrono::seconds(20));
  while (exists("first") && !end.passed())
    ASSERT_TRUE(context().pause(Deadline::in(std::chrono::milliseconds(100)), "test"));
  EXPECT_FALSE(exists("first"));
  // As Helm itself sees it.
  EXPECT_NE(helm({"test", "tiny"}).find("Phase:          Succeeded"), std::string::npos);
}

TEST_F(HelmTestTest, ATestThatFailsSaysWhy) {
  tiny_.write("templates/a.yaml", pod("broken", ", helm.sh/hook-delete-policy: hook-failed",
                                      "image: '" + image() + "', args: [-conf, /none]"));
  helm({"install", "tiny", tiny_.path()});
  becomes("helm.test", "{release: tiny, namespace: NS}", "helm.test-failed",
          "test broken failed: container main ended with 1 (Error); its log ends: ");
  EXPECT_FALSE(what.find("tests")->items().front().get("log").empty());
  const Deadline end = Deadline::in(std::chrono::seconds(20));
  while (exists("broken") && !end.passed())
    ASSERT_TRUE(context().pause(Deadline::in(std::chrono::milliseconds(100)), "test"));
  EXPECT_FALSE(exists("broken"));
  helm({"test", "tiny", "--timeout", "5s"}, 1);
}

TEST_F(HelmTestTest, ATestThatDoesNotEndIsTakenAway) {
  tiny_.write("templates/a.yaml", pod("stuck", "", "image: 'example.invalid/none:1'"));
  helm({"install", "tiny", tiny_.path()});
  time_ = std::chrono::seconds(5);
  const auto done = observe("helm.test", "{release: tiny, namespace: NS}");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, "helm.test-failed");
  EXPECT_NE(done.error().message.find("stuck has not ended in time: container main waits: "),
            std::string::npos)
      << done.error().message;
  const Deadline end = Deadline::in(std::chrono::seconds(20));
  while (exists("stuck") && !end.passed())
    ASSERT_TRUE(context().pause(Deadline::in(std::chrono::milliseconds(100)), "test"));
  EXPECT_FALSE(exists("stuck"));
}

TEST_F(HelmTestTest, NothingElseIsRemovedToMakeRoom) {
  tiny_.write("templates/a.yaml", pod("taken", "", "image: '" + image() + "', args: [-version]"));
  helm({"install", "tiny", tiny_.path()});
  make_pod("taken", "image: '" + image() + "'");
  becomes("helm.test", "{release: tiny, namespace: NS}", "kube.conflict", "Pod taken exists and is no test");
  EXPECT_TRUE(exists("taken"));
}

TEST_F(HelmTestTest, ComputedValuesAreThoseThatHelmComputes) {
  tiny_.write("values.yaml", "a: {b: 1, c: 2, gone: 3}\nlist: [1, 2]\nkept: text\n");
  helm({"install", "tiny", tiny_.path(), "--set", "a.b=9,a.gone=null,list={3},new=true"});
  ASSERT_TRUE(observe("helm.release", "{release: tiny, namespace: NS, computed: true}"));
  const auto all = parse_json(helm({"get", "values", "tiny", "--all", "--output", "json"}));
  ASSERT_TRUE(all);
  EXPECT_TRUE(*what.find("values") == *all) << to_json(what) << to_json(*all);
  ASSERT_TRUE(observe("helm.release", "{release: tiny, namespace: NS}"));
  EXPECT_EQ(what.find("values")->find("kept"), nullptr);
}

TEST_F(HelmTestTest, AReleaseWithoutTestsDoesNotPass) {
  helm({"install", "tiny", tiny_.path()});
  becomes("helm.test", "{release: tiny, namespace: NS}", "helm.no-tests", "release tiny has no tests");
  becomes("kube.images", "{release: tiny, namespace: NS}", "kube.image-missing", "names no image");
}

}  // namespace assay

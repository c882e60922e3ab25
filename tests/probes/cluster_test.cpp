// What the probes of a cluster compute without one.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "core/yaml.h"
#include "probes/config_address.h"
#include "probes/helm_hooks.h"
#include "probes/kube_image_name.h"
#include "probes/kube_images.h"
#include "probes/kube_reads.h"
#include "probes/kube_requests.h"
#include "probes/kube_rules.h"
#include "probes/tool_version.h"

namespace assay {
namespace {

Value yaml(const std::string& text) { return parse_yaml(text, 0).value(); }

std::string found(const std::map<std::string, std::string>& data) {
  std::string text;
  for (const ConfigAddress& one : addresses_in(data))
    text += (text.empty() ? "" : " ") + one.key + "=" + one.text();
  return text;
}

}  // namespace

TEST(KubeQuantity, IsReadInThousandthsAndRoundedUp) {
  EXPECT_EQ(milli_of("0.1"), 100);
  EXPECT_EQ(milli_of("100m"), 100);
  EXPECT_EQ(milli_of("1500u"), 2);
  EXPECT_EQ(milli_of("1n"), 1);
  EXPECT_EQ(milli_of("2"), 2000);
  EXPECT_EQ(milli_of("1Ki"), 1024000);
  EXPECT_EQ(milli_of("1.5Gi"), 1610612736000);
  EXPECT_EQ(milli_of("24581256Ki"), 25171206144000);
  EXPECT_EQ(milli_of("128e6"), 128000000000);
  EXPECT_EQ(milli_of("1E3"), 1000000);
  EXPECT_EQ(milli_of("1E"), std::nullopt);  // an exa: more than fits
  EXPECT_EQ(milli_of("-1"), -1000);
  for (const char* wrong : {"", "m", "1.2.3", "1 Gi", "1Kb", "1e", "0x10", "9Ei"})
    EXPECT_EQ(milli_of(wrong), std::nullopt) << wrong;
}

TEST(KubeGlob, StarsStandForAnything) {
  EXPECT_TRUE(matches_glob("docker.io/bitnami/kafka", "docker.io/bitnami/*"));
  EXPECT_FALSE(matches_glob("docker.io/bitnamilegacy/kafka", "docker.io/bitnami/*"));
  EXPECT_TRUE(matches_glob("a.example.org", "*.example.org"));
  EXPECT_TRUE(matches_glob("xaxbx", "*a*b*"));
  EXPECT_FALSE(matches_glob("xaxbx", "*a*c*"));
  EXPECT_FALSE(matches_glob("", "a"));
  EXPECT_TRUE(matches_glob("", "*"));
}

TEST(KubeImageName, IsFilledInAsDockerDoes) {
  EXPECT_EQ(read_image_name("redis:7.2.4-alpine").text(), "docker.io/library/redis:7.2.4-alpine");
  EXPECT_EQ(read_image_name("redis").text(), "docker.io/library/redis:latest");
  EXPECT_EQ(read_image_name("bitnami/kafka:3").text(), "docker.io/bitnami/kafka:3");
  EXPECT_EQ(read_image_name("docker.io/redis:7").text(), "docker.io/library/redis:7");
  EXPECT_EQ(read_image_name("index.docker.io/a/b:1").text(), "docker.io/a/b:1");
  EXPECT_EQ(read_image_name("localhost/pause:1").text(), "localhost/pause:1");
  EXPECT_EQ(read_image_name("registry:5000/a").text(), "registry:5000/a:latest");
  EXPECT_EQ(read_image_name("ghcr.io/a/b@sha256:aa").text(), "ghcr.io/a/b@sha256:aa");
  EXPECT_TRUE(read_image_name("redis:7@sha256:aa").is(read_image_name("docker.io/library/redis@sha256:aa")));
  EXPECT_FALSE(read_image_name("redis:7@sha256:aa").is(read_image_name("redis:7")));
  EXPECT_FALSE(read_image_name("redis").is(read_image_name("redis@sha256:aa")));
}

TEST(KubeImages, AreCollectedFromAManifest) {
  std::set<std::string> images;
  collect_images(
      "---\n# Source: a\nkind: Deployment\nspec: {template: {spec: {initContainers: [{image: a:1}], "
      "containers: "
      "[{image: b:1}]}}}\n---\nkind: CronJob\nspec: {jobTemplate: {spec: {template: {spec: {containers: "
      "[{image: "
      "c:1}]}}}}}\n---\nkind: ConfigMap\ndata: {image: no:1, text: \"image: no:2\"}\n"
      "---\nkind: Pod\nspec:\n  containers:\n  - image: \"d:1\" # the fourth\n    resources: {limits: {cpu: "
      "0.10}}\n"
      "---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\ncontainers: [{image: "
      "no:3}]\n",
      images);
  EXPECT_EQ(images, (std::set<std::string>{"a:1", "b:1", "c:1", "d:1"}));
  collect_images("---", images);
  collect_images("image", images);
  EXPECT_EQ(images.size(), 4U);
}

TEST(KubeRequests, AreThoseThatTheSchedulerCounts) {
  const auto cpu = [](const std::string& pod) { return requests_of(yaml(pod)).cpu; };
  EXPECT_EQ(cpu("{spec: {containers: [{resources: {requests: {cpu: 100m}}}, {resources: {requests: {cpu: "
                "'1'}}}]}}"),
            1100);
  // The largest init container, where it is more than all others together.
  EXPECT_EQ(cpu("{spec: {initContainers: [{resources: {requests: {cpu: '2'}}}, {resources: {requests: {cpu: "
                "'3'}}}],"
                "containers: [{resources: {requests: {cpu: '1'}}}]}}"),
            3000);
  // A sidecar goes on beside what comes after it.
  EXPECT_EQ(cpu("{spec: {initContainers: [{restartPolicy: Always, resources: {requests: {cpu: '1'}}},"
                "{resources: {requests: {cpu: '3'}}}], containers: [{resources: {requests: {cpu: '2'}}}]}}"),
            4000);
  EXPECT_EQ(cpu("{spec: {initContainers: [{resources: {requests: {cpu: '3'}}},"
                "{restartPolicy: Always, resources: {requests: {cpu: '1'}}}],"
                "containers: [{resources: {requests: {cpu: '4'}}}]}}"),
            5000);
  EXPECT_EQ(cpu("{spec: {overhead: {cpu: 250m}, containers: [{resources: {requests: {cpu: '1'}}}]}}"), 1250);
  EXPECT_EQ(
      cpu("{spec: {resources: {requests: {cpu: '2'}}, containers: [{resources: {requests: {cpu: '1'}}}]}}"),
      2000);
  // A resize that is not done yet holds the larger of the two.
  EXPECT_EQ(cpu("{spec: {containers: [{name: a, resources: {requests: {cpu: '1'}}}]},"
                "status: {containerStatuses: [{name: a, allocatedResources: {cpu: '2'}}]}}"),
            2000);
  EXPECT_EQ(requests_of(yaml("{spec: {containers: [{resources: {requests: {memory: 1Mi}}}]}}")).memory,
            1 << 20);
  EXPECT_TRUE(holds_resources(yaml("{status: {phase: Running}}")));
  EXPECT_FALSE(holds_resources(yaml("{status: {phase: Succeeded}}")));
}

TEST(KubeRules, AreReadAsTheServerMeansThem) {
  KubeResource pods;
  pods.plural = "pods";
  KubeResource jobs;
  jobs.group = "batch";
  jobs.plural = "jobs";
  const auto may = [](const std::string& rules, const std::string& right, const KubeResource& resource) {
    return granted(yaml(rules), read_right(right).value(), resource);
  };
  const std::string one = "[{verbs: [get, list], apiGroups: [''], resources: [pods, '*/status']}]";
  EXPECT_EQ(may(one, "get pods", pods), Granted::yes);
  EXPECT_EQ(may(one, "delete pods", pods), Granted::no);
  EXPECT_EQ(may(one, "get pods/log", pods), Granted::no);
  EXPECT_EQ(may(one, "get pods/status", pods), Granted::yes);
  EXPECT_EQ(may(one, "get jobs", jobs), Granted::no);
  const std::string all = "[{verbs: ['*'], apiGroups: ['*'], resources: ['*']}]";
  EXPECT_EQ(may(all, "create pods/exec", pods), Granted::yes);
  EXPECT_EQ(may(all, "create jobs", jobs), Granted::yes);
  const std::string named = "[{verbs: [get], apiGroups: [''], resources: [pods], resourceNames: [a]}]";
  EXPECT_EQ(may(named, "get pods a", pods), Granted::yes);
  EXPECT_EQ(may(named, "get pods b", pods), Granted::no);
  EXPECT_EQ(may(named, "get pods", pods), Granted::named);
  EXPECT_FALSE(read_right("get"));
  EXPECT_FALSE(read_right("get pods/ x"));
  EXPECT_FALSE(read_right("get pods a b"));
}

TEST(ToolVersion, IsFoundInWhatToolsPrint) {
  EXPECT_EQ(version_in("docker", "Docker version 20.10.24+dfsg1, build 297e128\n"), "20.10.24+dfsg1");
  EXPECT_EQ(version_in("docker", "Docker version 28.2.2, build e6534b4\n"), "28.2.2");
  EXPECT_EQ(version_in("helm", "v3.13.3+gc8b9489\n"), "3.13.3+gc8b9489");
  EXPECT_EQ(version_in("kind", "kind v0.22.0 go1.20.13 linux/amd64\n"), "0.22.0");
  EXPECT_EQ(version_in("jq", "jq-1.6\n"), "1.6");
  EXPECT_EQ(version_in("/usr/bin/kubectl",
                       R"({"clientVersion": {"gitVersion": "v1.32.4-dispatcher", "goVersion": "go1.23.8"}})"),
            "1.32.4-dispatcher");
  EXPECT_EQ(version_in("kubectl", "no JSON 1.2"), std::nullopt);
  EXPECT_EQ(version_in("x", "version 7"), std::nullopt);
  EXPECT_EQ(version_in("x", ""), std::nullopt);
}

TEST(ToolVersion, IsComparedByItsNumbers) {
  EXPECT_LT(compare_versions("20.10.24+dfsg1", "24.0"), 0);
  EXPECT_GT(compare_versions("1.32.4-dispatcher", "1.28"), 0);
  EXPECT_EQ(compare_versions("1.28", "1.28.0"), 0);
  EXPECT_EQ(compare_versions("1.28.0-gke.100", "1.28"), 0);
  EXPECT_LT(compare_versions("1.28.0-rc.1", "1.28"), 0);
  EXPECT_GT(compare_versions("1.10", "1.9"), 0);
  EXPECT_TRUE(is_version("24"));
  EXPECT_FALSE(is_version("v24"));
  EXPECT_FALSE(is_version("1."));
}

TEST(ConfigAddress, IsFoundWhereASettingNamesOne) {
  EXPECT_EQ(found({{"POSTGRES_HOST", "db.infra.svc.cluster.local"}, {"POSTGRES_PORT", "5432"}}),
            "POSTGRES_HOST=db.infra.svc.cluster.local:5432");
  EXPECT_EQ(found({{"REDIS_URL", "redis://user:p%40ss@redis.infra.svc:6379/0"}}),
            "REDIS_URL=redis.infra.svc:6379");
  EXPECT_EQ(found({{"OPA_URL", "http://opa.infra.svc.cluster.local:8181/v1/data"}}),
            "OPA_URL=opa.infra.svc.cluster.local:8181");
  EXPECT_EQ(found({{"VAULT_ADDR", "https://vault.infra.svc"}}), "VAULT_ADDR=vault.infra.svc:443");
  EXPECT_EQ(found({{"KAFKA", "k-0.kafka:9092,k-1.kafka:9092"}}), "KAFKA=k-0.kafka:9092 KAFKA=k-1.kafka:9092");
  EXPECT_EQ(found({{"DSN", "postgresql://a:5432,b:5433/db"}}), "DSN=a:5432 DSN=b:5433");
  EXPECT_EQ(found({{"conf", "upstream = http://x.example.org/ and http://[::1]:80/\n"}}),
            "conf=x.example.org:80 conf=[::1]:80");
  EXPECT_EQ(found({{"SERVICE", "api.shop.svc"}}), "SERVICE=api.shop.svc");
  EXPECT_EQ(found({{"redis", "redis:6379"}}), "redis=redis:6379");
  EXPECT_EQ(found({{"NODE", "10.0.0.1:80"}}), "NODE=10.0.0.1:80");
}

TEST(ConfigAddress, IsNotSeenInOtherSettings) {
  for (const auto& [key, value] : std::map<std::string, std::string>{{"KAFKA_TOPIC", "sa01.events"},
                                                                     {"VERSION", "1.15.4"},
                                                                     {"IMAGE", "redis:7"},
                                                                     {"AT", "10:30"},
                                                                     {"RATIO", "1:1000"},
                                                                     {"POSTGRES_PORT", "5432"},
                                                                     {"FILE", "values.yaml"},
                                                                     {"TEXT", "see host:80 for more"},
                                                                     {"SCHEMA", "file:///etc/passwd"},
                                                                     {"EMPTY", ""},
                                                                     {"LIST", "a,b,c"}}) {
    EXPECT_EQ(found({{key, value}}), "") << key;
  }
}

TEST(HelmHooks, AreThoseForTestsInHelmsOrder) {
  HelmRelease release;
  const auto hook = [&](const std::string& name, const std::string& event, const std::string& notes) {
    release.hooks.push_back(
        {name,
         "Pod",
         "t.yaml",
         "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name + ", annotations: {" + notes + "}}\n",
         {event}});
  };
  hook("late", "test", "helm.sh/hook-weight: '5'");
  hook("b", "test", "helm.sh/hook-delete-policy: 'hook-succeeded, hook-failed'");
  hook("a", "test-success", "helm.sh/hook-delete-policy: before-hook-creation");
  hook("first", "test", "helm.sh/hook-weight: '-1'");
  hook("none", "pre-install", "");
  const auto hooks = test_hooks(release);
  ASSERT_TRUE(hooks) << hooks.error().message;
  std::string order;
  for (const TestHook& one : *hooks) order += one.name + " ";
  EXPECT_EQ(order, "first a b late ");
  EXPECT_TRUE((*hooks)[0].delete_before);
  EXPECT_FALSE((*hooks)[2].delete_before);
  EXPECT_TRUE((*hooks)[2].delete_succeeded);
  EXPECT_TRUE((*hooks)[2].delete_failed);

  release.hooks.front().manifest = "a: [";
  const auto broken = test_hooks(release);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, "helm.release");
  EXPECT_TRUE(is_test_hook(yaml("{metadata: {annotations: {helm.sh/hook: 'post-install, test'}}}")));
  EXPECT_FALSE(is_test_hook(yaml("{metadata: {name: a}}")));
}

}  // namespace assay

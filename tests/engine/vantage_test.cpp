// Where a check stands: what lint says of it, and the Job that is made of it.
#include "engine/vantage.h"

#include <gtest/gtest.h>

#include "engine/job_spec.h"
#include "kube/selector.h"
#include "tests/engine/loader_fixture.h"

namespace assay {
namespace {

Value json(std::string_view text) {
  auto value = parse_json(text);
  EXPECT_TRUE(value) << text;
  return value ? *value : Value();
}

class VantageTest : public test::LoaderFixture {};
using test::expect_has;

std::string suite(const std::string& checks) { return "assay: 1\nsuite: s\nchecks:\n" + checks; }

std::string tcp_from(const std::string& from) {
  return suite("  - {id: a, probe: tcp, with: {address: 'h:1'}, from: " + from + "}\n");
}

std::string http_from(const std::string& from) {
  return suite("  - {id: a, probe: http, with: {url: 'http://h/'}, expect: {status: 200}, from: " + from +
               "}\n");
}

std::string reach(const std::string& rest) {
  return suite(
      "  - {id: open, probe: kube.reach, with: {address: 'h:1'}}\n"
      "  - {id: other, probe: kube.reach, with: {address: 'i:1'}}\n"
      "  - {id: tcp, probe: tcp, with: {address: 'h:1'}}\n"
      "  - {id: shut, probe: kube.reach, with: {address: 'h:1'}, " +
      rest + "}\n");
}

JobRequest request() {
  JobRequest made;
  made.name = "assay-1-0-1";
  made.ns = "shop";
  made.run = "abc123";
  made.owner = "boot/1/2";
  made.image = "assay:1";
  made.deadline = std::chrono::seconds(90);
  made.spec = json(R"({"like":"deploy/shop"})");
  made.like = json(R"({"metadata":{"labels":{"app":"shop","tier":"web","pod":"x"}},
    "spec":{"serviceAccountName":"shop-sa","tolerations":[{"key":"t"}],"imagePullSecrets":[{"name":"pull"}],
      "securityContext":{"fsGroup":7,"runAsUser":0},
      "volumes":[{"name":"conf","configMap":{"name":"c"}},{"name":"unused","emptyDir":{}},
        {"name":"data","persistentVolumeClaim":{"claimName":"d"}}],
      "containers":[{"name":"web","image":"shop:1","command":["/shop"],"env":[{"name":"A","value":"b"}],
        "envFrom":[{"secretRef":{"name":"shop-runtime"}}],"volumeMounts":[{"name":"conf","mountPath":"/etc/shop"},
          {"name":"data","mountPath":"/data"},{"name":"template","mountPath":"/t"}],
        "readinessProbe":{"exec":{"command":["true"]}}},{"name":"sidecar","image":"s"}]}})");
  made.secrets = {"shop-runtime"};
  return made;
}

}  // namespace

TEST_F(VantageTest, WhatAVantageTakes) {
  EXPECT_EQ(problems_of(tcp_from("{job: {namespace: shop, like: deploy/shop}}")), "");
  EXPECT_EQ(problems_of(tcp_from("local")), "");
  expect_has(problems_of(tcp_from("{job: {namspace: shop}}")), "did you mean namespace?");
  expect_has(problems_of(tcp_from("job")), "job says more");
  expect_has(problems_of(tcp_from("{job: shop}")), "job takes a map");
  expect_has(problems_of(tcp_from("moon")), "from is local, {job: ...}");
  expect_has(problems_of(tcp_from("{exec: {pod: deploy/shop}}")), "its vantages are local, job");
  expect_has(problems_of(tcp_from("{exec: {pod: deploy/shop}}")), "a job has its own assay");
  expect_has(problems_of(suite("  - {id: a, probe: helm.release, with: {name: r}, from: {job: {}}}\n")),
             "helm.release cannot stand at job");
  EXPECT_EQ(problems_of(http_from("{forward: {to: svc/shop, port: 80}}")), "");
  expect_has(problems_of(http_from("{forward: {}}")), "forward needs to");
  expect_has(problems_of(http_from("{forward: {to: svc/shop, port: 70000}}")), "a port is from 1 to 65535");
  for (const char* probe : {"tcp", "sentinel.master", "kafka.cluster", "repmgr.cluster"})
    expect_has(
        problems_of(suite(std::string("  - {id: a, probe: ") + probe + ", from: {forward: {to: p}}}\n")),
        "only an answer tells that something is there");
  const Loaded loaded = load_text(tcp_from("{job: {namespace: shop}}"));
  ASSERT_TRUE(loaded.ok);
  EXPECT_EQ(vantage_name(loaded.plan.checks[0].from), R"(job {"namespace":"shop"})");
  const auto again = plan_from(to_value(loaded.plan));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->checks[0].from, loaded.plan.checks[0].from);
}

TEST_F(VantageTest, ClosedProvesNothingWithoutAControl) {
  EXPECT_EQ(problems_of(reach("expect: {state: closed}, control: open")), "");
  EXPECT_EQ(problems_of(reach("expect: {state: open}")), "");
  expect_has(problems_of(reach("expect: {state: closed}")), "proves nothing by itself");
  for (const char* lax :
       {"{one_of: [closed]}", "{one_of: [open, closed]}", "{ne: open}", "{matches: closed}"})
    expect_has(problems_of(reach(std::string("expect: {state: ") + lax + "}")), "proves nothing by itself");
  expect_has(problems_of(reach("defaults: none, expect: {by: drop}")), "proves nothing by itself");
  expect_has(problems_of(reach("expect: {state: closed}, control: none")), "there is no check none");
  expect_has(problems_of(reach("expect: {state: closed}, control: tcp")), "is no kube.reach");
  expect_has(problems_of(reach("expect: {state: closed}, control: other")), "is about \"i:1\"");
  expect_has(problems_of(reach("expect: {state: closed}, control: shut")), "circle");
  const Loaded loaded = load_text(reach("expect: {state: closed}, control: open"));
  ASSERT_TRUE(loaded.ok);
  EXPECT_EQ(loaded.plan.checks.back().control, loaded.plan.checks.front().id);
}

TEST(JobSpec, TakesWhatThePodTemplateGives) {
  JobRequest wanted = request();
  wanted.policies = {json(R"({"spec":{"podSelector":{"matchLabels":{"tier":"web"}}}})"),
                     json(R"({"spec":{"podSelector":{},"ingress":[{"from":[{"podSelector":
                       {"matchExpressions":[{"key":"app","operator":"In","values":["shop"]}]}}]}]}})")};
  const auto job = make_job(wanted);
  ASSERT_TRUE(job) << job.error().message;
  const Value& spec = *job->find("spec");
  EXPECT_EQ(spec.get_int("backoffLimit", -1), 0);
  EXPECT_EQ(spec.get_int("activeDeadlineSeconds"), 95);
  EXPECT_GT(spec.get_int("ttlSecondsAfterFinished"), 0);
  const Value& pod = *spec.find("template")->find("spec");
  // By the labels that policies select, and no other: a Service or a budget may select by those.
  EXPECT_EQ(to_json(*spec.find("template")->find("metadata")->find("labels")),
            R"({"app":"shop","tier":"web","app.kubernetes.io/managed-by":"assay","assay.dev/run":"abc123"})");
  EXPECT_EQ(pod.get("serviceAccountName"), "shop-sa");
  EXPECT_EQ(pod.get("restartPolicy"), "Never");
  EXPECT_EQ(to_json(*pod.find("readinessGates")), R"([{"conditionType":"assay.dev/never"}])");
  EXPECT_EQ(to_json(*pod.find("imagePullSecrets")), R"([{"name":"pull"}])");
  EXPECT_EQ(pod.find("securityContext")->get_int("fsGroup"), 7);
  EXPECT_NE(pod.find("securityContext")->get_int("runAsUser"), 0);
  EXPECT_TRUE(pod.find("securityContext")->get_bool("runAsNonRoot"));
  const Value& container = pod.find("containers")->items().front();
  EXPECT_EQ(container.get("image"), "assay:1");
  EXPECT_EQ(container.find("command"), nullptr);
  EXPECT_EQ(container.find("readinessProbe"), nullptr);
  EXPECT_EQ(to_json(*container.find("env")), R"([{"name":"A","value":"b"}])");
  EXPECT_TRUE(container.find("securityContext")->get_bool("readOnlyRootFilesystem"));
  EXPECT_NE(container.find("resources")->find("limits"), nullptr);
  EXPECT_NE(container.find("resources")->find("requests"), nullptr);
  EXPECT_EQ(pod.find("containers")->items().size(), 1U);
  const std::string volumes = to_json(*pod.find("volumes"));
  EXPECT_EQ(volumes.find("unused"), std::string::npos);
  const std::string mounts = to_json(*container.find("volumeMounts"));
  EXPECT_NE(mounts.find(R"({"name":"conf","mountPath":"/etc/shop","readOnly":true})"), std::string::npos)
      << mounts;
  for (const char* claim : {"\"data\"", "\"template\""}) {
    EXPECT_EQ(volumes.find(claim), std::string::npos) << volumes;
    EXPECT_EQ(mounts.find(claim), std::string::npos) << mounts;
  }
  EXPECT_NE(volumes.find(R"({"secretName":"shop-runtime","optional":true)"), std::string::npos) << volumes;
  EXPECT_NE(to_json(container).find("/run/assay/secrets/shop-runtime"), std::string::npos);
}

TEST(JobSpec, AContainerThatIsNotThereIsSaid) {
  JobRequest wanted = request();
  wanted.spec["container"] = "db";
  const auto job = make_job(wanted);
  ASSERT_FALSE(job);
  EXPECT_EQ(job.error().message, "deploy/shop has no container db; it has web, sidecar");
}

TEST(JobSpec, NeighboursThatWouldTakeNoticeAreNamed) {
  JobRequest wanted = request();
  Neighbours beside;
  beside.budgets = {
      json(R"({"metadata":{"name":"shop"},"spec":{"selector":{"matchLabels":{"app":"shop"}}}})")};
  EXPECT_TRUE(check_neighbours(wanted, beside));
  wanted.spec["labels"] = json(R"({"app":"shop"})");
  auto refused = check_neighbours(wanted, beside);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "vantage.refused");
  EXPECT_NE(refused.error().message.find("PodDisruptionBudget shop in shop"), std::string::npos);
  wanted.spec["allow"] = json(R"(["shop"])");
  EXPECT_TRUE(check_neighbours(wanted, beside));
  wanted.spec["allow"] = json("[]");
  beside = {};
  beside.autoscaled = {{"scale", json(R"({"matchExpressions":[{"key":"app","operator":"Exists"}]})")}};
  EXPECT_FALSE(check_neighbours(wanted, beside));
  beside = {};
  // One that sends requests to ready pods only sends none to a pod that is never ready.
  beside.services = {json(R"({"metadata":{"name":"s"},"spec":{"selector":{"app":"shop"}}})")};
  EXPECT_TRUE(check_neighbours(wanted, beside));
  beside.services[0]["spec"]["publishNotReadyAddresses"] = true;
  EXPECT_FALSE(check_neighbours(wanted, beside));
}

TEST(Selector, SelectsAsTheApiDoes) {
  const Value labels = json(R"({"a":"1","b":"2"})");
  EXPECT_TRUE(selects(json("{}"), labels));
  EXPECT_FALSE(selects(Value(), labels));
  EXPECT_FALSE(selects_plainly(json("{}"), labels));
  EXPECT_TRUE(selects(json(R"({"matchLabels":{"a":"1"}})"), labels));
  EXPECT_FALSE(selects(json(R"({"matchLabels":{"a":"1","c":"1"}})"), labels));
  const auto expression = [&](const std::string& key, const std::string& op, const std::string& values) {
    return selects(json(R"({"matchExpressions":[{"key":")" + key + R"(","operator":")" + op +
                        R"(","values":)" + values + "}]}"),
                   labels);
  };
  EXPECT_TRUE(expression("a", "In", R"(["1","9"])"));
  EXPECT_FALSE(expression("a", "In", R"(["9"])"));
  EXPECT_FALSE(expression("a", "NotIn", R"(["1"])"));
  EXPECT_TRUE(expression("c", "NotIn", R"(["1"])"));
  EXPECT_TRUE(expression("a", "Exists", "[]"));
  EXPECT_TRUE(expression("c", "DoesNotExist", "[]"));
  EXPECT_FALSE(expression("a", "DoesNotExist", "[]"));
}

}  // namespace assay

#include "kube/discovery.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

std::vector<KubeResource> resources_of(const char* json) {
  std::vector<KubeResource> resources;
  append_resources(parse_json(json).value(), resources);
  return resources;
}

// Shaped as the documentation of aggregated discovery has it
// (https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery).
constexpr const char* kAggregated =
    R"({"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","items":[
  {"metadata":{"name":null},"versions":[{"version":"v1","resources":[
    {"resource":"pods","responseKind":{"group":"","version":"","kind":"Pod"},"scope":"Namespaced","singularResource":"pod",
     "shortNames":["po"],"verbs":["get","list"],"subresources":[{"subresource":"log"}]},
    {"resource":"events","responseKind":{"kind":"Event"},"scope":"Namespaced","singularResource":"event","verbs":["list"]}]}]},
  {"metadata":{"name":"apps"},"versions":[{"version":"v1","resources":[
    {"resource":"deployments","responseKind":{"kind":"Deployment"},"scope":"Namespaced","singularResource":"deployment",
     "shortNames":["deploy"],"verbs":["get"]}]}]},
  {"metadata":{"name":"events.k8s.io"},"versions":[{"version":"v1","resources":[
    {"resource":"events","responseKind":{"kind":"Event"},"scope":"Namespaced","singularResource":"event","verbs":["list"]}]}]}]})";

}  // namespace

TEST(Discovery, AWordMeansTheKindThatKubectlWouldTake) {
  const auto resources = resources_of(kAggregated);
  ASSERT_EQ(resources.size(), 4U);
  for (const char* word : {"Pod", "pods", "po", "pod", "PODS"}) {
    const KubeResource* found = choose_resource(resources, word, "");
    ASSERT_NE(found, nullptr) << word;
    EXPECT_EQ(found->plural, "pods");
    EXPECT_TRUE(found->namespaced);
  }
  EXPECT_EQ(choose_resource(resources, "events", "")->group, "");
  EXPECT_EQ(choose_resource(resources, "events.events.k8s.io", "")->group, "events.k8s.io");
  EXPECT_EQ(choose_resource(resources, "Event", "events.k8s.io/v1")->group, "events.k8s.io");
  EXPECT_EQ(choose_resource(resources, "deploy", "")->path("shop", "web"),
            "/apis/apps/v1/namespaces/shop/deployments/web");
  EXPECT_EQ(choose_resource(resources, "deployments.v1.apps", "")->kind, "Deployment");
  EXPECT_EQ(choose_resource(resources, "log", ""), nullptr);
  EXPECT_EQ(choose_resource(resources, "deploy", "v1"), nullptr);
}

TEST(Discovery, AnOlderServersListIsRead) {
  const auto resources = resources_of(R"({"kind":"APIResourceList","groupVersion":"batch/v1","resources":[
    {"name":"jobs","singularName":"job","namespaced":true,"kind":"Job","verbs":["get"]},
    {"name":"jobs/status","singularName":"","namespaced":true,"kind":"Job","verbs":["get"]}]})");
  ASSERT_EQ(resources.size(), 1U);
  EXPECT_EQ(resources[0].api_version(), "batch/v1");
  EXPECT_EQ(resources[0].path("", ""), "/apis/batch/v1/jobs");
}

TEST(Discovery, NamesAreEscapedInPaths) {
  KubeResource resource;
  resource.version = "v1";
  resource.plural = "secrets";
  resource.namespaced = true;
  EXPECT_EQ(resource.path("a/b", "x?y"), "/api/v1/namespaces/a%2Fb/secrets/x%3Fy");
}

}  // namespace assay

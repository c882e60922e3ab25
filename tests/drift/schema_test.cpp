#include "drift/schema.h"

#include "tests/drift/normalised.h"

namespace assay::drift {
namespace {

const Type* at(const Type* type, std::initializer_list<std::string_view> path) {
  for (const auto step : path) {
    if (type == nullptr) return nullptr;
    if (step == "*") {
      type = type->element;
    } else {
      const auto* field = type->field(step);
      type = field == nullptr ? nullptr : field->type;
    }
  }
  return type;
}

TEST(BuiltInSchema, KnowsTheKindsThatChartsUse) {
  const auto schema = Schema::built_in().value();
  for (const auto& [version, kind] : {std::pair{"v1", "Service"},
                                      {"v1", "Secret"},
                                      {"v1", "PersistentVolumeClaim"},
                                      {"apps/v1", "Deployment"},
                                      {"apps/v1", "StatefulSet"},
                                      {"apps/v1", "DaemonSet"},
                                      {"batch/v1", "Job"},
                                      {"batch/v1", "CronJob"},
                                      {"autoscaling/v1", "HorizontalPodAutoscaler"},
                                      {"autoscaling/v2", "HorizontalPodAutoscaler"},
                                      {"policy/v1", "PodDisruptionBudget"},
                                      {"networking.k8s.io/v1", "Ingress"},
                                      {"networking.k8s.io/v1", "NetworkPolicy"},
                                      {"rbac.authorization.k8s.io/v1", "RoleBinding"},
                                      {"coordination.k8s.io/v1", "Lease"},
                                      {"discovery.k8s.io/v1", "EndpointSlice"},
                                      {"events.k8s.io/v1", "Event"}}) {
    const auto* found = schema->find(version, kind);
    ASSERT_NE(found, nullptr) << version << " " << kind;
    EXPECT_TRUE(found->namespaced) << kind;
    EXPECT_EQ(found->kind, kind);
  }
  for (const auto& [version, kind] : {std::pair{"v1", "Namespace"},
                                      {"v1", "PersistentVolume"},
                                      {"rbac.authorization.k8s.io/v1", "ClusterRole"},
                                      {"storage.k8s.io/v1", "StorageClass"},
                                      {"apiextensions.k8s.io/v1", "CustomResourceDefinition"},
                                      {"apiregistration.k8s.io/v1", "APIService"},
                                      {"scheduling.k8s.io/v1", "PriorityClass"},
                                      {"admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"},
                                      {"networking.k8s.io/v1", "IngressClass"},
                                      {"node.k8s.io/v1", "RuntimeClass"},
                                      {"flowcontrol.apiserver.k8s.io/v1", "FlowSchema"},
                                      {"certificates.k8s.io/v1", "CertificateSigningRequest"}}) {
    const auto* found = schema->find(version, kind);
    ASSERT_NE(found, nullptr) << version << " " << kind;
    EXPECT_FALSE(found->namespaced) << kind;
  }
  EXPECT_EQ(schema->find("apps/v1beta1", "Deployment"), nullptr);
  EXPECT_EQ(schema->find("example.com/v1", "IPAllowList"), nullptr);
}

TEST(BuiltInSchema, KnowsListsAndScalars) {
  const auto schema = Schema::built_in().value();
  const auto* deployment = schema->find("apps/v1", "Deployment")->type;
  const auto* container = at(deployment, {"spec", "template", "spec", "containers", "*"});
  ASSERT_NE(container, nullptr);
  EXPECT_EQ(container->name, "io.k8s.api.core.v1.Container");
  const auto* ports = at(container, {"ports"});
  EXPECT_EQ(ports->list, Type::List::keyed);
  EXPECT_EQ(std::vector<std::string_view>(ports->keys.begin(), ports->keys.end()),
            (std::vector<std::string_view>{"containerPort", "protocol"}));
  EXPECT_EQ(at(container, {"args"})->list, Type::List::atomic);
  EXPECT_EQ(at(deployment, {"metadata", "finalizers"})->list, Type::List::set);
  EXPECT_EQ(at(container, {"resources", "limits", "*"})->form, Type::Form::quantity);
  EXPECT_EQ(at(container, {"livenessProbe", "httpGet", "port"})->form, Type::Form::int_or_string);
  EXPECT_EQ(at(schema->find("v1", "Secret")->type, {"data", "*"})->form, Type::Form::bytes);
  EXPECT_EQ(at(schema->find("coordination.k8s.io/v1", "Lease")->type, {"spec", "renewTime"})->form,
            Type::Form::time);
  const auto* properties = at(schema->find("apiextensions.k8s.io/v1", "CustomResourceDefinition")->type,
                              {"spec", "versions", "*", "schema", "openAPIV3Schema"});
  EXPECT_EQ(at(properties, {"properties", "*", "items", "additionalProperties"}), properties)
      << "schemas hold schemas";
  EXPECT_EQ(at(properties, {"default"})->form, Type::Form::any);
  EXPECT_TRUE(deployment->field("status")->server_owned);
}

constexpr auto kCrd = R"(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Cluster
  names: {kind: Widget, plural: widgets}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              size: {type: integer, default: 3}
              nested: {type: object, default: {}, properties: {deep: {type: string, default: x}}}
              memory:
                x-kubernetes-int-or-string: true
                pattern: ^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$
              maybe: {type: string, nullable: true}
              open: {type: object, x-kubernetes-preserve-unknown-fields: true}
              items:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [id]
                items: {type: object, properties: {id: {type: string}, on: {type: boolean, default: true}}}
              tags: {type: array, x-kubernetes-list-type: set, items: {type: string}}
              template: {type: object, x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true}
)";

Normalised with_widgets() {
  Normalised plain;
  return Normalised(plain.schema().with_crds({plain.read(kCrd), plain.read("kind: ConfigMap\n")}));
}

std::string widget(const std::string& spec) {
  return "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: a}\nspec:\n" + spec;
}

TEST(CrdSchema, AddsKindsToThoseThatAreBuiltIn) {
  auto both = with_widgets();
  ASSERT_NE(both.schema().find("example.com/v1", "Widget"), nullptr);
  EXPECT_FALSE(both.schema().find("example.com/v1", "Widget")->namespaced);
  EXPECT_NE(both.schema().find("apps/v1", "Deployment"), nullptr);
}

TEST(CrdSchema, FillsInDefaultsAndKnowsLists) {
  auto both = with_widgets();
  EXPECT_EQ(
      both.differences(
          widget("  items: [{id: a}, {id: b}]\n  tags: [x, y]\n  memory: 1Gi\n"),
          widget(
              "  items: [{id: b, on: true}, {id: a, on: true}]\n  tags: [y, x]\n  memory: 1024Mi\n  size: 3\n"
              "  nested: {deep: x}\nstatus: {ready: true}\n")),
      Pointers{});
  EXPECT_EQ(both.differences(widget("  size: null\n"), widget("  size: 3\n")), Pointers{})
      << "null where null is not allowed";
}

TEST(Case02, AChangeOfACustomResourceIsSeen) {
  auto both = with_widgets();
  EXPECT_EQ(both.differences(widget("  size: 3\n"), widget("  size: 4\n")), Pointers{"/spec/size"});
  EXPECT_EQ(both.differences(widget("  size: 0\n"), widget("  size: 3\n")), Pointers{"/spec/size"})
      << "zero is a value here";
  EXPECT_EQ(both.differences(widget("  maybe: null\n"), widget("  size: 3\n")), Pointers{"/spec/maybe"})
      << "null is one, where it is allowed";
}

TEST(Case03, WhatIsPreservedThoughUnknownIsComparedExactly) {
  auto both = with_widgets();
  EXPECT_EQ(both.differences(widget("  open: {a: 1Gi}\n"), widget("  open: {a: 1024Mi}\n")),
            Pointers{"/spec/open/a"});
  EXPECT_EQ(both.differences(widget("  open: {}\n"), widget("  open: {a: 0}\n")).size(), 1U);
  EXPECT_EQ(both.differences(widget("  template: {kind: X, spec: {a: 1}}\n"),
                             widget("  template: {kind: X, spec: {a: 2}}\n")),
            Pointers{"/spec/template/spec/a"});
}

}  // namespace
}  // namespace assay::drift

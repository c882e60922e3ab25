// What an API server says of its kinds. The texts are cut from what a server of 1.34 answers at
// /openapi/v3/apis/apps/v1; tests/cluster/openapi_test.cpp reads a server's own.
#include <algorithm>

#include "drift/structural.h"
#include "tests/drift/normalised.h"

namespace assay::drift {
namespace {

constexpr std::string_view kDocument = R"json({
"openapi": "3.0.0",
"paths": {
  "/apis/shop.example.org/v1/baskets/{name}/status": {"get": {
    "x-kubernetes-group-version-kind": {"group": "shop.example.org", "kind": "Basket", "version": "v1"}}}
},
"components": {"schemas": {
  "io.k8s.api.apps.v1.Deployment": {
    "type": "object",
    "properties": {
      "kind": {"type": "string"},
      "spec": {"allOf": [{"$ref": "#/components/schemas/io.k8s.api.apps.v1.DeploymentSpec"}], "default": {}},
      "shape": {"$ref": "#/components/schemas/io.k8s.api.apps.v1.Shape"}
    },
    "x-kubernetes-group-version-kind": [{"group": "apps", "kind": "Deployment", "version": "v1"}]
  },
  "io.k8s.api.apps.v1.DeploymentSpec": {
    "type": "object",
    "properties": {
      "template": {"allOf": [{"$ref": "#/components/schemas/io.k8s.api.core.v1.PodTemplateSpec"}], "default": {}}
    }
  },
  "io.k8s.api.core.v1.PodTemplateSpec": {
    "type": "object",
    "properties": {
      "spec": {"allOf": [{"$ref": "#/components/schemas/io.k8s.api.core.v1.PodSpec"}], "default": {}}
    }
  },
  "io.k8s.api.core.v1.PodSpec": {
    "type": "object",
    "properties": {
      "containers": {"type": "array",
        "items": {"allOf": [{"$ref": "#/components/schemas/io.k8s.api.core.v1.Container"}], "default": {}},
        "x-kubernetes-list-map-keys": ["name"], "x-kubernetes-list-type": "map"},
      "swap": {"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.api.resource.Quantity"}
    }
  },
  "io.k8s.api.core.v1.Container": {
    "type": "object",
    "properties": {
      "name": {"type": "string", "default": ""},
      "tty": {"type": "boolean"},
      "terminationMessagePath": {"type": "string"},
      "resources": {"allOf": [{"$ref": "#/components/schemas/io.k8s.api.core.v1.ResourceRequirements"}], "default": {}},
      "budgets": {"type": "object",
        "additionalProperties": {"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.api.resource.Quantity"}}
    }
  },
  "io.k8s.api.apps.v1.Shape": {
    "type": "object",
    "properties": {
      "inner": {"$ref": "#/components/schemas/io.k8s.api.apps.v1.Shape"},
      "after": {"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.Duration"},
      "begin": {"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.Time"},
      "sides": {"type": "integer", "format": "int32", "default": 4},
      "names": {"type": "array", "items": {"type": "string", "default": ""}, "x-kubernetes-list-type": "set"}
    }
  },
  "io.k8s.apimachinery.pkg.apis.meta.v1.Time": {"type": "string", "format": "date-time"},
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {
    "format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
  "org.example.shop.v1.Basket": {
    "type": "object",
    "properties": {
      "apiVersion": {"type": "string"},
      "kind": {"type": "string"},
      "metadata": {"allOf": [{"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}]},
      "spec": {
        "type": "object",
        "properties": {
          "port": {"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.util.intstr.IntOrString"},
          "size": {"type": "integer", "default": 3},
          "raw": {"type": "object"},
          "items": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
            "items": {"type": "object", "properties": {"name": {"type": "string"}, "weight": {"type": "integer"}}}}
        }
      },
      "status": {"type": "object"}
    },
    "x-kubernetes-group-version-kind": [{"group": "shop.example.org", "kind": "Basket", "version": "v1"}]
  }
}}})json";

class OpenApi : public testing::Test {
 protected:
  std::shared_ptr<const Schema> with(const std::vector<OpenApiKind>& kinds,
                                     std::string_view document = kDocument) {
    const auto tree = read_json(document, arena_);
    if (!tree) throw std::runtime_error(tree.error().message);
    return Schema::built_in().value()->with_openapi({{*tree, kinds}});
  }
  const OpenApiKind deployment_{"apps/v1", "Deployment", true};
  const OpenApiKind basket_{"shop.example.org/v1", "Basket", false};
  Arena arena_;
};

std::string deployment(const std::string& container, const std::string& pod = "",
                       const std::string& more = "") {
  return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n" + more +
         "spec:\n  template:\n    spec:\n" + pod + "      containers:\n      - {name: web, image: a" +
         container + "}\n";
}

TEST_F(OpenApi, AFieldThatTheTablesLackIsReadAsTheServerReadsIt) {
  Normalised plain;
  Normalised told(with({deployment_}));
  for (const auto& [git, live] :
       {std::pair{deployment(", budgets: {a: 1Gi}"), deployment(", budgets: {a: 1024Mi}")},
        {deployment("", "      swap: 1000m\n"), deployment("", "      swap: '1'\n")},
        {deployment("", "", "shape: {inner: {after: 90s}}\n"),
         deployment("", "", "shape: {sides: 4, inner: {after: 1m30s, sides: 4}}\n")},
        {deployment("", "", "shape: {begin: '2026-01-01T00:00:00Z', names: [a, b]}\n"),
         deployment("", "", "shape: {begin: '2026-01-01T01:00:00+01:00', names: [b, a], sides: 4}\n")}}) {
    EXPECT_NE(plain.differences(git, live), Pointers{}) << git;
    EXPECT_EQ(told.differences(git, live), Pointers{}) << git;
  }
  EXPECT_EQ(told.differences(deployment(", budgets: {a: 1Gi}"), deployment(", budgets: {a: 1Mi}")),
            Pointers{"/spec/template/spec/containers/name=web/budgets/a"});
  EXPECT_EQ(told.differences(deployment("", "", "shape: {names: [a]}\n"),
                             deployment("", "", "shape: {names: [a, b]}\n")),
            Pointers{"/shape/names/value=b"});
}

TEST_F(OpenApi, WhatTheTablesKnowStays) {
  // The document has these fields and says nothing of what is filled in and left out.
  Normalised told(with({deployment_}));
  EXPECT_EQ(told.differences(deployment(", tty: false"),
                             deployment(", terminationMessagePath: /dev/termination-log, resources: {}")),
            Pointers{});
  EXPECT_EQ(told.differences(deployment(""), deployment(", tty: true")),
            Pointers{"/spec/template/spec/containers/name=web/tty"});
}

TEST_F(OpenApi, WhatTheServerDoesNotKnowIsNotFilledIn) {
  // Of a server that is older than the tables: this document has no terminationMessagePolicy.
  Normalised plain;
  Normalised told(with({deployment_}));
  const auto live = [](Normalised& side) { return side.of(side.read(deployment(""))); };
  for (auto* side : {&plain, &told}) {
    const auto* containers = live(*side).find({"spec", "template", "spec", "containers"});
    ASSERT_NE(containers, nullptr);
    EXPECT_NE(containers->items().front().find("terminationMessagePath"), nullptr);
    EXPECT_EQ(containers->items().front().find("terminationMessagePolicy") != nullptr, side == &plain);
  }
}

TEST_F(OpenApi, KindsOfAnAggregatedServerAreKnown) {
  const auto schema = with({basket_});
  ASSERT_NE(schema->find("shop.example.org/v1", "Basket"), nullptr);
  EXPECT_FALSE(schema->find("shop.example.org/v1", "Basket")->namespaced);
  Normalised told(schema);
  const std::string head = "apiVersion: shop.example.org/v1\nkind: Basket\nmetadata: {name: a";
  EXPECT_EQ(told.differences(head + "}\nspec: {port: 80, items: [{name: a, weight: 1}, {name: b}]}\n",
                             head + ", uid: x, resourceVersion: '1'}\n"
                                    "spec: {port: '80', size: 3, items: [{name: b}, {name: a, weight: "
                                    "1}]}\nstatus: {full: true}\n"),
            Pointers{});
  EXPECT_EQ(told.differences(head + "}\nspec: {raw: {a: 1}, items: [{name: a, weight: 1}]}\n",
                             head + "}\nspec: {raw: {a: 2}, size: 4, items: [{name: a, weight: 0}]}\n"),
            (Pointers{"/spec/items/name=a/weight", "/spec/raw/a", "/spec/size"}));
}

TEST_F(OpenApi, WhatADocumentDoesNotHaveIsNotInvented) {
  EXPECT_EQ(with({{"shop.example.org/v1", "Cart", true}, {"shop.example.org/v2", "Basket", true}})
                ->find("shop.example.org/v1", "Cart"),
            nullptr);
  for (const auto* text :
       {"{}", "[]", "3", R"({"components": {"schemas": []}})",
        R"({"components": {"schemas": {"a": 1, "b": {"x-kubernetes-group-version-kind": 2}}}})"})
    EXPECT_EQ(with({basket_}, text)->find("shop.example.org/v1", "Basket"), nullptr) << text;
  // Whatever it says of a kind, it does not take the program down.
  for (const auto* properties :
       {R"(1)", R"({"spec": 1})", R"({"spec": {"$ref": "#/components/schemas/none"}})",
        R"({"spec": {"$ref": "#/components/schemas/b"}})", R"({"spec": {"type": "array", "items": 4}})"}) {
    const auto text =
        std::string(R"({"components": {"schemas": {"b": {"type": "object", "properties": )") + properties +
        R"(, "x-kubernetes-group-version-kind": [{"group": "shop.example.org", "kind": "Basket", "version": "v1"}]}}}})";
    EXPECT_NE(with({basket_}, text)->find("shop.example.org/v1", "Basket"), nullptr) << text;
  }
}

TEST_F(OpenApi, DepthIsBounded) {
  std::string text = R"({"components": {"schemas": {)";
  for (auto i = 0; i < 20'000; ++i)
    text += "\"c" + std::to_string(i) +
            R"(": {"type": "object", "properties": {"a": {"$ref": "#/components/schemas/c)" +
            std::to_string(i + 1) + "\"}}},";
  text += R"("b": {"type": "object", "properties": {"spec": {"$ref": "#/components/schemas/c0"}},
    "x-kubernetes-group-version-kind": [{"group": "shop.example.org", "kind": "Basket", "version": "v1"}]}}}})";
  EXPECT_NE(with({basket_}, text)->find("shop.example.org/v1", "Basket"), nullptr);
}

TEST_F(OpenApi, TheTablesSayOfWhichVersionTheyAre) { EXPECT_EQ(Schema::version(), "1.34"); }

}  // namespace
}  // namespace assay::drift

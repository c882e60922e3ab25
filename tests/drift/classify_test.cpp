#include "drift/classify.h"

#include <gtest/gtest.h>

#include <string>

#include "drift/reader.h"

namespace assay::drift {
namespace {

Path fields(std::initializer_list<std::string_view> names) {
  Path path;
  for (const auto name : names) path.push_back({.kind = Step::Kind::field, .field = name});
  return path;
}

class Classify : public testing::Test {
 protected:
  Classify() { facts_.with_release = true; }

  Node read(std::string_view json) {
    auto node = read_json(arena_.keep(json), arena_);
    if (!node) throw std::runtime_error(node.error().message);
    return *node;
  }
  Side side(std::string_view json) { return json.empty() ? Side{} : Side{true, read(json)}; }

  // The managedFields of an object, an entry a manager.
  Ownership owned(std::string_view entries) {
    return Ownership(read(R"({"metadata":{"managedFields":[)" + std::string(entries) + "]}}"));
  }

  Cause cause(std::string_view git, std::string_view release, std::string_view live,
              const Ownership& ownership, Path path = fields({"spec", "replicas"}), bool by_server = false) {
    const Difference difference{std::move(path), side(git), side(release), side(live), nullptr};
    return classify(difference, id_, ownership, facts_, facts_.with_release, by_server);
  }

  // What only lives at `path`, with `manager` as its only owner.
  DriftClass owned_by(std::string_view manager, Path path, bool by_server = false) {
    std::string owned_fields = "{}";
    for (auto step = path.rbegin(); step != path.rend(); ++step) {
      const auto name = step->kind == Step::Kind::field ? "f:" + std::string(step->field)
                                                        : "i:" + std::to_string(step->index);
      owned_fields = "{\"" + name + "\":" + owned_fields + "}";
    }
    const auto owners =
        owned(R"({"manager":")" + std::string(manager) +
              R"(","operation":"Update","time":"2026-01-02T00:00:00Z","fieldsV1":)" + owned_fields + "}");
    return cause("", "", "\"x\"", owners, std::move(path), by_server).kind;
  }

  Arena arena_;
  DeployFacts facts_;
  ObjectId id_{"apps/v1", "Deployment", "shop", "web"};
};

constexpr auto kNobody = R"({"manager":"x","operation":"Update","fieldsV1":{"f:other":{}}})";
constexpr auto kApply =
    R"({"manager":"helm","operation":"Apply","time":"2026-01-01T00:00:00Z","fieldsV1":{"f:spec":{"f:other":{}}}})";

TEST_F(Classify, TheTruthTable) {
  const auto owners = owned(kNobody);
  EXPECT_EQ(cause("1", "1", "2", owners).kind, DriftClass::manual);
  EXPECT_EQ(cause("2", "1", "1", owners).kind, DriftClass::undeployed);
  EXPECT_EQ(cause("2", "1", "2", owners).kind, DriftClass::unrecorded);
  EXPECT_EQ(cause("1", "2", "3", owners).kind, DriftClass::conflict);
  EXPECT_EQ(cause("", "", "3", owners).kind, DriftClass::extra);
  EXPECT_EQ(cause("1", "1", "", owners).kind, DriftClass::missing);
  EXPECT_EQ(cause("", "1", "1", owners).kind, DriftClass::undeployed);
  EXPECT_EQ(cause("", "1", "", owners).kind, DriftClass::unrecorded);
  EXPECT_EQ(cause("1", "", "", owners).kind, DriftClass::undeployed);
  EXPECT_EQ(cause("1", "", "2", owners).kind, DriftClass::conflict);
}

TEST_F(Classify, WithoutAReleaseGitStandsForIt) {
  facts_.with_release = false;
  const auto owners = owned(kNobody);
  EXPECT_EQ(cause("1", "", "2", owners).kind, DriftClass::manual);
  EXPECT_EQ(cause("1", "", "", owners).kind, DriftClass::missing);
  EXPECT_EQ(cause("", "", "1", owners).kind, DriftClass::extra);
}

TEST_F(Classify, AChangedValueIsNamedButNeverAcquitted) {
  const auto owners = owned(R"({"manager":"helm","operation":"Apply","time":"2026-01-01T00:00:00Z",
      "fieldsV1":{"f:spec":{"f:replicas":{}}}},
      {"manager":"kubectl-edit","operation":"Update","time":"2026-01-02T00:00:00Z","fieldsV1":{"f:spec":{"f:replicas":{}}}})");
  facts_.deployed = "2026-01-01T00:00:00Z";
  const auto found = cause("1", "1", "2", owners);
  EXPECT_EQ(found.kind, DriftClass::manual);
  ASSERT_NE(found.owner(), nullptr);
  EXPECT_EQ(found.owner()->manager, "kubectl-edit");
  EXPECT_EQ(found.owner()->time, "2026-01-02T00:00:00Z");
}

TEST_F(Classify, Case4AnAutoscalerMayScaleAndAPersonMayNot) {
  const auto autoscaler =
      owned(R"({"manager":"kube-controller-manager","operation":"Update","subresource":"scale",
      "fieldsV1":{"f:spec":{"f:replicas":{}}}})");
  EXPECT_EQ(cause("1", "1", "2", autoscaler).kind, DriftClass::manual) << "no autoscaler targets it";
  facts_.autoscaled.insert("Deployment/shop/web");
  EXPECT_EQ(cause("1", "1", "2", autoscaler).kind, DriftClass::controller);
  EXPECT_EQ(cause("", "", "2", autoscaler).kind, DriftClass::controller);
  const auto person = owned(R"({"manager":"kubectl","operation":"Update","subresource":"scale",
      "fieldsV1":{"f:spec":{"f:replicas":{}}}})");
  EXPECT_EQ(cause("1", "1", "2", person).kind, DriftClass::manual);
  EXPECT_EQ(cause("1", "1", "2", owned(R"({"manager":"kube-controller-manager","operation":"Update",
      "fieldsV1":{"f:spec":{"f:replicas":{}}}})"))
                .kind,
            DriftClass::manual)
      << "not through the scale subresource";
}

TEST_F(Classify, WhatAnAutoscalerTargets) {
  const auto hpa = read(R"({"spec":{"scaleTargetRef":{"kind":"Deployment","name":"web"}}})");
  EXPECT_EQ(scale_target({"autoscaling/v2", "HorizontalPodAutoscaler", "shop", "any"}, hpa),
            "Deployment/shop/web");
  EXPECT_EQ(scale_target({"v1", "ConfigMap", "shop", "any"}, hpa), "");
}

TEST_F(Classify, WhatAServerFillsInIsAcquittedUnlessSomebodyElseOwnsIt) {
  const auto path = fields({"spec", "clusterIP"});
  EXPECT_EQ(cause("", "", "1", owned(kNobody), path, true).kind, DriftClass::controller);
  for (const auto* component : {"kube-controller-manager", "kube-apiserver", "k3s", "helm"})
    EXPECT_EQ(owned_by(component, path, true), DriftClass::controller) << component;
  for (const auto* other :
       {"kubectl-edit", "kubectl-client-side-apply", "Mozilla", "kube-controller-manager2"})
    EXPECT_EQ(owned_by(other, path, true), DriftClass::extra) << other;
  const auto both = [&](std::string_view value) {
    return cause(
               "", "", value,
               owned(
                   R"({"manager":"kubectl-label","operation":"Apply","fieldsV1":{"f:spec":{"f:clusterIP":{}}}},
        {"manager":"helm","operation":"Apply","fieldsV1":{"f:spec":{"f:clusterIP":{}}}})"),
               path, true)
        .kind;
  };
  EXPECT_EQ(both("1"), DriftClass::controller) << "who shares a value has written the same";
  EXPECT_EQ(both(R"({"a":1})"), DriftClass::extra) << "of a map each may own another part";
}

Path webhook(std::string_view last) {
  auto path = fields({"webhooks", "", "clientConfig", last});
  path[1].kind = Step::Kind::index;
  return path;
}

TEST_F(Classify, Case19AnInjectedBundleIsAControllersWhereBundlesAre) {
  id_ = {"admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "", "a"};
  EXPECT_EQ(owned_by("cainjector", webhook("caBundle")), DriftClass::controller);
  EXPECT_EQ(owned_by("kubectl-patch", webhook("caBundle")), DriftClass::extra);
  EXPECT_EQ(owned_by("cainjector", webhook("url")), DriftClass::extra);
  EXPECT_EQ(owned_by("cainjector", fields({"metadata", "annotations", "caBundle"})), DriftClass::extra);
  id_ = {"apiregistration.k8s.io/v1", "APIService", "", "a"};
  EXPECT_EQ(owned_by("cainjector", fields({"spec", "caBundle"})), DriftClass::controller);
  EXPECT_EQ(owned_by("cainjector", fields({"metadata", "labels", "caBundle"})), DriftClass::extra);
  id_ = {"apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "a"};
  EXPECT_EQ(owned_by("cainjector", fields({"spec", "conversion", "webhook", "clientConfig", "caBundle"})),
            DriftClass::controller);
  id_ = {"v1", "ConfigMap", "shop", "a"};
  EXPECT_EQ(owned_by("somebody", fields({"data", "caBundle"})), DriftClass::extra);
}

TEST_F(Classify, RestartedAtIsDeliberate) {
  const auto path =
      fields({"spec", "template", "metadata", "annotations", "kubectl.kubernetes.io/restartedAt"});
  EXPECT_EQ(cause("", "", "\"2026\"", owned(kNobody), path).kind, DriftClass::deliberate);
  EXPECT_EQ(cause("\"2026\"", "\"2025\"", "\"2025\"", owned(kNobody), path).kind, DriftClass::undeployed);
  const auto data = fields({"data", "kubectl.kubernetes.io/restartedAt"});
  EXPECT_EQ(cause("", "", "\"2026\"", owned(kNobody), data).kind, DriftClass::extra);
  EXPECT_EQ(cause("\"a\"", "\"a\"", "\"b\"", owned(kNobody), data).kind, DriftClass::manual);
}

TEST_F(Classify, WhatNobodyOwnsWasFilledInWhereHelmApplies) {
  EXPECT_EQ(cause("", "", "2", owned(kApply)).kind, DriftClass::controller);
  EXPECT_EQ(
      cause("", "", "2", owned(R"({"manager":"helm","operation":"Update","fieldsV1":{"f:spec":{}}})")).kind,
      DriftClass::extra)
      << "an Update owns whatever was stored with it";
  EXPECT_EQ(cause("", "", "2", Ownership(Node())).kind, DriftClass::extra) << "nothing is known";
  EXPECT_EQ(cause("3", "3", "2", owned(kApply)).kind, DriftClass::manual) << "a value that differs";
}

TEST_F(Classify, WhatHelmsUpdateBroughtIsNoDriftUnlessALaterRevisionBroughtIt) {
  const auto owners = owned(R"({"manager":"helm","operation":"Update","time":"2026-01-01T00:01:00Z",
      "fieldsV1":{"f:spec":{"f:replicas":{}}}})");
  EXPECT_EQ(cause("", "", "2", owners).kind, DriftClass::extra)
      << "it is not known when the release was deployed";
  facts_.deployed = "2026-01-01T00:00:00Z";
  EXPECT_EQ(cause("", "", "2", owners).kind, DriftClass::controller);
  facts_.superseded = "2026-01-01T00:00:30Z";
  EXPECT_EQ(cause("", "", "2", owners).kind, DriftClass::extra);
  facts_.superseded = "2026-01-01T02:01:30.5+02:00";
  EXPECT_EQ(cause("", "", "2", owners).kind, DriftClass::controller) << "Helm writes local times";
}

TEST_F(Classify, ARemovedFieldHasNoAuthor) {
  const auto found = cause("1", "1", "", owned(kApply));
  EXPECT_EQ(found.owner(), nullptr);
  EXPECT_EQ(found.note, "removed, author not recorded");
}

TEST_F(Classify, OwnersOfListElements) {
  static constexpr std::string_view kKeys[] = {"containerPort", "protocol"};
  Type ports;
  ports.form = Type::Form::list;
  ports.list = Type::List::keyed;
  ports.keys = kKeys;
  const auto owners = owned(R"({"manager":"a","operation":"Update","fieldsV1":{"f:ports":{".":{},
        "k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{".":{},"f:name":{}}}}},
      {"manager":"b","operation":"Update","fieldsV1":{"f:ports":{"k:{\"containerPort\":80,\"protocol\":\"UDP\"}":{".":{}}}}},
      {"manager":"c","operation":"Update","fieldsV1":{"f:finalizers":{"v:\"x/y\"":{}},"f:args":{}}})");
  Path path = fields({"ports"});
  path.push_back({.kind = Step::Kind::element,
                  .element = read(R"({"containerPort":80,"protocol":"TCP","name":"w"})"),
                  .list = &ports});
  ASSERT_EQ(owners.of(path).size(), 1U);
  EXPECT_EQ(owners.of(path)[0]->manager, "a");
  path.push_back({.kind = Step::Kind::field, .field = "name"});
  EXPECT_EQ(owners.of(path).size(), 1U);
  path.back().field = "hostPort";
  EXPECT_TRUE(owners.of(path).empty());
  Path member = fields({"finalizers"});
  member.push_back({.kind = Step::Kind::member, .element = read(R"("x/y")")});
  ASSERT_EQ(owners.of(member).size(), 1U);
  EXPECT_EQ(owners.of(member)[0]->manager, "c");
  Path item = fields({"args"});
  item.push_back({.kind = Step::Kind::index, .index = 3});
  EXPECT_EQ(owners.of(item).size(), 1U) << "who owns an atomic list owns what lies in it";
}

TEST_F(Classify, OwnersOfElementsHoweverTheirKeysAreWritten) {
  static constexpr std::string_view kKeys[] = {"port", "host"};
  Type list;
  list.form = Type::Form::list;
  list.list = Type::List::keyed;
  list.keys = kKeys;
  const auto owners = owned(R"({"manager":"a","operation":"Update","fieldsV1":{"f:x":{
        "k:{\"port\": 80.0, \"host\": \"a\\u0026b\"}":{".":{}},
        "k:{\"port\":81}":{".":{}},
        "k:nonsense":{".":{}}}}},
      {"manager":"b","operation":"Update","fieldsV1":{"f:x":{"v:\"a\\u0026b\"":{},"v:1.0":{},"v:nonsense":{}}}})");
  const auto of = [&](Step::Kind kind, std::string_view json) {
    auto path = fields({"x"});
    path.push_back({.kind = kind, .element = read(json), .list = &list});
    const auto found = owners.of(path);
    return found.size() == 1 ? found[0]->manager : std::string_view(found.empty() ? "nobody" : "many");
  };
  EXPECT_EQ(of(Step::Kind::element, R"({"host":"a&b","port":80})"), "a");
  EXPECT_EQ(of(Step::Kind::element, R"({"host":"c","port":81})"), "a") << "by the keys that it gives";
  EXPECT_EQ(of(Step::Kind::element, R"({"host":"c","port":80})"), "nobody");
  EXPECT_EQ(of(Step::Kind::element, R"({"host":"a&b","port":"80"})"), "nobody");
  EXPECT_EQ(of(Step::Kind::member, R"("a&b")"), "b");
  EXPECT_EQ(of(Step::Kind::member, "1"), "b");
  EXPECT_EQ(of(Step::Kind::member, R"("1")"), "nobody");
}

// Of so many elements each is looked up; comparing all with all would take minutes.
TEST_F(Classify, OwnersOfManyElements) {
  static constexpr std::string_view kKeys[] = {"name"};
  Type list;
  list.form = Type::Form::list;
  list.list = Type::List::keyed;
  list.keys = kKeys;
  constexpr int kMany = 50'000;
  std::string text;
  for (int i = 0; i < kMany; ++i)
    text += (i == 0 ? "" : ",") + std::string(R"("k:{\"name\":\"n)") + std::to_string(i) +
            R"(\"}":{"f:name":{}})";
  const auto owners = owned(R"({"manager":"a","operation":"Update","fieldsV1":{"f:env":{)" + text + "}}}");
  auto path = fields({"env"});
  path.push_back({.kind = Step::Kind::element, .list = &list});
  std::size_t found = 0;
  for (int i = 0; i < kMany; ++i) {
    path.back().element = read(R"({"name":"n)" + std::to_string(i) + "\"}");
    found += owners.of(path).size();
  }
  EXPECT_EQ(found, std::size_t{kMany});
}

}  // namespace
}  // namespace assay::drift

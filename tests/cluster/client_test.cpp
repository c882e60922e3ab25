// The client against a real API server.
#include "kube/client.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/cluster/cluster.h"

namespace assay {

using test::ClusterTest;

TEST_F(ClusterTest, ObjectsAreMadeReadChangedAndRemoved) {
  const KubeResource maps = resource("configmap");
  ASSERT_TRUE(client_->create(maps, ns_, config_map("a", "one"), context(), trace_));
  const auto again = client_->create(maps, ns_, config_map("a", "one"), context(), trace_);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, "kube.conflict");

  const auto merged =
      client_->patch(maps, ns_, "a", KubeClient::Patch::merge,
                     Value::object({{"data", Value::object({{"text", "two"}})}}), context(), trace_);
  ASSERT_TRUE(merged) << merged.error().message;
  EXPECT_EQ(merged->find("data")->get("text"), "two");
  Value step = Value::array();
  step.push_back(Value::object({{"op", "replace"}, {"path", "/data/text"}, {"value", "three"}}));
  ASSERT_TRUE(client_->patch(maps, ns_, "a", KubeClient::Patch::json, step, context(), trace_));
  const auto applied =
      client_->patch(maps, ns_, "b", KubeClient::Patch::apply, config_map("b", "applied"), context(), trace_);
  ASSERT_TRUE(applied) << applied.error().message;
  EXPECT_EQ(applied->find("metadata")->find("managedFields")->items().front().get("manager"), "assay");

  const auto read = client_->get(maps, ns_, "a", context(), trace_);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->find("data")->get("text"), "three");
  const auto other =
      client_->remove(maps, ns_, "a", "00000000-0000-0000-0000-000000000000", context(), trace_);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, "kube.conflict");
  EXPECT_TRUE(client_->remove(maps, ns_, "a", read->find("metadata")->get("uid"), context(), trace_));
  const auto gone = client_->get(maps, ns_, "a", context(), trace_);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, "kube.not-found");
}

TEST_F(ClusterTest, AListOfSeveralPagesIsWhole) {
  const KubeResource maps = resource("cm");
  constexpr int kCount = 1100;  // three pages
  for (int i = 0; i < kCount; ++i)
    ASSERT_TRUE(client_->create(maps, ns_, config_map("m" + std::to_string(i), "x"), context(), trace_));
  std::set<std::string> names;
  KubeSelection selection;
  selection.ns = ns_;
  selection.labels = "made=here";
  const auto listed = client_->list(maps, selection, context(), trace_, [&](const Value& object) {
    names.insert(object.find("metadata")->get("name"));
    return true;
  });
  ASSERT_TRUE(listed) << listed.error().message;
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kCount));
  EXPECT_FALSE(listed->empty());
  int taken = 0;
  ASSERT_TRUE(client_->list(maps, selection, context(), trace_, [&](const Value&) { return ++taken < 3; }));
  EXPECT_EQ(taken, 3);
}

TEST_F(ClusterTest, MetadataAloneHasNoData) {
  ASSERT_TRUE(client_->create(resource("cm"), ns_, config_map("a", "text"), context(), trace_));
  KubeSelection selection;
  selection.ns = ns_;
  selection.fields = "metadata.name=a";
  selection.metadata_only = true;
  int found = 0;
  ASSERT_TRUE(client_->list(resource("cm"), selection, context(), trace_, [&](const Value& object) {
    EXPECT_EQ(object.find("data"), nullptr);
    return ++found > 0;
  }));
  EXPECT_EQ(found, 1);
}

TEST_F(ClusterTest, KindsAreFoundByTheirNames) {
  EXPECT_EQ(resource("deploy").path("n", "d"), "/apis/apps/v1/namespaces/n/deployments/d");
  EXPECT_EQ(resource("NetworkPolicy").group, "networking.k8s.io");
  EXPECT_FALSE(resource("nodes").namespaced);
  const auto unknown = client_->resource("gizmos", "", context(), trace_);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, "kube.no-kind");
}

// 401, 403 with the verb and the resource, and an impersonated user.
TEST_F(ClusterTest, WhatIsNotAllowedIsNamed) {
  KubeOptions options = options_;
  options.as = "nobody";
  const auto nobody = connect(options);
  ASSERT_NE(nobody, nullptr);
  const auto denied = nobody->get(resource("secrets"), ns_, "x", context(), trace_);
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, "kube.forbidden");
  EXPECT_NE(denied.error().message.find("User \"nobody\" cannot get resource \"secrets\""), std::string::npos)
      << denied.error().message;

  const auto file = memory_file("no token of this cluster");
  ASSERT_TRUE(file);
  options = options_;
  options.token_file = memory_path(**file);
  const auto stranger = connect(options);
  ASSERT_NE(stranger, nullptr);
  const auto unknown = stranger->get(resource("secrets"), ns_, "x", context(), trace_);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, "kube.unauthorized");
}

TEST_F(ClusterTest, TheRequestItselfIsRefused) {
  Value bad = config_map("UPPER", "x");
  const auto refused = client_->create(resource("cm"), ns_, bad, context(), trace_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "kube.invalid");
  EXPECT_NE(refused.error().message.find("RFC 1123"), std::string::npos) << refused.error().message;
}

TEST_F(ClusterTest, AnotherAuthorityIsNotTrusted) {
  auto access = load_kube_access(options_, process_environment());
  ASSERT_TRUE(access);
  access->tls.ca.clear();  // the system's trust store
  KubeClient stranger(network_, *access);
  const auto refused = stranger.get(resource("namespaces"), "", ns_, context(), trace_);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().code.starts_with("tls.")) << refused.error().code;
}

}  // namespace assay

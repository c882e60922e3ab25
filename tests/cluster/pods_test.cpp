// Logs, evictions and parts of objects.
#include "tests/cluster/pods.h"

namespace assay {
namespace {

class PodsTest : public test::PodTest {};

TEST_F(PodsTest, LogsOfAContainer) {
  start("talker", "for i in 1 2 3 4 5; do echo line $i; done; exec sleep 1000");
  KubeLogs which;
  const Context limit = context();
  std::string all;
  while (all.find("line 5") == std::string::npos) {
    const auto text = client_->logs(ns_, "talker", which, limit, trace_);
    ASSERT_TRUE(text) << text.error().message;
    all = *text;
    ASSERT_TRUE(limit.check("request"));
  }
  EXPECT_EQ(all, "line 1\nline 2\nline 3\nline 4\nline 5\n");
  which.tail = 2;
  which.container = "main";
  which.since = std::chrono::minutes(5);
  EXPECT_EQ(client_->logs(ns_, "talker", which, context(), trace_).value_or("-"), "line 4\nline 5\n");
  which = {};
  which.max_bytes = 8;
  EXPECT_EQ(client_->logs(ns_, "talker", which, context(), trace_).value_or("-"), "line 1\nl");
  which = {};
  which.previous = true;
  const auto none = client_->logs(ns_, "talker", which, context(), trace_);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, "kube.invalid") << none.error().message;
  which = {};
  which.container = "other";
  const auto other = client_->logs(ns_, "talker", which, context(), trace_);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, "kube.invalid") << other.error().message;
}

TEST_F(PodsTest, AnEvictionAndTheBudgetThatForbidsIt) {
  start("guarded", "exec sleep 1000");
  const Value budget = Value::object(
      {{"apiVersion", "policy/v1"},
       {"kind", "PodDisruptionBudget"},
       {"metadata", Value::object({{"name", "all"}})},
       {"spec", Value::object(
                    {{"minAvailable", 1},
                     {"selector", Value::object({{"matchLabels", Value::object({{"pod", "guarded"}})}})}})}});
  const KubeResource budgets = resource("pdb");
  ASSERT_TRUE(client_->create(budgets, ns_, budget, context(), trace_));
  const auto refused = client_->evict(ns_, "guarded", "", context(std::chrono::seconds(5)), trace_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "kube.disruption-budget") << refused.error().message;
  ASSERT_TRUE(client_->remove(budgets, ns_, "all", "", context(), trace_));
  const auto other =
      client_->evict(ns_, "guarded", "00000000-0000-0000-0000-000000000000", context(), trace_);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, "kube.conflict") << other.error().message;
  const auto done = client_->evict(ns_, "guarded", "", context(), trace_);
  EXPECT_TRUE(done) << done.error().message;
  const auto nobody = client_->evict(ns_, "nobody", "", context(), trace_);
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code, "kube.not-found");
}

TEST_F(PodsTest, PartsOfObjects) {
  const KubeResource sets = resource("rs");
  const Value labels = Value::object({{"app", "none"}});
  Value containers = Value::array();
  containers.push_back(Value::object({{"name", "main"}, {"image", "localhost/pause:1"}}));
  const Value set = Value::object(
      {{"apiVersion", "apps/v1"},
       {"kind", "ReplicaSet"},
       {"metadata", Value::object({{"name", "none"}})},
       {"spec", Value::object({{"replicas", 0},
                               {"selector", Value::object({{"matchLabels", labels}})},
                               {"template",
                                Value::object({{"metadata", Value::object({{"labels", labels}})},
                                               {"spec", Value::object({{"containers", containers}})}})}})}});
  ASSERT_TRUE(client_->create(sets, ns_, set, context(), trace_));
  const auto scale = client_->get_part(sets, ns_, "none", "scale", context(), trace_);
  ASSERT_TRUE(scale) << scale.error().message;
  EXPECT_EQ(scale->get("kind"), "Scale");
  const auto patched = client_->patch_part(
      sets, ns_, "none", "status", KubeClient::Patch::merge,
      Value::object({{"status", Value::object({{"replicas", 0}, {"observedGeneration", 7}})}}), context(),
      trace_);
  ASSERT_TRUE(patched) << patched.error().message;
  // A controller makes the account of a new namespace.
  const Context limit = context();
  while (!client_->get(resource("sa"), ns_, "default", limit, trace_))
    ASSERT_TRUE(limit.pause(Deadline::in(std::chrono::milliseconds(50)), "request"));
  const auto token =
      client_->create_part(resource("sa"), ns_, "default", "token",
                           Value::object({{"apiVersion", "authentication.k8s.io/v1"},
                                          {"kind", "TokenRequest"},
                                          {"spec", Value::object({{"expirationSeconds", 600}})}}),
                           context(), trace_);
  ASSERT_TRUE(token) << token.error().message;
  EXPECT_FALSE(token->find("status")->get("token").empty());
}

}  // namespace
}  // namespace assay

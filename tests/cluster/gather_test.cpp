// Many objects by few requests, counted in the API server's own audit log.
#include "kube/gather.h"

#include <thread>

#include "tests/cluster/audit.h"
#include "tests/cluster/cluster.h"

namespace assay {
namespace {

class GatherTest : public test::ClusterTest {
 protected:
  void SetUp() override {
    test::ClusterTest::SetUp();
    ASSERT_TRUE(audit_.is_there()) << "ASSAY_NODE_DIR must name the folder of a running fixtures/node";
    maps_ = resource("cm");
  }
  void make(const std::string& name) {
    const auto made = client_->create(maps_, ns_, config_map(name, name), context(), trace_);
    ASSERT_TRUE(made) << made.error().message;
  }
  // How many requests for ConfigMaps of this test's namespace with this verb the server has written down.
  int requests(const std::string& verb, const std::string& plural = "configmaps") const {
    return audit_.requests(verb, "/namespaces/" + ns_ + "/" + plural);
  }
  // On `threads` threads at once, the turns of `work` shared between them.
  static void on_threads(int threads, int turns, const std::function<void(int turn)>& work) {
    std::atomic<int> next = 0;
    std::vector<std::thread> crew;
    for (int i = 0; i < threads; ++i) {
      crew.emplace_back([&] {
        for (int turn = next++; turn < turns; turn = next++) work(turn);
      });
    }
    for (std::thread& one : crew) one.join();
  }
  Result<Value> gathered(KubeClient& client, const std::string& name,
                         Duration time = std::chrono::seconds(20)) {
    Value unseen = Value::object();
    Trace trace(unseen);
    return client.get_gathered(maps_, ns_, name, context(time), trace);
  }

  test::Audit audit_;  // what was written before is no affair of this test
  KubeResource maps_;
};

TEST_F(GatherTest, AThousandObjectsByFewRequests) {
  constexpr int kCount = 1000;
  on_threads(8, kCount, [&](int i) {
    Value unseen = Value::object();
    Trace trace(unseen);
    const std::string name = "m" + std::to_string(i);
    EXPECT_TRUE(client_->create(maps_, ns_, config_map(name, name), context(), trace));
  });
  const int gets = requests("get");
  const int lists = requests("list");
  std::atomic<int> wrong = 0;
  on_threads(200, kCount + 50, [&](int i) {
    const auto object = gathered(*client_, "m" + std::to_string(i));
    if (i < kCount) {
      wrong += object && object->find("data")->get("text") == "m" + std::to_string(i) ? 0 : 1;
    } else {
      wrong += !object && object.error().code == "kube.not-found" ? 0 : 1;
    }
  });
  EXPECT_EQ(wrong, 0);
  const int asked = requests("get") - gets + requests("list") - lists;
  RecordProperty("requests", asked);
  std::printf("%d objects: %d GETs and %d LIST pages\n", kCount + 50, requests("get") - gets,
              requests("list") - lists);
  EXPECT_LE(asked, 60);

  // The same as a GET gives, to the last member.
  const auto alone = client_->get(maps_, ns_, "m7", context(), trace_);
  ASSERT_TRUE(alone);
  std::atomic<int> same = 0;
  on_threads(20, 20, [&](int) {
    const auto object = gathered(*client_, "m7");
    same += object && to_json(*object) == to_json(*alone) ? 1 : 0;
  });
  EXPECT_EQ(same, 20);
}

// While many others ask, whoever changes an object and then asks for it sees the change.
TEST_F(GatherTest, WhatIsGivenWasReadAfterItWasAskedFor) {
  make("changing");
  for (int i = 0; i < 20; ++i) make("other" + std::to_string(i));
  std::atomic<bool> over = false;
  std::vector<std::thread> crowd;
  for (int i = 0; i < 20; ++i) {
    crowd.emplace_back([&, i] {
      while (!over) EXPECT_TRUE(gathered(*client_, "other" + std::to_string(i)));
    });
  }
  for (int i = 0; i < 100; ++i) {
    const std::string text = "version " + std::to_string(i);
    ASSERT_TRUE(client_->patch(maps_, ns_, "changing", KubeClient::Patch::merge,
                               Value::object({{"data", Value::object({{"text", text}})}}), context(),
                               trace_));
    const auto object = gathered(*client_, "changing");
    EXPECT_TRUE(object);
    if (!object) break;
    EXPECT_EQ(object->find("data")->get("text"), text);
  }
  over = true;
  for (std::thread& one : crowd) one.join();
}

TEST_F(GatherTest, SecretsAreNeverListed) {
  const KubeResource secrets = resource("secret");
  const Value secret = Value::object({{"apiVersion", "v1"},
                                      {"kind", "Secret"},
                                      {"metadata", Value::object({{"name", "one"}})},
                                      {"stringData", Value::object({{"key", "value"}})}});
  ASSERT_TRUE(client_->create(secrets, ns_, secret, context(), trace_));
  std::atomic<int> good = 0;
  on_threads(10, 100, [&](int) {
    Value unseen = Value::object();
    Trace trace(unseen);
    good += client_->get_gathered(secrets, ns_, "one", context(), trace) ? 1 : 0;
  });
  EXPECT_EQ(good, 100);
  EXPECT_EQ(requests("list", "secrets"), 0);
  EXPECT_EQ(requests("get", "secrets"), 100);
}

TEST_F(GatherTest, OneCallerSendsAGet) {
  make("only");
  const int lists = requests("list");
  ASSERT_TRUE(gathered(*client_, "only"));
  const auto missing = gathered(*client_, "missing");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, "kube.not-found");
  EXPECT_EQ(requests("list"), lists);
}

// Far more objects than are asked for are not fetched: only the first page tells.
TEST_F(GatherTest, FewOutOfManyAreNotListed) {
  on_threads(8, 400, [&](int i) {
    Value unseen = Value::object();
    Trace trace(unseen);
    EXPECT_TRUE(client_->create(maps_, ns_, config_map("m" + std::to_string(i), "x"), context(), trace));
  });
  std::atomic<int> good = 0;
  on_threads(4, 40, [&](int i) { good += gathered(*client_, "m" + std::to_string(390 + i % 4)) ? 1 : 0; });
  EXPECT_EQ(good, 40);
}

TEST_F(GatherTest, WhoMayNotListIsServedAllTheSame) {
  for (int i = 0; i < 10; ++i) make("m" + std::to_string(i));
  const auto one = [](const char* text) {
    Value list = Value::array();
    list.push_back(text);
    return list;
  };
  Value rules = Value::array();
  rules.push_back(
      Value::object({{"apiGroups", one("")}, {"resources", one("configmaps")}, {"verbs", one("get")}}));
  ASSERT_TRUE(client_->create(resource("role"), ns_,
                              Value::object({{"apiVersion", "rbac.authorization.k8s.io/v1"},
                                             {"kind", "Role"},
                                             {"metadata", Value::object({{"name", "getter"}})},
                                             {"rules", rules}}),
                              context(), trace_));
  Value subjects = Value::array();
  subjects.push_back(
      Value::object({{"kind", "User"}, {"name", "getter"}, {"apiGroup", "rbac.authorization.k8s.io"}}));
  ASSERT_TRUE(
      client_->create(resource("rolebinding"), ns_,
                      Value::object({{"apiVersion", "rbac.authorization.k8s.io/v1"},
                                     {"kind", "RoleBinding"},
                                     {"metadata", Value::object({{"name", "getter"}})},
                                     {"subjects", subjects},
                                     {"roleRef", Value::object({{"apiGroup", "rbac.authorization.k8s.io"},
                                                                {"kind", "Role"},
                                                                {"name", "getter"}})}}),
                      context(), trace_));
  KubeOptions options = options_;
  options.as = "getter";
  const auto getter = connect(options);
  ASSERT_NE(getter, nullptr);
  const Context limit = context();
  while (!gathered(*getter, "m0"))
    ASSERT_TRUE(limit.pause(Deadline::in(std::chrono::milliseconds(20)), "request"));
  std::atomic<int> good = 0;
  on_threads(10, 100, [&](int i) { good += gathered(*getter, "m" + std::to_string(i % 10)) ? 1 : 0; });
  EXPECT_EQ(good, 100);
}

// Deadlines that pass while others ask are the caller's own affair.
TEST_F(GatherTest, WhoGivesUpTakesNobodyAlong) {
  for (int i = 0; i < 10; ++i) make("m" + std::to_string(i));
  std::atomic<int> good = 0;
  std::atomic<int> late = 0;
  std::atomic<int> other = 0;
  on_threads(40, 2000, [&](int i) {
    const bool hasty = i % 2 == 1;
    const auto object = gathered(
        *client_, "m" + std::to_string(i % 10),
        hasty ? Duration(std::chrono::microseconds(100 * (i % 37))) : Duration(std::chrono::seconds(20)));
    if (object) {
      ++good;
    } else if (hasty && object.error().code == "deadline") {
      ++late;
    } else {
      ++other;
      ADD_FAILURE() << object.error().code << ": " << object.error().message;
    }
  });
  EXPECT_GE(good, 1000);
  EXPECT_GT(late, 0) << "the deadlines were to be short";
  EXPECT_EQ(other, 0);
}

}  // namespace
}  // namespace assay

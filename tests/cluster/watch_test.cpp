// Watches of a real API server, also through a connection that breaks.
#include "kube/watch.h"

#include <gtest/gtest.h>

#include <mutex>
#include <thread>

#include "tests/cluster/relay.h"

namespace assay {
namespace {

class WatchTest : public test::ClusterTest {
 protected:
  KubeSelection maps_of_this_test() const {
    KubeSelection selection;
    selection.ns = ns_;
    selection.labels = "made=here";
    return selection;
  }
  void make(const std::string& name) {
    const auto made = client_->create(resource("cm"), ns_, config_map(name, "x"), context(), trace_);
    ASSERT_TRUE(made) << made.error().message;
  }
  static std::string name_of(const KubeEvent& event) { return event.object.find("metadata")->get("name"); }
};

TEST_F(WatchTest, WhatIsThereAndWhatChangesInOrder) {
  make("old");
  std::thread changes;
  std::string seen;
  KubeClient::Patch merge = KubeClient::Patch::merge;
  const auto version =
      client_->watch(resource("cm"), maps_of_this_test(), "", context(), trace_, [&](const KubeEvent& event) {
        static constexpr const char* kMarks = "+~-";
        seen += kMarks[static_cast<int>(event.kind)] + name_of(event) + " ";
        if (seen == "+old ") {
          changes = std::thread([&] {
            Value unseen = Value::object();
            Trace trace(unseen);
            const KubeResource maps = *client_->resource("cm", "", context(), trace);
            EXPECT_TRUE(client_->create(maps, ns_, config_map("new", "x"), context(), trace));
            EXPECT_TRUE(client_->patch(maps, ns_, "old", merge,
                                       Value::object({{"data", Value::object({{"text", "y"}})}}), context(),
                                       trace));
            EXPECT_TRUE(client_->remove(maps, ns_, "old", "", context(), trace));
          });
        }
        return event.kind != KubeEvent::Kind::deleted;
      });
  if (changes.joinable()) changes.join();
  ASSERT_TRUE(version) << version.error().message;
  EXPECT_EQ(seen, "+old +new ~old -old ");

  // From there on, nothing has happened.
  const auto quiet =
      client_->watch(resource("cm"), maps_of_this_test(), *version, context(std::chrono::milliseconds(500)),
                     trace_, [&](const KubeEvent& event) {
                       ADD_FAILURE() << name_of(event);
                       return true;
                     });
  ASSERT_FALSE(quiet);
  EXPECT_EQ(quiet.error().code, "deadline");
}

// 300 objects are made while the connection is cut again and again: each is seen once.
TEST_F(WatchTest, ACutWatchLosesAndDoublesNothing) {
  const auto access = load_kube_access(options_, process_environment());
  ASSERT_TRUE(access);
  test::Relay relay(*access);
  KubeClient through(network_, relay.access());
  const auto maps = through.resource("cm", "", context(), trace_);
  ASSERT_TRUE(maps) << maps.error().message;
  constexpr int kCount = 300;
  std::thread maker([&] {
    Value unseen = Value::object();
    Trace trace(unseen);
    for (int i = 0; i < kCount; ++i) {
      EXPECT_TRUE(client_->create(*maps, ns_, config_map("m" + std::to_string(i), "x"), context(), trace));
      if (i % 50 == 25) relay.cut();
    }
  });
  std::vector<std::string> seen;
  const auto done = through.watch(*maps, maps_of_this_test(), "", context(std::chrono::seconds(40)), trace_,
                                  [&](const KubeEvent& event) {
                                    EXPECT_EQ(event.kind, KubeEvent::Kind::added);
                                    seen.push_back(name_of(event));
                                    return seen.size() < kCount;
                                  });
  maker.join();
  ASSERT_TRUE(done) << done.error().message << " after " << seen.size();
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], "m" + std::to_string(i));
  EXPECT_GE(relay.connections(), 4) << "the connection was to be cut";
}

// Of a kind that is younger than the version: the API server never had it, on a fresh cluster either.
TEST_F(WatchTest, AVersionThatIsGone) {
  const auto definition =
      parse_json(R"({"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition",
    "metadata":{"name":"things.watch.assay.dev"},"spec":{"group":"watch.assay.dev","scope":"Namespaced",
    "names":{"plural":"things","singular":"thing","kind":"Thing"},"versions":[{"name":"v1","served":true,"storage":true,
    "schema":{"openAPIV3Schema":{"type":"object"}}}]}})");
  ASSERT_TRUE(definition);
  const KubeResource definitions = resource("customresourcedefinitions");
  const auto made = client_->create(definitions, "", *definition, context(), trace_);
  ASSERT_TRUE(made) << made.error().message;
  const Context patience = context();
  KubeResource things{"watch.assay.dev", "v1", "Thing", "things", "thing", {}, {}, true};
  while (!client_->list(things, maps_of_this_test(), patience, trace_, [](const Value&) { return true; }))
    ASSERT_TRUE(patience.pause(Deadline::in(std::chrono::milliseconds(50)), "request"));
  const auto gone = client_->watch(things, maps_of_this_test(), "1", context(), trace_,
                                   [](const KubeEvent&) { return true; });
  EXPECT_TRUE(client_->remove(definitions, "", "things.watch.assay.dev", "", context(), trace_));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, "kube.expired") << gone.error().message;
}

TEST_F(WatchTest, ASlowReaderGetsEverything) {
  constexpr int kCount = 40;
  const std::string large(100000, 'x');
  const KubeResource maps = resource("cm");
  const auto version =
      client_->list(maps, maps_of_this_test(), context(), trace_, [](const Value&) { return true; });
  ASSERT_TRUE(version);
  for (int i = 0; i < kCount; ++i)
    ASSERT_TRUE(client_->create(maps, ns_, config_map("m" + std::to_string(i), large), context(), trace_));
  int seen = 0;
  const auto done =
      client_->watch(maps, maps_of_this_test(), *version, context(), trace_, [&](const KubeEvent& event) {
        EXPECT_EQ(name_of(event), "m" + std::to_string(seen));
        EXPECT_EQ(event.object.find("data")->get("text").size(), large.size());
        // Slower than they come, so that the transfer has to pause.
        EXPECT_TRUE(context().pause(Deadline::in(std::chrono::milliseconds(10)), "request"));
        return ++seen < kCount;
      });
  ASSERT_TRUE(done) << done.error().message;
}

TEST_F(WatchTest, WhoMayNotWatchIsTold) {
  KubeOptions options = options_;
  options.as = "nobody";
  const auto nobody = connect(options);
  ASSERT_NE(nobody, nullptr);
  const auto denied = nobody->watch(resource("cm"), maps_of_this_test(), "1", context(), trace_,
                                    [](const KubeEvent&) { return true; });
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, "kube.forbidden");
  EXPECT_NE(denied.error().message.find("cannot watch resource \"configmaps\""), std::string::npos)
      << denied.error().message;
}

}  // namespace
}  // namespace assay

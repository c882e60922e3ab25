// A real cluster (fixtures/node) for tests; ASSAY_KUBECONFIG names its kubeconfig. No variable: the test
// fails.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "kube/kube.h"
#include "net/http.h"

namespace assay::test {

// A namespace of the test's own, removed at its end.
class ClusterTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* file = std::getenv("ASSAY_KUBECONFIG");
    ASSERT_NE(file, nullptr) << "ASSAY_KUBECONFIG must name the kubeconfig of a running fixtures/node";
    options_.kubeconfig = file;
    client_ = connect(options_);
    ASSERT_NE(client_, nullptr);
    const Value ns = Value::object({{"apiVersion", "v1"},
                                    {"kind", "Namespace"},
                                    {"metadata", Value::object({{"generateName", "assay-test-"}})}});
    const auto created = client_->create(resource("namespaces"), "", ns, context(), trace_);
    ASSERT_TRUE(created) << created.error().message;
    ns_ = created->find("metadata")->get("name");
  }
  void TearDown() override {
    if (client_ == nullptr || ns_.empty()) return;
    const auto removed = client_->remove(resource("namespaces"), "", ns_, "", context(), trace_);
    EXPECT_TRUE(removed) << removed.error().message;
  }

  std::unique_ptr<KubeClient> connect(const KubeOptions& options) {
    auto access = load_kube_access(options, process_environment());
    if (!access) {
      ADD_FAILURE() << access.error().message;
      return nullptr;
    }
    return std::make_unique<KubeClient>(network_, std::move(*access));
  }
  Context context(Duration time = std::chrono::seconds(20)) const { return {Deadline::in(time), never_}; }
  KubeResource resource(const std::string& word) {
    auto found = client_->resource(word, "", context(), trace_);
    if (!found) {
      ADD_FAILURE() << found.error().message;
      return {};
    }
    return *found;
  }
  static Value config_map(const std::string& name, const std::string& text) {
    return Value::object(
        {{"apiVersion", "v1"},
         {"kind", "ConfigMap"},
         {"metadata", Value::object({{"name", name}, {"labels", Value::object({{"made", "here"}})}})},
         {"data", Value::object({{"text", text}})}});
  }

  Network network_;
  Stop never_;
  Value seen_ = Value::object();
  Trace trace_{seen_};
  KubeOptions options_;
  std::unique_ptr<KubeClient> client_;
  std::string ns_;
};

}  // namespace assay::test

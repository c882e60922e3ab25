// References to Secrets of the cluster.
#include "engine/secrets.h"

#include "core/yaml.h"
#include "tests/cluster/cluster.h"

namespace assay {

using SecretReferencesTest = test::ClusterTest;

TEST_F(SecretReferencesTest, AreReadFromTheCluster) {
  const Value secret = parse_yaml(
                           "{apiVersion: v1, kind: Secret, metadata: {name: app}, stringData: {PASSWORD: "
                           "a-long-password}}",
                           0)
                           .value();
  ASSERT_TRUE(client_->create(resource("secrets"), ns_, secret, context(), trace_));
  Plan plan;
  const auto reference = [&](const std::string& key) {
    return Value::object({{"secret", Value::object({{"namespace", ns_}, {"name", "app"}, {"key", key}})}});
  };
  for (const char* key : {"PASSWORD", "NONE"}) {
    Check check;
    check.id = std::string("s/") + key;
    check.probe = "redis.ping";
    check.with = Value::object({{"address", "127.0.0.1:1"}, {"password", reference(key)}});
    plan.checks.push_back(std::move(check));
  }
  Kube kube(network_, options_, process_environment());
  SecretStore store;
  Redactor redactor("key");
  const auto network = std::make_shared<Network>();
  resolve_references(plan, all_probes(), store, redactor, network, context(), {}, &kube);
  const auto found = store.get(reference("PASSWORD"));
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->reveal(), "a-long-password");
  EXPECT_EQ(redactor.redact("it is a-long-password!").find("a-long-password"), std::string::npos);
  const auto missing = store.get(reference("NONE"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, "secret.unresolved");
  EXPECT_NE(missing.error().message.find("key NONE of Secret app: there is no such key"), std::string::npos)
      << missing.error().message;
}

}  // namespace assay

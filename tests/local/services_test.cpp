// The probes of HTTP and JSON services, and of gRPC, against the stack that ASSAY_VALUES names, and against
// an OpenBao of the test's own for the states that a stack which is up does not have.
#include <gtest/gtest.h>

#include "tests/support/declared.h"
#include "tests/support/observe.h"
#include "tests/support/values.h"
#include "tests/support/vault_server.h"

namespace assay::test {
namespace {

class LocalServices : public ::testing::Test {
 protected:
  // `with` goes on after the braces of url and tls.
  Value ask(std::string_view probe, const std::string& url, const std::string& with = "") {
    Value seen =
        observe(probe, "{url: '" + url + "', tls: " + stack_tls() + (with.empty() ? "" : ", ") + with + "}");
    EXPECT_EQ(undeclared(seen, probe), "") << probe << " " << to_json(seen);
    return seen;
  }
  std::string token(std::string_view name) const { return "token: " + stack_reference(name); }

  Value stack = values();
  std::string vault = stack.get("vault");
};

TEST_F(LocalServices, VaultHealthOfEveryNode) {
  int active = 0;
  for (const Value& node : stack.find("vault_nodes")->items()) {
    const Value strict = ask("vault.health", node.string());
    active += at(strict, "state") == Value("active") ? 1 : 0;
    EXPECT_EQ(code_of(strict), at(strict, "state") == Value("active") ? "" : "vault.standby")
        << to_json(strict);
    const Value seen = ask("vault.health", node.string(), "standby_ok: true");
    EXPECT_EQ(code_of(seen), "") << to_json(seen);
    EXPECT_EQ(at(seen, "initialized"), Value(true));
    EXPECT_EQ(at(seen, "sealed"), Value(false));
    EXPECT_FALSE(at(seen, "version").string().empty());
  }
  EXPECT_EQ(active, 1);
}

TEST_F(LocalServices, VaultTokens) {
  const Value good = ask("vault.token", vault, token("vault-token"));
  EXPECT_EQ(code_of(good), "") << to_json(good);
  EXPECT_GT(at(good, "ttl").number(), 0);
  EXPECT_EQ(at(good, "policies"), Value(Value::Array{"app", "default"}));
  EXPECT_EQ(to_json(good).find(stack_secret("vault-token")), std::string::npos);
  EXPECT_EQ(code_of(ask("vault.token", vault, "token: hvs.wrong")), "vault.permission");
  EXPECT_EQ(code_of(ask("vault.token", vault)), "vault.permission");
  EXPECT_EQ(at(ask("vault.token", vault, token("vault-root-token")), "ttl"), Value(0));
}

TEST_F(LocalServices, VaultLoginByAppRole) {
  const std::string role = "role_id: " + stack.get("vault_role_id");
  const Value seen = ask("vault.login", vault, role + ", secret_id: " + stack_reference("vault-secret-id"));
  EXPECT_EQ(code_of(seen), "") << to_json(seen);
  EXPECT_EQ(at(seen, "ttl"), Value(3600));
  EXPECT_EQ(at(seen, "policies"), Value(Value::Array{"app", "default"}));
  EXPECT_EQ(at(seen, "revoked"), Value(true));
  EXPECT_TRUE(at(seen, "phases.auth").is_number());
  EXPECT_EQ(to_json(seen).find("hvs."), std::string::npos);
  EXPECT_EQ(code_of(ask("vault.login", vault, role + ", secret_id: wrong")), "auth.denied");
  EXPECT_EQ(code_of(ask("vault.login", vault, "method: kubernetes, role: app, jwt: e.y.J")), "auth.denied");
  EXPECT_EQ(code_of(ask("vault.login", vault, "method: token, " + token("vault-token"))), "");
}

TEST_F(LocalServices, VaultReadsARoleAndNoSecret) {
  const Value role = ask("vault.read", vault, "path: auth/approle/role/app, " + token("vault-ops-token"));
  EXPECT_EQ(code_of(role), "") << to_json(role);
  EXPECT_EQ(at(role, "data.token_policies"), Value(Value::Array{"app"}));
  EXPECT_EQ(at(role, "data.token_ttl"), Value(3600));
  EXPECT_EQ(code_of(ask("vault.read", vault, "path: auth/approle/role/none, " + token("vault-ops-token"))),
            "vault.no-path");
  EXPECT_EQ(code_of(ask("vault.read", vault, "path: auth/approle/role/app, " + token("vault-token"))),
            "vault.permission");
  const Value secret = ask("vault.read", vault, "path: secret/data/app/db, " + token("vault-token"));
  EXPECT_EQ(code_of(secret), "") << to_json(secret);
  EXPECT_EQ(at(secret, "mount_type"), Value("kv"));
  EXPECT_EQ(at(secret, "keys"), Value(Value::Array{"database", "password", "username"}));
  EXPECT_EQ(at(secret, "data.truncated"), Value(true));
  EXPECT_EQ(to_json(secret).find(stack_secret("postgres-password")), std::string::npos);
  EXPECT_EQ(at(role, "mount_type"), Value("approle"));
  const Value policy = ask("vault.read", vault, "path: sys/policies/acl/app, " + token("vault-ops-token"));
  EXPECT_EQ(code_of(policy), "") << to_json(policy);
  EXPECT_NE(at(policy, "data.policy").string().find("secret/data/app"), std::string::npos);
}

TEST_F(LocalServices, VaultKeyValueShowsNamesAndNoValues) {
  const Value seen = ask("vault.kv", vault, "path: app/db, " + token("vault-token"));
  EXPECT_EQ(code_of(seen), "") << to_json(seen);
  EXPECT_GE(at(seen, "current_version").integer(), 1);
  EXPECT_GE(at(seen, "versions").integer(), 1);
  EXPECT_EQ(at(seen, "keys"), Value(Value::Array{"database", "password", "username"}));
  EXPECT_EQ(to_json(seen).find(stack_secret("postgres-password")), std::string::npos);
  const Value metadata =
      ask("vault.kv", vault, "path: app/db, " + token("vault-ops-token"));  // may not read the data
  EXPECT_EQ(code_of(metadata), "") << to_json(metadata);
  EXPECT_EQ(metadata.find("keys"), nullptr);
  EXPECT_GE(at(metadata, "current_version").integer(), 1);
  EXPECT_EQ(code_of(ask("vault.kv", vault, "path: app/none, " + token("vault-token"))), "vault.no-path");
  EXPECT_EQ(code_of(ask("vault.kv", vault, "path: other/x, " + token("vault-token"))), "vault.permission");
}

TEST_F(LocalServices, VaultRaft) {
  const auto nodes = static_cast<int>(stack.find("vault_nodes")->items().size());
  const Value seen = ask("vault.raft", vault, token("vault-ops-token"));
  EXPECT_EQ(code_of(seen), "") << to_json(seen);
  EXPECT_EQ(at(seen, "count"), Value(nodes));
  EXPECT_EQ(at(seen, "voters"), Value(nodes));
  EXPECT_EQ(at(seen, "leaders"), Value(1));
  EXPECT_EQ(code_of(ask("vault.raft", vault, token("vault-token"))), "vault.permission");
}

TEST_F(LocalServices, AWrongSchemeIsNamed) {
  std::string other = vault;
  other.replace(0, stack_is_ha() ? 5 : 4, stack_is_ha() ? "http" : "https");
  EXPECT_EQ(code_of(ask("vault.health", other)), stack_is_ha() ? "tls.required" : "tls.not-tls");
}

TEST_F(LocalServices, Opa) {
  const std::string opa = stack.get("opa");
  EXPECT_EQ(at(ask("opa.health", opa), "healthy"), Value(true));
  EXPECT_EQ(at(ask("opa.health", opa, "bundles: true, plugins: true"), "healthy"), Value(true));
  const Value ann = ask("opa.decision", opa, "path: authz/allow, input: {user: ann, resource: doc1}");
  EXPECT_EQ(code_of(ann), "") << to_json(ann);
  EXPECT_EQ(at(ann, "result"), Value(true));
  EXPECT_EQ(at(ask("opa.decision", opa + "/v1/data", "path: authz/allow, input: {user: bob, resource: doc1}"),
               "result"),
            Value(false));
  const Value none = ask("opa.decision", opa, "path: no/such/rule");
  EXPECT_EQ(at(none, "defined"), Value(false));
  EXPECT_EQ(none.find("result"), nullptr);
}

TEST_F(LocalServices, OpenFga) {
  const std::string openfga = stack.get("openfga");
  const std::string store = "store: " + stack.get("openfga_store");
  const auto question = [](const std::string& user) {
    return ", user: 'user:" + user + "', relation: viewer, object: 'doc:1'";
  };
  const Value ann =
      ask("openfga.check", openfga, store + ", model: " + stack.get("openfga_model") + question("ann"));
  EXPECT_EQ(code_of(ann), "") << to_json(ann);
  EXPECT_EQ(at(ann, "allowed"), Value(true));
  EXPECT_EQ(at(ask("openfga.check", openfga, store + question("bob")), "allowed"), Value(false));
  const Value contextual =
      ask("openfga.check", openfga,
          store + question("bob") + ", contextual: [{user: 'user:bob', relation: owner, object: 'doc:1'}]");
  EXPECT_EQ(at(contextual, "allowed"), Value(true));
  EXPECT_EQ(
      code_of(ask("openfga.check", openfga, store + ", user: 'user:ann', relation: none, object: 'doc:1'")),
      "openfga.error");
}

TEST_F(LocalServices, Grpc) {
  const std::string address = "address: '" + stack.get("openfga_grpc") + "', tls: " + stack_tls();
  for (const char* service : {"", ", service: openfga.v1.OpenFGAService"}) {
    const Value seen = observe("grpc.health", "{" + address + service + "}");
    EXPECT_EQ(code_of(seen), "") << to_json(seen);
    EXPECT_EQ(at(seen, "serving"), Value("SERVING"));
    EXPECT_EQ(undeclared(seen, "grpc.health"), "");
  }
  const Value none = observe("grpc.health", "{" + address + ", service: no.such.Service}");
  EXPECT_EQ(code_of(none), "grpc.status");
  EXPECT_EQ(at(none, "grpc_status"), Value("NOT_FOUND"));
}

TEST_F(LocalServices, Prometheus) {
  const std::string prometheus = stack.get("prometheus");
  EXPECT_EQ(at(ask("prometheus.ready", prometheus), "ready"), Value(true));
  const Value up = ask("prometheus.query", prometheus, "query: 'job:up:sum{job=\"prometheus\"}'");
  EXPECT_EQ(code_of(up), "") << to_json(up);
  EXPECT_EQ(at(up, "result_type"), Value("vector"));
  EXPECT_EQ(at(up, "value"), Value(1.0));
  EXPECT_EQ(at(ask("prometheus.query", prometheus, "query: 1/0"), "value"), Value("+Inf"));
  EXPECT_EQ(at(ask("prometheus.query", prometheus, "query: no_such_metric"), "count"), Value(0));
  EXPECT_EQ(at(ask("prometheus.query", prometheus, "query: 'up[10s]'"), "result_type"), Value("matrix"));
  const Value wrong = ask("prometheus.query", prometheus, "query: 'sum('");
  EXPECT_EQ(code_of(wrong), "http.status");
  EXPECT_NE(at(wrong, "message").string().find("parse error"), std::string::npos);
  const Value targets = ask("prometheus.targets", prometheus);
  EXPECT_EQ(at(targets, "down"), Value(0)) << to_json(targets);
  EXPECT_GE(at(targets, "up").integer(), 1);
  const Value rules = ask("prometheus.rules", prometheus);
  EXPECT_EQ(at(rules, "rules"), Value(2));
  EXPECT_EQ(at(rules, "alerting"), Value(1));
  EXPECT_EQ(at(rules, "unhealthy"), Value(0));
  EXPECT_EQ(at(ask("prometheus.alerts", prometheus), "firing"), Value(0));
}

// One OpenBao without TLS, from nothing to sealed.
TEST(LocalVault, UninitializedSealedActiveAndExpired) {
  VaultServer server;
  const std::string url = "url: '" + server.url() + "'";
  const Value empty = observe("vault.health", url);
  EXPECT_EQ(code_of(empty), "vault.not-initialized") << to_json(empty);
  EXPECT_EQ(at(empty, "state"), Value("uninitialized"));
  const std::string anyone = "{" + url + ", token: hvs.none}";
  EXPECT_EQ(code_of(observe("vault.token", anyone)),
            "vault.sealed");  // the server calls it so before it is initialised

  server.initialise();
  const Value sealed = observe("vault.health", url);
  EXPECT_EQ(code_of(sealed), "vault.sealed") << to_json(sealed);
  EXPECT_EQ(at(sealed, "initialized"), Value(true));
  EXPECT_EQ(at(sealed, "sealed"), Value(true));
  EXPECT_EQ(code_of(observe("vault.token", anyone)), "vault.sealed");

  server.unseal();
  EXPECT_EQ(code_of(observe("vault.health", url)), "");
  const std::string brief = "{" + url + ", token: " + server.token("1s") + "}";
  EXPECT_EQ(code_of(observe("vault.token", brief)), "");
  server.until([&] { return code_of(observe("vault.token", brief)) != ""; });
  EXPECT_EQ(code_of(observe("vault.token", brief)), "vault.permission");

  server.seal();
  EXPECT_EQ(code_of(observe("vault.health", url)), "vault.sealed");
}

// Version 1 of the key-value engine answers like anything else: only the type of the mount tells.
TEST(LocalVault, ASecretOfVersionOneIsNotShown) {
  VaultServer server;
  server.initialise();
  server.unseal();
  const Value content = Value::object({{"user", "app"}, {"note", "hunter2-hunter2"}});
  server.write("sys/mounts/legacy",
               Value::object({{"type", "kv"}, {"options", Value::object({{"version", "1"}})}}));
  server.write("legacy/app", content);
  server.write("cubbyhole/app", content);
  server.write("sys/policies/acl/app",
               Value::object({{"policy", "path \"legacy/*\" { capabilities = [\"read\"] }"}}));
  const auto read = [&](const std::string& path, const std::string& token) {
    return observe("vault.read", "{url: '" + server.url() + "', token: " + token + ", path: " + path + "}");
  };
  for (const std::string path : {"legacy/app", "cubbyhole/app"}) {
    const Value seen = read(path, server.root_token());
    EXPECT_EQ(code_of(seen), "") << to_json(seen);
    EXPECT_EQ(at(seen, "keys"), Value(Value::Array{"note", "user"}));
    EXPECT_EQ(at(seen, "data.truncated"), Value(true));
    EXPECT_EQ(to_json(seen).find("hunter2"), std::string::npos);
  }
  EXPECT_EQ(at(read("legacy/app", server.root_token()), "mount_type"), Value("kv"));
  const Value policy = read("sys/policies/acl/app", server.root_token());
  EXPECT_EQ(at(policy, "mount_type"), Value("system"));
  EXPECT_NE(at(policy, "data.policy").string().find("legacy"), std::string::npos) << to_json(policy);
  EXPECT_EQ(code_of(read("legacy/app", server.token("1h"))), "vault.permission");
  EXPECT_EQ(code_of(read("nowhere/app", server.root_token())), "vault.no-path");
}

}  // namespace
}  // namespace assay::test

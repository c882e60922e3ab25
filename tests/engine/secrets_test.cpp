#include "engine/secrets.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "core/yaml.h"
#include "engine/observation.h"
#include "tests/support/http_server.h"

namespace assay {
namespace {

const Probes& probes() {
  static const Probes all = all_probes();
  return all;
}

Check check(const std::string& probe, std::string_view with) {
  Check one;
  one.id = "s/" + probe;
  one.probe = probe;
  one.with = parse_yaml(with, 0).value();
  return one;
}

std::vector<std::string> literal_fields(const std::string& probe, std::string_view with) {
  std::vector<std::string> fields;
  for (const Probe& row : probes()) {
    if (row.name != probe) continue;
    for (const LiteralSecret& one : literal_secrets(parse_yaml(with, 0).value(), row.params))
      fields.push_back(one.field);
  }
  return fields;
}

struct Resolved {
  SecretStore store;
  Redactor redactor{"key of the run"};
};

Resolved resolve(std::vector<Check> checks, const std::map<std::string, Secret>& taken = {}) {
  Resolved resolved;
  Plan plan;
  plan.checks = std::move(checks);
  const Stop never;
  resolve_references(plan, probes(), resolved.store, resolved.redactor, std::make_shared<Network>(),
                     Context(Deadline::in(std::chrono::seconds(5)), never), taken);
  return resolved;
}

}  // namespace

TEST(LiteralSecrets, AreFoundWhereverTheyStand) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(literal_fields("redis.ping", "{address: 'a:1', password: literal}"), Names{"password"});
  EXPECT_EQ(literal_fields("redis.ping", "{address: 'a:1', password: {env: X}}"), Names{});
  EXPECT_EQ(
      literal_fields("redis.ping",
                     "{address: 'a:1', password: {vault: {use: v, path: p, key: k, url: u, token: hvs.x}}}"),
      Names{"password.vault.token"});
  EXPECT_EQ(literal_fields(
                "redis.ping",
                "{address: 'a:1', password: {vault: {use: v, path: p, key: k, url: u, token: {env: T}}}}"),
            Names{});
  EXPECT_EQ(literal_fields("http",
                           "{url: 'http://a/?token=x&page=2', headers: {Authorization: Bearer x, Accept: y, "
                           "X-Vault-Token: {env: T}}, body: {user: u, password: p}}"),
            (Names{"url", "headers.Authorization", "body.password"}));
  EXPECT_EQ(literal_fields("command", "{argv: [a], env: {PGPASSWORD: x, PGHOST: h, URL: 'redis://:pw@h'}}"),
            (Names{"env.PGPASSWORD", "env.URL"}));
  EXPECT_EQ(literal_fields("command",
                           "{argv: [a, --password=x, --token, y, --secret, '--verbose', 'PGPASSWORD=z', "
                           "--port=5, 'select pass=1', {env: T}, --key-file=/k]}"),
            (Names{"argv", "argv", "argv"}));
  EXPECT_EQ(literal_fields("kafka.topic",
                           "{brokers: 'a:1', topic: t, sasl: {mechanism: PLAIN, user: u, password: p}}"),
            Names{"sasl.password"});
  EXPECT_EQ(literal_fields("vault.read", "{url: 'http://a', path: p, tls: {key: /etc/key.pem, cert: c}}"),
            Names{});
}

TEST(ResolveReferences, LiteralsAreRedactedEverywhere) {
  const Resolved resolved = resolve(
      {check("redis.ping",
             "{address: 'a:1', password: {vault: {use: v, path: p, key: k, url: 'http://127.0.0.1:1', "
             "token: hvs.LITERALTOKEN123456}}}"),
       check("http",
             "{url: 'http://a/?token=query-literal-1', headers: {Authorization: Bearer litbearer-778899}}"),
       check("command", "{argv: ['true'], env: {PGPASSWORD: envliteral-123456}}"),
       check("postgres.ready", "{dsn: 'postgresql://app:dsn-pass-word-1@127.0.0.1:1/app'}")});
  for (const char* text : {"hvs.LITERALTOKEN123456", "query-literal-1", "litbearer-778899",
                           "envliteral-123456", "dsn-pass-word-1"}) {
    const std::string out = resolved.redactor.redact("the server says " + std::string(text) + " is wrong");
    EXPECT_EQ(out.find(text), std::string::npos) << out;
  }
  EXPECT_TRUE(resolved.redactor.weak().empty());
}

TEST(ResolveReferences, WeakSecretsAreNamedAndNotShown) {
  ::setenv("ASSAY_TEST_WEAK", "tiny", 1);
  const Resolved resolved = resolve(
      {check("redis.ping", "{address: 'a:1', password: {env: ASSAY_TEST_WEAK}}"),
       check("redis.ping", "{address: 'a:1', password: {env: ASSAY_TEST_WEAK}}"),
       check("redis.info", "{address: 'a:1', password: postgres}"),
       check("redis.ping",
             "{address: 'a:1', password: {vault: {use: v, path: p, key: k, url: 'http://127.0.0.1:1', "
             "token: short}}}")});
  EXPECT_EQ(resolved.redactor.weak(),
            (std::vector<std::string>{"s/redis.info password", "s/redis.ping password.vault.token",
                                      "{env: ASSAY_TEST_WEAK}"}));
}

TEST(ResolveReferences, AVaultsTokenIsInNoName) {
  ::setenv("ASSAY_TEST_WEAK", "tiny", 1);
  Stop stop;
  stop.raise();
  Plan plan;
  plan.checks = {check("redis.ping",
                       "{address: 'a:1', password: {vault: {use: v, path: p, key: k, url: 'http://a', "
                       "token: hvs.LITERALTOKEN123456}}}")};
  SecretStore store;
  Redactor redactor("k");
  resolve_references(plan, probes(), store, redactor, std::make_shared<Network>(), Context(Deadline(), stop));
  const auto secret = store.get(*plan.checks[0].with.find("password"));
  ASSERT_FALSE(secret);
  EXPECT_EQ(secret.error().message, "no time was left to read {vault: {use: v, path: p, key: k}}");
}

TEST(ResolveReferences, WhatWasTakenOutOfTheEnvironmentCanBeReferredTo) {
  ASSERT_EQ(std::getenv("PGPASSWORD_OF_A_TEST"), nullptr);
  const auto password = [](const std::map<std::string, Secret>& taken) {
    const Resolved resolved =
        resolve({check("redis.ping", "{address: 'a:1', password: {env: PGPASSWORD_OF_A_TEST}}")}, taken);
    const auto secret = resolved.store.get(parse_yaml("{env: PGPASSWORD_OF_A_TEST}", 0).value());
    return secret ? secret->reveal() : secret.error().code;
  };
  EXPECT_EQ(password({{"PGPASSWORD_OF_A_TEST", Secret("set-aside-1")}}), "set-aside-1");
  EXPECT_EQ(password({}), "secret.unresolved");
}

// One at a time, without a plan.
TEST(ReadReference, OfTheEnvironmentAndOfVaultWhoseTokenIsOne) {
  const test::HttpSaid good = {200, R"({"data":{"data":{"password":"of-vault"}}})"};
  test::Server vault(test::http_handler([&](const test::HttpSeen& seen) {
    const auto right = seen.target == "/v1/secret/data/git" && seen.header("X-Vault-Token") == "set-aside-1";
    return right ? good : test::HttpSaid{403, "{}"};
  }));
  Network network;
  const Stop never;
  const Context context(Deadline::in(std::chrono::seconds(5)), never);
  const std::map<std::string, Secret> taken = {{"TOKEN_OF_A_TEST", Secret("set-aside-1")}};
  const auto read = [&](const std::string& reference) {
    const auto secret = read_reference(parse_yaml(reference, 0).value(), taken, network, nullptr, context);
    return secret ? secret->reveal() : secret.error().code + " " + secret.error().message;
  };
  const auto of_vault = [&](const std::string& key, const std::string& token) {
    return "{vault: {url: 'http://" + vault.address() + "', path: secret/data/git, key: " + key +
           ", token: " + token + "}}";
  };
  EXPECT_EQ(read("{env: TOKEN_OF_A_TEST}"), "set-aside-1");
  EXPECT_EQ(read(of_vault("password", "{env: TOKEN_OF_A_TEST}")), "of-vault");
  EXPECT_EQ(
      read(of_vault("other", "{env: TOKEN_OF_A_TEST}")),
      "secret.unresolved secret/data/git in Vault at http://" + vault.address() + ": there is no key other");
  EXPECT_EQ(read(of_vault("password", "{env: NONE_OF_A_TEST}")),
            "secret.unresolved the environment has no NONE_OF_A_TEST");
  EXPECT_EQ(read("{secret: {name: s, key: k}}"),
            "secret.unresolved key k of Secret s: this run has no cluster");
}

TEST(Seal, WhatAProbeHasCutIsRedactedToItsEnd) {
  Redactor redactor("k");
  redactor.learn(Secret("correct-horse-battery"), "s");
  const std::string text = std::string(1000, 'x') + "correct-horse";
  const auto seen = [&](std::size_t limit) {
    return seal(
        Value::object({{"body", Value::object({{"truncated", true}, {"bytes", 5000}, {"head", text}})}}),
        redactor, limit);
  };
  EXPECT_EQ(to_json(seen(kMaxObservation)).find("correct-horse"), std::string::npos);
  const Value small = seen(600);
  EXPECT_EQ(*small.find("body")->find("bytes"), Value(5000));
  EXPECT_LE(small.find("body")->get("head").size(), 260U);
}

}  // namespace assay

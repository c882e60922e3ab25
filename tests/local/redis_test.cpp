// The probes of Redis and Sentinel against the stack that ASSAY_VALUES names.
#include <gtest/gtest.h>

#include "tests/support/observe.h"
#include "tests/support/values.h"

namespace assay::test {
namespace {

std::string list(const Value& all, std::string_view key) {
  std::string text;
  if (const Value* items = all.find(key)) {
    for (const Value& item : items->items()) text += (text.empty() ? "'" : ", '") + item.string() + "'";
  }
  return "[" + text + "]";
}

class LocalRedis : public ::testing::Test {
 protected:
  std::string at_address(const std::string& address, const std::string& login) const {
    return "{address: '" + address + "', tls: " + stack_tls() + (login.empty() ? "" : ", " + login) + "}";
  }
  std::string own() const {
    return at_address(stack.get("redis"), "password: " + stack_reference("redis-password"));
  }
  std::string reader() const {
    return at_address(stack.get("redis"),
                      "username: reader, password: " + stack_reference("redis-reader-password"));
  }
  Value stack = values();
};

TEST_F(LocalRedis, AnswersPing) {
  const Value seen = observe("redis.ping", own());
  EXPECT_EQ(code_of(seen), "") << to_json(seen);
  EXPECT_EQ(at(seen, "reply"), Value("PONG"));
  EXPECT_TRUE(at(seen, "phases.auth").is_number());
}

TEST_F(LocalRedis, Passwords) {
  EXPECT_EQ(code_of(observe("redis.ping", at_address(stack.get("redis"), ""))), "auth.required");
  EXPECT_EQ(code_of(observe("redis.ping", at_address(stack.get("redis"), "password: not-the-password"))),
            "auth.denied");
  EXPECT_EQ(code_of(observe("redis.ping",
                            at_address(stack.get("redis"), "username: nobody, password: not-the-password"))),
            "auth.denied");
}

TEST_F(LocalRedis, AUserMayDoWhatItsRulesAllow) {
  EXPECT_EQ(code_of(observe("redis.ping", reader())), "");
  const Value seen = observe("redis.roundtrip", reader());
  EXPECT_EQ(code_of(seen), "auth.denied") << to_json(seen);
  EXPECT_EQ(at(seen, "error.phase"), Value("request"));
}

TEST_F(LocalRedis, Info) {
  const Value seen = observe("redis.info", own());
  EXPECT_EQ(code_of(seen), "") << to_json(seen);
  EXPECT_TRUE(at(seen, "version").is_string());
  EXPECT_EQ(at(seen, "loading"), Value(false));
  EXPECT_GT(at(seen, "used_memory").integer(), 100'000);
  EXPECT_GE(at(seen, "keyspace.db0.keys").integer(), 2);
  EXPECT_TRUE(at(seen, "info.tcp_port").is_integer());
}

TEST_F(LocalRedis, Roundtrip) {
  if (stack_is_ha()) {
    const Value master =
        observe("sentinel.master", "{sentinels: " + list(stack, "redis_sentinels") + ", password: " +
                                       stack_reference("sentinel-password") + ", tls: " + stack_tls() + "}");
    const Value seen =
        observe("redis.roundtrip",
                at_address(at(master, "master").string(), "password: " + stack_reference("redis-password")));
    EXPECT_EQ(code_of(seen), "") << to_json(seen);
    EXPECT_EQ(at(seen, "read_back"), Value(true));
    return;
  }
  const Value seen = observe("redis.roundtrip", own());
  EXPECT_EQ(code_of(seen), "") << to_json(seen);
  EXPECT_EQ(at(seen, "written"), Value(true));
  EXPECT_EQ(at(seen, "read_back"), Value(true));
  EXPECT_EQ(at(seen, "removed"), Value(true));
}

TEST_F(LocalRedis, TlsOnTheOneSideOnly) {
  const std::string plain = "{address: '" + stack.get("redis") +
                            "', tls: false, password: " + stack_reference("redis-password") + "}";
  const std::string secured = "{address: '" + stack.get("redis") +
                              "', tls: true, password: " + stack_reference("redis-password") + "}";
  if (stack_is_ha()) {
    EXPECT_EQ(code_of(observe("redis.ping", plain)), "tls.required");
    const Value seen = observe("redis.ping", secured);
    EXPECT_EQ(code_of(seen), "tls.untrusted") << to_json(seen);
    EXPECT_GE(at(seen, "tls.chain").items().size(), 1U);
  } else {
    EXPECT_EQ(code_of(observe("redis.ping", secured)), "tls.not-tls");
  }
}

TEST_F(LocalRedis, MasterAndReplicas) {
  if (!stack_is_ha()) {
    EXPECT_EQ(at(observe("redis.info", own()), "role"), Value("master"));
    return;
  }
  std::int64_t replicas = 0;
  for (const Value& node : stack.find("redis_nodes")->items()) {
    const std::string params = at_address(node.string(), "password: " + stack_reference("redis-password"));
    const Value seen = observe("redis.info", params);
    ASSERT_EQ(code_of(seen), "") << to_json(seen);
    if (at(seen, "role") == Value("slave")) {
      ++replicas;
      EXPECT_EQ(at(seen, "master_link_status"), Value("up"));
      EXPECT_EQ(code_of(observe("redis.roundtrip", params)), "redis.read-only");
    } else {
      EXPECT_EQ(at(seen, "connected_slaves"), Value(2));
      EXPECT_EQ(at(seen, "replicas").items().size(), 2U);
    }
  }
  EXPECT_EQ(replicas, 2);
}

TEST_F(LocalRedis, Sentinels) {
  if (!stack_is_ha()) {
    // Redis itself has no SENTINEL command.
    const Value seen = observe("sentinel.master", "{sentinels: ['" + stack.get("redis") + "'], password: " +
                                                      stack_reference("redis-password") + "}");
    EXPECT_EQ(code_of(seen), "redis.error") << to_json(seen);
    return;
  }
  const std::string params = "sentinels: " + list(stack, "redis_sentinels") + ", tls: " + stack_tls();
  const std::string login = ", password: " + stack_reference("sentinel-password");
  const Value seen = observe("sentinel.master", "{" + params + login + "}");
  EXPECT_EQ(code_of(seen), "") << to_json(seen);
  EXPECT_EQ(at(seen, "agreed"), Value(true));
  EXPECT_EQ(at(seen, "sentinels_up"), Value(3));
  EXPECT_EQ(at(seen, "quorum"), Value(2));
  EXPECT_EQ(at(seen, "replicas"), Value(2));
  EXPECT_EQ(code_of(observe("sentinel.master", "{" + params + login + ", master: nobody}")),
            "sentinel.no-master");
  EXPECT_EQ(code_of(observe("sentinel.master", "{" + params + ", password: not-the-password}")),
            "auth.denied");
  EXPECT_EQ(code_of(observe("sentinel.master", "{" + params + "}")), "auth.required");
}

}  // namespace
}  // namespace assay::test

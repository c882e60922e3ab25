// Kafka probes against the stack's brokers.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>

#include "tests/support/observe.h"
#include "tests/support/values.h"

namespace assay::test {
namespace {

constexpr auto kTimeout = std::chrono::seconds(20);

std::string stack(const char* key) { return values().get(key); }

// Parameters for a listener of the stack: "kafka_plain", "kafka_sasl", "kafka_tls", "kafka_sasl_tls".
std::string with(const std::string& listener, const std::string& more = {}) {
  return "{brokers: '" + values().get(listener) + "'" + (more.empty() ? "" : ", " + more) + "}";
}

std::string trusted() { return "tls: {ca: '" + stack("ca") + "'}"; }

std::string login(const std::string& password) {
  return "sasl: {mechanism: SCRAM-SHA-256, username: '" + stack("kafka_user") + "', password: " + password +
         "}";
}

std::string right() { return login(stack_reference("kafka-password")); }

std::int64_t expected(const char* key) { return values().get_int(key, -1); }

// A topic name that nobody has used before.
std::string fresh_topic() {
  return "assay.test-" + std::to_string(::getpid()) + "-" +
         std::to_string(std::chrono::steady_clock::now().time_since_epoch().count());
}

void expect_cluster(const Value& seen) {
  EXPECT_EQ(code_of(seen), "") << to_json(seen);
  EXPECT_EQ(at(seen, "brokers"), Value(expected("kafka_brokers")));
  EXPECT_EQ(at(seen, "unreachable"), Value(0));
  EXPECT_GE(at(seen, "controller").integer(), 0);
  EXPECT_FALSE(at(seen, "cluster_id").string().empty());
}

}  // namespace

TEST(LocalKafka, EveryListenerShowsTheCluster) {
  expect_cluster(observe("kafka.cluster", with("kafka_plain"), kTimeout));
  const Value tls = observe("kafka.cluster", with("kafka_tls", trusted()), kTimeout);
  expect_cluster(tls);
  EXPECT_EQ(at(tls, "tls.verified"), Value(true));
  const Value sasl = observe("kafka.cluster", with("kafka_sasl", right()), kTimeout);
  expect_cluster(sasl);
  EXPECT_TRUE(at(sasl, "phases.auth").is_number());
  expect_cluster(observe("kafka.cluster", with("kafka_sasl_tls", trusted() + ", " + right()), kTimeout));
}

TEST(LocalKafka, WrongLogins) {
  const auto code = [](const std::string& listener, const std::string& more) {
    return code_of(observe("kafka.cluster", with(listener, more), kTimeout));
  };
  EXPECT_EQ(code("kafka_sasl", login("not-the-password")), "auth.denied");
  EXPECT_EQ(code("kafka_sasl_tls", trusted() + ", " + login("not-the-password")), "auth.denied");
  EXPECT_EQ(code("kafka_sasl", ""), "auth.required");
  EXPECT_EQ(code("kafka_plain", right()), "auth.mechanism");
  EXPECT_EQ(code("kafka_sasl", "sasl: {mechanism: PLAIN, username: app, password: not-the-password}"),
            "auth.mechanism");
}

TEST(LocalKafka, WrongTls) {
  const auto code = [](const std::string& listener, const std::string& more) {
    return code_of(observe("kafka.cluster", with(listener, more), kTimeout));
  };
  EXPECT_EQ(code("kafka_tls", "tls: true"), "tls.untrusted");
  EXPECT_EQ(code("kafka_tls", "tls: {ca: '" + stack("ca") + "', name: other.example.test}"), "tls.name");
  EXPECT_EQ(code("kafka_tls", ""), "tls.required");
  EXPECT_EQ(code("kafka_plain", trusted()),
            "connect.reset");  // the broker hangs up on a handshake that it cannot read
}

TEST(LocalKafka, TheTopicIsAsItWasMade) {
  const Value seen =
      observe("kafka.topic", with("kafka_plain", "topic: '" + stack("kafka_topic") + "'"), kTimeout);
  EXPECT_EQ(code_of(seen), "") << to_json(seen);
  EXPECT_EQ(at(seen, "partitions"), Value(6));
  EXPECT_EQ(at(seen, "replication_factor"), Value(expected("kafka_rf")));
  EXPECT_EQ(at(seen, "replication_factor_max"), Value(expected("kafka_rf")));
  EXPECT_EQ(at(seen, "isr_min"), Value(expected("kafka_rf")));
  EXPECT_EQ(at(seen, "under_replicated"), Value(0));
  EXPECT_EQ(at(seen, "offline"), Value(0));
  ASSERT_NE(at(seen, "config").find("retention.ms"), nullptr);
  EXPECT_EQ(*at(seen, "config").find("retention.ms"), Value(259200000));
  EXPECT_EQ(at(seen, "config").get("cleanup.policy"), "delete");
  EXPECT_EQ(at(seen, "config").get_int("min.insync.replicas"), stack_is_ha() ? 2 : 1);
}

TEST(LocalKafka, NoSuchTopicIsAskedForAndNotMade) {
  const std::string topic = "topic: " + fresh_topic();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(code_of(observe("kafka.topic", with("kafka_plain", topic), kTimeout)), "kafka.no-topic");
    EXPECT_EQ(code_of(observe("kafka.offsets", with("kafka_plain", topic), kTimeout)), "kafka.no-topic");
  }
}

TEST(LocalKafka, OffsetsAddUp) {
  const Value seen =
      observe("kafka.offsets", with("kafka_plain", "topic: '" + stack("kafka_topic") + "'"), kTimeout);
  EXPECT_EQ(code_of(seen), "") << to_json(seen);
  const Value list = at(seen, "list");
  ASSERT_EQ(list.items().size(), 6U);
  std::int64_t sum = 0;
  for (const Value& one : list.items()) {
    EXPECT_GT(one.get_int("high"), one.get_int("low"));
    sum += one.get_int("high") - one.get_int("low");
  }
  EXPECT_EQ(at(seen, "messages"), Value(sum));
}

TEST(LocalKafka, TheGroupLagsByWhatItHasNotCommitted) {
  for (const std::string& topics : {std::string(), ", topics: ['" + stack("kafka_topic") + "']"}) {
    const Value seen = observe(
        "kafka.group", with("kafka_plain", "group: '" + stack("kafka_group") + "'" + topics), kTimeout);
    EXPECT_EQ(code_of(seen), "") << to_json(seen);
    EXPECT_EQ(at(seen, "state"), Value("Empty"));
    EXPECT_EQ(at(seen, "members"), Value(0));
    EXPECT_EQ(at(seen, "partitions"), Value(6));
    EXPECT_EQ(at(seen, "committed"), Value(6));
    EXPECT_EQ(at(seen, "lag"), Value(expected("kafka_group_lag")));
    EXPECT_EQ(at(seen, "max_lag"), Value(expected("kafka_group_lag") / 6));
  }
  EXPECT_EQ(code_of(observe("kafka.group", with("kafka_plain", "group: no-such-group"), kTimeout)),
            "kafka.no-group");
}

TEST(LocalKafka, TheRoundTripMakesItsTopicOnlyWhenTold) {
  const std::string topic = fresh_topic();
  EXPECT_EQ(code_of(observe("kafka.roundtrip", with("kafka_plain", "topic: " + topic), kTimeout)),
            "setup.missing");
  const std::string create = "create: true, partitions: 3, retention: 10m, topic: " + topic;
  const Value first = observe("kafka.roundtrip", with("kafka_plain", create), kTimeout);
  EXPECT_EQ(code_of(first), "") << to_json(first);
  EXPECT_EQ(at(first, "created"), Value(true));
  EXPECT_EQ(at(first, "matched"), Value(true));
  const Value second = observe("kafka.roundtrip",
                               with("kafka_sasl_tls", trusted() + ", " + right() + ", " + create), kTimeout);
  EXPECT_EQ(code_of(second), "") << to_json(second);
  EXPECT_EQ(at(second, "created"), Value(false));
  EXPECT_EQ(at(second, "partition"), at(first, "partition"));  // the same seed
  EXPECT_EQ(at(second, "offset"), Value(at(first, "offset").integer() + 1));
  const Value made = observe("kafka.topic", with("kafka_plain", "topic: " + topic), kTimeout);
  EXPECT_EQ(at(made, "partitions"), Value(3));
  EXPECT_EQ(at(made, "config").get_int("retention.ms"), 600'000);
  EXPECT_EQ(at(made, "replication_factor"), Value(expected("kafka_rf")));
}

TEST(LocalKafka, MoreReplicasThanBrokersIsTheBrokersRefusal) {
  const std::string create = "create: true, replication_factor: 9, topic: " + fresh_topic();
  const Value seen = observe("kafka.roundtrip", with("kafka_plain", create), kTimeout);
  EXPECT_EQ(code_of(seen), "kafka.error");
  EXPECT_NE(at(seen, "error.message").string().find("INVALID_REPLICATION_FACTOR"), std::string::npos)
      << to_json(seen);
}

TEST(LocalKafka, OneBrokerThatAnswersIsEnough) {
  const std::string brokers = "brokers: '127.0.0.1:1," + stack("kafka_plain") + "'";
  const Value seen = observe("kafka.cluster", brokers, kTimeout);
  expect_cluster(seen);
  EXPECT_EQ(at(seen, "bootstrap").items().front().get("code"), "connect.refused");
}

}  // namespace assay::test

// kafka.cluster, kafka.topic, kafka.offsets: what a cluster says of itself and its topics.
#include <fmt/format.h>

#include <algorithm>

#include "core/utf8.h"
#include "net/kafka_greeting.h"
#include "probes/kafka.h"

namespace assay {
namespace {

// Clients are sent to the addresses that brokers advertise, so each must answer from here; bootstrap brokers
// have been tried already. Fills `answered`, `code` and `message`.
bool reach_advertised(Attempt& attempt, const KafkaSettings& settings, const KafkaBroker& broker,
                      Value& item) {
  if (broker.port < 1 || broker.port > 65535) return false;
  const HostPort address{printable(broker.host), static_cast<std::uint16_t>(broker.port)};
  Value outcome;
  for (const Value& tried : attempt.seen["bootstrap"].items()) {
    if (tried.get("address") == address.text()) outcome = tried;
  }
  if (outcome.is_null())
    outcome = greet_kafka_broker(attempt.network, address, settings.tls, attempt.context);
  for (const char* name : {"answered", "code", "message"}) {
    if (const Value* value = outcome.find(name)) item[name] = *value;
  }
  return outcome.get_bool("answered");
}

Result<void> observe_cluster(Attempt& attempt) {
  const auto settings = reach_kafka(attempt);
  if (!settings) return Failure(settings.error());
  Trace trace = attempt.trace();
  const PhaseTimer timer(trace, "request");
  const auto metadata = attempt.network.kafka().metadata(*settings, "", attempt.context);
  if (!metadata) return Failure(metadata.error());
  Value& seen = attempt.seen;
  seen["brokers"] = metadata->brokers.size();
  Value list = Value::array();
  int unreachable = 0;
  for (const KafkaBroker& broker : metadata->brokers) {
    Value item = Value::object({{"id", broker.id}, {"host", printable(broker.host)}, {"port", broker.port}});
    if (!reach_advertised(attempt, *settings, broker, item)) ++unreachable;
    list.push_back(std::move(item));
  }
  seen["unreachable"] = unreachable;
  seen["list"] = std::move(list);
  seen["controller"] = metadata->controller;
  seen["cluster_id"] = printable(metadata->cluster_id);
  if (metadata->controller < 0)
    return fail("kafka.no-controller", "request", "the cluster names no controller");
  return {};
}

Value ids(const std::vector<std::int32_t>& numbers) {
  Value list = Value::array();
  for (const std::int32_t number : numbers) list.push_back(number);
  return list;
}

void describe_partitions(const std::vector<KafkaPartition>& partitions, Value& seen) {
  std::size_t least = partitions.front().replicas.size();
  std::size_t most = least;
  std::size_t in_sync = partitions.front().in_sync.size();
  int under_replicated = 0;
  int offline = 0;
  Value list = Value::array();
  for (const KafkaPartition& one : partitions) {
    least = std::min(least, one.replicas.size());
    most = std::max(most, one.replicas.size());
    in_sync = std::min(in_sync, one.in_sync.size());
    if (one.in_sync.size() < one.replicas.size()) ++under_replicated;
    if (one.leader < 0) ++offline;
    list.push_back(Value::object({{"id", one.id},
                                  {"leader", one.leader},
                                  {"replicas", ids(one.replicas)},
                                  {"isr", ids(one.in_sync)}}));
  }
  seen["partitions"] = partitions.size();
  seen["replication_factor"] = least;
  seen["replication_factor_max"] = most;
  seen["isr_min"] = in_sync;
  seen["under_replicated"] = under_replicated;
  seen["offline"] = offline;
  seen["list"] = std::move(list);
}

Failure leaderless(const std::string& topic, const std::vector<KafkaPartition>& partitions) {
  std::string which;
  for (const KafkaPartition& one : partitions) {
    if (one.leader < 0) which += (which.empty() ? "" : ", ") + std::to_string(one.id);
  }
  return fail("kafka.no-leader", "request",
              fmt::format("topic {}: no leader for partition {}", topic, which));
}

bool any_leaderless(const std::vector<KafkaPartition>& partitions) {
  return std::any_of(partitions.begin(), partitions.end(),
                     [](const KafkaPartition& one) { return one.leader < 0; });
}

Result<void> observe_topic(Attempt& attempt) {
  Reader reader = attempt.reader();
  const std::string topic = reader.text("topic");
  const bool config = reader.boolean("config");
  if (const auto ok = reader.ok(); !ok) return ok;
  const auto settings = reach_kafka(attempt);
  if (!settings) return Failure(settings.error());
  Trace trace = attempt.trace();
  const PhaseTimer timer(trace, "request");
  KafkaClients& clients = attempt.network.kafka();
  const auto metadata = clients.metadata(*settings, topic, attempt.context);
  if (!metadata) return Failure(metadata.error());
  if (metadata->partitions.empty())
    return fail("kafka.no-leader", "request", "topic " + topic + " has no partitions yet");
  describe_partitions(metadata->partitions, attempt.seen);
  if (config) {
    auto entries = clients.topic_config(*settings, topic, attempt.context);
    if (!entries) return Failure(entries.error());
    attempt.seen["config"] = std::move(*entries);
  }
  if (any_leaderless(metadata->partitions)) return leaderless(topic, metadata->partitions);
  return {};
}

Result<void> observe_offsets(Attempt& attempt) {
  Reader reader = attempt.reader();
  const std::string topic = reader.text("topic");
  if (const auto ok = reader.ok(); !ok) return ok;
  const auto settings = reach_kafka(attempt);
  if (!settings) return Failure(settings.error());
  Trace trace = attempt.trace();
  const PhaseTimer timer(trace, "request");
  KafkaClients& clients = attempt.network.kafka();
  const auto metadata = clients.metadata(*settings, topic, attempt.context);
  if (!metadata) return Failure(metadata.error());
  std::vector<std::int32_t> readable;
  for (const KafkaPartition& one : metadata->partitions) {
    if (one.leader >= 0) readable.push_back(one.id);
  }
  std::vector<KafkaOffsets> offsets;
  if (!readable.empty()) {
    auto read = clients.offsets(*settings, topic, readable, attempt.context);
    if (!read) return Failure(read.error());
    offsets = std::move(*read);
  }
  std::int64_t total = 0;
  Value list = Value::array();
  for (const KafkaOffsets& one : offsets) {
    total += one.high - one.low;
    list.push_back(Value::object(
        {{"id", one.partition}, {"low", one.low}, {"high", one.high}, {"messages", one.high - one.low}}));
  }
  attempt.seen["partitions"] = metadata->partitions.size();
  attempt.seen["list"] = std::move(list);
  if (any_leaderless(metadata->partitions)) return leaderless(topic, metadata->partitions);
  attempt.seen["messages"] = total;
  return {};
}

Value greater(int than) { return Value::object({{"gt", than}}); }

}  // namespace

Probe kafka_cluster_probe() {
  Probe probe = kafka_probe("kafka.cluster", "the brokers of a Kafka cluster and its controller");
  probe.params = kafka_params({});
  probe.observes = kafka_observations({
      {"brokers", Type::integer, "how many brokers are alive, as the cluster sees it", false, {}, "", {}, {}},
      {"list",
       Type::list,
       "the brokers, where clients are sent to",
       false,
       {},
       "",
       {{"id", Type::integer, "node id", false, {}, "", {}, {}},
        {"host", Type::text, "advertised host", false, {}, "", {}, {}},
        {"port", Type::integer, "advertised port", false, {}, "", {}, {}},
        {"answered",
         Type::boolean,
         "it speaks Kafka's protocol there, seen from here",
         false,
         {},
         "",
         {},
         {}},
        {"code", Type::text, "why not", false, {}, "", {}, {}},
        {"message", Type::text, "why not, for a person", false, {}, "", {}, {}}},
       {}},
      {"unreachable",
       Type::integer,
       "brokers that do not answer where the cluster says they are",
       false,
       {},
       "",
       {},
       {}},
      {"controller",
       Type::integer,
       "the controller's node id; a KRaft cluster names any live broker here",
       false,
       {},
       "",
       {},
       {}},
      {"cluster_id", Type::text, "the cluster's id", false, {}, "", {}, {}},
  });
  probe.defaults = {{"brokers", greater(0)}, {"unreachable", 0}, {"controller", Value::object({{"ge", 0}})}};
  probe.example = "brokers: [kafka-0.example.org:9092]";
  probe.observe = observe_cluster;
  return probe;
}

Probe kafka_topic_probe() {
  Probe probe =
      kafka_probe("kafka.topic", "a topic's partitions, replicas and configuration; never creates it");
  probe.params = kafka_params({
      {"topic", Type::text, "the topic", true, {}, "app.events", {}, {}},
      {"config",
       Type::boolean,
       "read the configuration too (needs the right DescribeConfigs)",
       false,
       true,
       "",
       {},
       {}},
  });
  probe.observes = kafka_observations({
      {"partitions", Type::integer, "how many", false, {}, "", {}, {}},
      {"replication_factor",
       Type::integer,
       "replicas of the partition that has fewest",
       false,
       {},
       "",
       {},
       {}},
      {"replication_factor_max",
       Type::integer,
       "replicas of the partition that has most",
       false,
       {},
       "",
       {},
       {}},
      {"isr_min", Type::integer, "replicas in sync of the partition that has fewest", false, {}, "", {}, {}},
      {"under_replicated", Type::integer, "partitions with a replica out of sync", false, {}, "", {}, {}},
      {"offline", Type::integer, "partitions without a leader", false, {}, "", {}, {}},
      {"list",
       Type::list,
       "the partitions by id",
       false,
       {},
       "",
       {{"id", Type::integer, "number", false, {}, "", {}, {}},
        {"leader", Type::integer, "the leader's node id, -1 for none", false, {}, "", {}, {}},
        {"replicas", Type::any, "node ids", false, {}, "", {}, {}},
        {"isr", Type::any, "node ids of the replicas in sync", false, {}, "", {}, {}}},
       {}},
      {"config",
       Type::any,
       "configuration by name, such as config[\"retention.ms\"]; numbers and booleans are such",
       false,
       {},
       "",
       {},
       {}},
  });
  probe.defaults = {{"partitions", greater(0)}, {"offline", 0}, {"under_replicated", 0}};
  probe.example = "brokers: [kafka-0.example.org:9092]\ntopic: app.events";
  probe.observe = observe_topic;
  return probe;
}

Probe kafka_offsets_probe() {
  Probe probe = kafka_probe("kafka.offsets", "first and next offset of each partition of a topic");
  probe.params = kafka_params({{"topic", Type::text, "the topic", true, {}, "app.events", {}, {}}});
  probe.observes = kafka_observations({
      {"partitions", Type::integer, "how many", false, {}, "", {}, {}},
      {"messages", Type::integer, "offsets between first and next, of all partitions", false, {}, "", {}, {}},
      {"list",
       Type::list,
       "the partitions by id",
       false,
       {},
       "",
       {{"id", Type::integer, "number", false, {}, "", {}, {}},
        {"low", Type::integer, "offset of the first message", false, {}, "", {}, {}},
        {"high", Type::integer, "offset that the next message will have", false, {}, "", {}, {}},
        {"messages", Type::integer, "high - low", false, {}, "", {}, {}}},
       {}},
  });
  probe.defaults = {{"partitions", greater(0)}};
  probe.example = "brokers: [kafka-0.example.org:9092]\ntopic: app.events";
  probe.observe = observe_offsets;
  return probe;
}

}  // namespace assay

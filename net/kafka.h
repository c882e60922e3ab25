// Kafka clients: what the probes ask of a cluster, on top of librdkafka.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/context.h"
#include "core/secret.h"
#include "core/value.h"
#include "net/address.h"
#include "net/tls.h"

namespace assay {

class KafkaHandle;

// How a cluster is reached. Settings that are equal but for `answered` share their clients.
struct KafkaSettings {
  std::vector<HostPort> brokers;  // to begin with; the cluster names the others
  std::vector<HostPort>
      answered;  // those of them that greet_kafka has seen: where a new client begins, if there are any
  TlsOptions tls;
  std::string mechanism;  // "", "PLAIN", "SCRAM-SHA-256" or "SCRAM-SHA-512"
  std::string username;
  Secret password;
  std::map<std::string, std::string> properties;  // of librdkafka, from kafka_properties()
};

// The properties of librdkafka that a user may set: those that cannot change what is observed or where it
// goes.
const std::vector<std::string>& kafka_properties();

struct KafkaBroker {
  std::int32_t id = 0;
  std::string host;
  int port = 0;
};

struct KafkaPartition {
  std::int32_t id = 0;
  std::int32_t leader = -1;  // -1: none
  std::vector<std::int32_t> replicas;
  std::vector<std::int32_t> in_sync;
};

struct KafkaMetadata {
  std::string cluster_id;
  std::int32_t controller = -1;  // as the broker that was asked says; with KRaft that is any live broker
  std::vector<KafkaBroker> brokers;
  std::vector<KafkaPartition> partitions;  // of the topic that was asked for, by id
};

// Offsets of one partition: of its first message, and of the one that will be written next.
struct KafkaOffsets {
  std::int32_t partition = 0;
  std::int64_t low = 0;
  std::int64_t high = 0;
};

struct KafkaDelivery {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
};

struct KafkaMessage {
  std::string key;
  std::string value;
};

struct KafkaCommit {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;  // of the next message that the group will read
};

struct KafkaGroup {
  std::string state;     // "Stable", "Empty", ...
  std::string assignor;  // how partitions are dealt out; empty while there are no members
  std::int64_t members = 0;
  std::vector<KafkaCommit> commits;
};

// The clients of a run: for each distinct settings one librdkafka handle for reading and, once something is
// written, one for writing, however many attempts use them. librdkafka's calls block without a descriptor, so
// they are made on threads that nobody joins (64 at most; more wait for one of these), while the caller waits
// in Context::wait; what is not done by the deadline is abandoned and ends by itself. Safe from any thread.
// Every call may fail with: auth.denied, auth.mechanism, tls.*, connect.*, dns.failed (what librdkafka met,
// also on the way to a broker that the cluster named), kafka.client-too-old, kafka.authorization,
// kafka.error, deadline, harness.late (no thread was free before the deadline), harness.cancelled,
// harness.internal, params.invalid. All of them are in phase `phase`.
class KafkaClients {
 public:
  KafkaClients();
  // Lets go of all handles and gives them half a second to end; what hangs then is left to the end of the
  // process.
  ~KafkaClients();
  KafkaClients(const KafkaClients&) = delete;
  KafkaClients& operator=(const KafkaClients&) = delete;

  // The brokers, and the partitions of `topic` unless it is empty. Never creates a topic. Errors too:
  // kafka.no-topic.
  Result<KafkaMetadata> metadata(const KafkaSettings& settings, const std::string& topic,
                                 const Context& context, std::string_view phase = "request");
  // A topic's configuration, as an object: numbers and booleans where they are written so. Errors too:
  // kafka.no-topic.
  Result<Value> topic_config(const KafkaSettings& settings, const std::string& topic, const Context& context);
  // Creates a topic; false: it was there already. `replication` -1: the broker's default. Brokers that did
  // not take part learn of a new topic a moment later.
  Result<bool> create_topic(const KafkaSettings& settings, const std::string& topic, int partitions,
                            int replication, Duration retention, const Context& context);
  // First and next offset of each of these partitions. Errors too: kafka.no-topic, kafka.no-leader.
  Result<std::vector<KafkaOffsets>> offsets(const KafkaSettings& settings, const std::string& topic,
                                            const std::vector<std::int32_t>& partitions,
                                            const Context& context);
  // Errors too: kafka.no-group.
  Result<KafkaGroup> group(const KafkaSettings& settings, const std::string& group, const Context& context);
  // Writes one message with acks=all. Errors too: kafka.no-topic, kafka.no-leader, kafka.not-enough-replicas.
  Result<KafkaDelivery> produce(const KafkaSettings& settings, const std::string& topic,
                                std::int32_t partition, const KafkaMessage& message, const Context& context);
  // Reads the message at an offset. Errors too: kafka.no-topic, kafka.no-leader.
  Result<KafkaMessage> read(const KafkaSettings& settings, const std::string& topic, const KafkaDelivery& at,
                            const Context& context);

  // How many librdkafka handles there are, those that are still ending included.
  int handles() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace assay

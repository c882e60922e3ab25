// kafka.roundtrip: a message goes in with acks=all and comes back.
#include <fmt/format.h>

#include "probes/kafka.h"

namespace assay {
namespace {

constexpr std::string_view kOwn = "assay.";

struct Wanted {
  std::string topic;
  bool create = false;
  int partitions = 1;
  int replication = -1;
  Duration retention{};
};

Result<Wanted> read_wanted(Attempt& attempt) {
  Reader reader = attempt.reader();
  Wanted wanted;
  wanted.topic = reader.text("topic");
  wanted.create = reader.boolean("create");
  const auto partitions = reader.integer("partitions");
  const auto replication = reader.integer("replication_factor");
  wanted.retention = reader.duration("retention");
  if (const auto ok = reader.ok(); !ok) return Failure(ok.error());
  if (!wanted.topic.starts_with(kOwn)) {
    return fail("params.invalid", "setup",
                fmt::format("topic {} does not begin with {}: assay writes to topics of its own only",
                            wanted.topic, kOwn));
  }
  if (partitions < 1 || partitions > 1000)
    return fail("params.invalid", "setup", "partitions is not between 1 and 1000");
  if (replication != -1 && (replication < 1 || replication > 100)) {
    return fail("params.invalid", "setup", "replication_factor is neither -1 nor between 1 and 100");
  }
  wanted.partitions = static_cast<int>(partitions);
  wanted.replication = static_cast<int>(replication);
  return wanted;
}

// The topic's partitions; made first where it is missing and may be made. A topic that was just made has no
// leaders for a moment.
Result<std::vector<KafkaPartition>> find_topic(Attempt& attempt, const KafkaSettings& settings,
                                               const Wanted& wanted) {
  KafkaClients& clients = attempt.network.kafka();
  bool asked = false;
  while (true) {
    auto metadata = clients.metadata(settings, wanted.topic, attempt.context, "setup");
    if (metadata) {
      bool led = !metadata->partitions.empty();
      for (const KafkaPartition& one : metadata->partitions) led = led && one.leader >= 0;
      if (led || !asked) return std::move(metadata->partitions);
    } else if (metadata.error().code != "kafka.no-topic") {
      return Failure(metadata.error());
    } else if (!wanted.create) {
      return fail("setup.missing", "setup",
                  "topic " + wanted.topic + " does not exist; `create: true` makes it");
    } else if (!asked) {
      const auto made = clients.create_topic(settings, wanted.topic, wanted.partitions, wanted.replication,
                                             wanted.retention, attempt.context);
      if (!made) return Failure(made.error());
      asked = true;
      attempt.seen["created"] = *made;
    }
    if (const auto paused = attempt.context.pause(Deadline::in(std::chrono::milliseconds(20)), "setup");
        !paused) {
      return Failure(paused.error());
    }
  }
}

// One broker has said that the topic is there and its partition has a leader; another may not have heard of
// it yet.
template <class Call>
auto until_known(Attempt& attempt, const Call& call) {
  while (true) {
    auto result = call();
    if (result || (result.error().code != "kafka.no-topic" && result.error().code != "kafka.no-leader"))
      return result;
    if (!attempt.context.pause(Deadline::in(std::chrono::milliseconds(20)), "request")) return result;
  }
}

Result<void> observe_roundtrip(Attempt& attempt) {
  const auto wanted = read_wanted(attempt);
  if (!wanted) return Failure(wanted.error());
  const auto settings = reach_kafka(attempt);
  if (!settings) return Failure(settings.error());
  Trace trace = attempt.trace();
  KafkaClients& clients = attempt.network.kafka();
  Value& seen = attempt.seen;
  seen["created"] = false;

  Result<std::vector<KafkaPartition>> partitions;
  {
    const PhaseTimer timer(trace, "setup");
    partitions = find_topic(attempt, *settings, *wanted);
  }
  if (!partitions) return Failure(partitions.error());
  if (partitions->empty())
    return fail("kafka.no-leader", "setup", "topic " + wanted->topic + " has no partitions yet");
  const KafkaPartition& partition = (*partitions)[attempt.random % partitions->size()];
  seen["partition"] = partition.id;
  if (partition.leader < 0) {
    return fail("kafka.no-leader", "request",
                fmt::format("topic {}: no leader for partition {}", wanted->topic, partition.id));
  }

  const KafkaMessage sent = {fmt::format("{}-{:016x}", attempt.run, attempt.random), "assay"};
  Result<KafkaDelivery> delivered;
  {
    const PhaseTimer timer(trace, "request");
    delivered = until_known(attempt, [&] {
      return clients.produce(*settings, wanted->topic, partition.id, sent, attempt.context);
    });
  }
  if (!delivered) return Failure(delivered.error());
  seen["offset"] = delivered->offset;
  Result<KafkaMessage> back;
  {
    const PhaseTimer timer(trace, "transfer");
    back = until_known(attempt,
                       [&] { return clients.read(*settings, wanted->topic, *delivered, attempt.context); });
  }
  if (!back) return Failure(back.error());
  seen["matched"] = back->key == sent.key && back->value == sent.value;
  if (!seen["matched"].boolean()) {
    return fail("roundtrip.mismatch", "transfer", "another message lies at the offset that was acknowledged");
  }
  return {};
}

}  // namespace

Probe kafka_roundtrip_probe() {
  Probe probe = kafka_probe("kafka.roundtrip",
                            "a message is written with acks=all and read back, in a topic of assay's own");
  probe.effect = Effect::writes;
  probe.params = kafka_params({
      {"topic",
       Type::text,
       "a topic whose name begins with \"assay.\"",
       false,
       "assay.roundtrip",
       "",
       {},
       {}},
      {"create", Type::boolean, "make the topic when it is missing", false, false, "", {}, {}},
      {"partitions", Type::integer, "of the topic to make", false, 1, "", {}, {}},
      {"replication_factor",
       Type::integer,
       "of the topic to make; -1: the broker's default",
       false,
       -1,
       "",
       {},
       {}},
      {"retention",
       Type::duration,
       "retention.ms of the topic to make: messages are not deleted otherwise",
       false,
       "1h",
       "",
       {},
       {}},
  });
  probe.observes = kafka_observations({
      {"created", Type::boolean, "the topic was made", false, {}, "", {}, {}},
      {"partition", Type::integer, "the partition, chosen by the run's seed", false, {}, "", {}, {}},
      {"offset",
       Type::integer,
       "where the message lies; phases.request is the time until it was acknowledged",
       false,
       {},
       "",
       {},
       {}},
      {"matched",
       Type::boolean,
       "what was read is what was written; phases.transfer is the time that reading took",
       false,
       {},
       "",
       {},
       {}},
  });
  probe.defaults = {{"matched", true}};
  probe.example = "brokers: [kafka-0.example.org:9092]\ncreate: true";
  probe.observe = observe_roundtrip;
  return probe;
}

}  // namespace assay

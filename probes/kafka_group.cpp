// kafka.group: how far a consumer group lags behind.
#include <algorithm>
#include <map>

#include "core/utf8.h"
#include "probes/kafka.h"

namespace assay {
namespace {

// Committed offsets against the next offsets of the topics' partitions. A partition of a topic that was asked
// for and in which the group has committed nothing lags by all that is in it.
Result<void> count_lag(Attempt& attempt, const KafkaSettings& settings, const KafkaGroup& group,
                       const std::vector<std::string>& topics) {
  KafkaClients& clients = attempt.network.kafka();
  std::map<std::string, std::map<std::int32_t, std::int64_t>> commits;
  for (const std::string& topic : topics) commits[topic];
  for (const KafkaCommit& commit : group.commits) {
    if (topics.empty() || commits.contains(commit.topic))
      commits[commit.topic][commit.partition] = commit.offset;
  }
  std::int64_t total = 0;
  std::int64_t most = 0;
  std::int64_t committed = 0;
  Value list = Value::array();
  for (const auto& [topic, offsets] : commits) {
    const auto metadata = clients.metadata(settings, topic, attempt.context);
    if (!metadata) return Failure(metadata.error());
    std::vector<std::int32_t> wanted;
    for (const KafkaPartition& one : metadata->partitions) {
      if (topics.empty() && !offsets.contains(one.id)) continue;
      if (one.leader < 0) {
        return fail("kafka.no-leader", "request",
                    "topic " + topic + ": no leader for partition " + std::to_string(one.id));
      }
      wanted.push_back(one.id);
    }
    if (wanted.empty()) continue;
    const auto ends = clients.offsets(settings, topic, wanted, attempt.context);
    if (!ends) return Failure(ends.error());
    for (const KafkaOffsets& end : *ends) {
      const auto commit = offsets.find(end.partition);
      Value item =
          Value::object({{"topic", printable(topic)}, {"partition", end.partition}, {"high", end.high}});
      if (commit != offsets.end()) {
        item["committed"] = commit->second;
        ++committed;
      }
      // What was deleted by retention cannot be read any more and is no lag.
      const std::int64_t from = std::max(commit == offsets.end() ? end.low : commit->second, end.low);
      const std::int64_t lag = std::max<std::int64_t>(end.high - from, 0);
      item["lag"] = lag;
      list.push_back(std::move(item));
      total += lag;
      most = std::max(most, lag);
    }
  }
  attempt.seen["lag"] = total;
  attempt.seen["max_lag"] = most;
  attempt.seen["partitions"] = list.items().size();
  attempt.seen["committed"] = committed;
  attempt.seen["list"] = std::move(list);
  return {};
}

Result<void> observe_group(Attempt& attempt) {
  Reader reader = attempt.reader();
  const std::string name = reader.text("group");
  const std::vector<std::string> topics = reader.texts("topics");
  if (const auto ok = reader.ok(); !ok) return ok;
  const auto settings = reach_kafka(attempt);
  if (!settings) return Failure(settings.error());
  Trace trace = attempt.trace();
  const PhaseTimer timer(trace, "request");
  const auto group = attempt.network.kafka().group(*settings, name, attempt.context);
  if (!group) return Failure(group.error());
  attempt.seen["state"] = printable(group->state);
  attempt.seen["members"] = group->members;
  if (!group->assignor.empty()) attempt.seen["assignor"] = group->assignor;
  return count_lag(attempt, *settings, *group, topics);
}

}  // namespace

Probe kafka_group_probe() {
  Probe probe =
      kafka_probe("kafka.group", "a consumer group: its state, its members and how far it lags behind");
  probe.params = kafka_params({
      {"group", Type::text, "the group's id", true, {}, "app", {}, {}},
      {"topics",
       Type::texts,
       "count these topics alone, with all their partitions; else whatever the group has committed",
       false,
       {},
       "[app.events]",
       {},
       {}},
  });
  probe.observes = kafka_observations({
      {"state", Type::text, "Stable, Empty, PreparingRebalance, CompletingRebalance", false, {}, "", {}, {}},
      {"members", Type::integer, "how many consumers are in it", false, {}, "", {}, {}},
      {"assignor", Type::text, "how partitions are dealt out; absent without members", false, {}, "", {}, {}},
      {"lag",
       Type::integer,
       "messages written and not yet committed, of all partitions",
       false,
       {},
       "",
       {},
       {}},
      {"max_lag", Type::integer, "the same of the partition that lags most", false, {}, "", {}, {}},
      {"partitions", Type::integer, "how many partitions were counted", false, {}, "", {}, {}},
      {"committed",
       Type::integer,
       "in how many of them the group has committed an offset",
       false,
       {},
       "",
       {},
       {}},
      {"list",
       Type::list,
       "the partitions",
       false,
       {},
       "",
       {{"topic", Type::text, "its topic", false, {}, "", {}, {}},
        {"partition", Type::integer, "its number", false, {}, "", {}, {}},
        {"committed",
         Type::integer,
         "offset of the next message to read; absent when nothing was committed",
         false,
         {},
         "",
         {},
         {}},
        {"high", Type::integer, "offset that the next message will have", false, {}, "", {}, {}},
        {"lag", Type::integer, "messages in between", false, {}, "", {}, {}}},
       {}},
  });
  probe.defaults = {{"partitions", Value::object({{"gt", 0}})}};
  probe.example = "brokers: [kafka-0.example.org:9092]\ngroup: app\ntopics: [app.events]";
  probe.observe = observe_group;
  return probe;
}

}  // namespace assay

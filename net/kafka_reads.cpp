// Calls on librdkafka's consumer and producer: metadata, offsets, writing and reading one message.
#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>

#include "net/kafka_state.h"
#include "net/rdkafka.h"

namespace assay {
namespace {

using Topic = std::unique_ptr<rd_kafka_topic_t, decltype(&rd_kafka_topic_destroy)>;
using Message = std::unique_ptr<rd_kafka_message_t, decltype(&rd_kafka_message_destroy)>;
using Partitions =
    std::unique_ptr<rd_kafka_topic_partition_list_t, decltype(&rd_kafka_topic_partition_list_destroy)>;

Topic topic_of(const KafkaCall& call, const std::string& name) {
  rd_kafka_topic_conf_t* conf = nullptr;
  if (rdk().rd_kafka_type(call.library()) == RD_KAFKA_CONSUMER) {
    // A message that is not there any more is an error and not a reason to read another one.
    conf = rdk().rd_kafka_topic_conf_new();
    rdk().rd_kafka_topic_conf_set(conf, "auto.offset.reset", "error", nullptr, 0);
  }
  return {rdk().rd_kafka_topic_new(call.library(), name.c_str(), conf), rdk().rd_kafka_topic_destroy};
}

Failure failure_of(const KafkaCall& call, rd_kafka_resp_err_t error, const std::string& what) {
  return kafka_failure(call, error, what + ": " + rdk().rd_kafka_err2str(error));
}

Failure no_topic_object(const KafkaCall& call, const std::string& topic) {
  return failure_of(call, rdk().rd_kafka_last_error(), "topic " + topic);
}

std::vector<std::int32_t> ids(const std::int32_t* first, int count) { return {first, first + count}; }

Result<void> read_topic(const KafkaCall& call, const rd_kafka_metadata_topic_t& topic, KafkaMetadata& into) {
  // A leaderless partition is told by its own entry; a topic that is being created may say so of itself.
  if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR && topic.err != RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE) {
    return failure_of(call, topic.err, fmt::format("topic {}", topic.topic));
  }
  for (int i = 0; i < topic.partition_cnt; ++i) {
    const auto& one = topic.partitions[i];
    into.partitions.push_back(
        {one.id, one.leader, ids(one.replicas, one.replica_cnt), ids(one.isrs, one.isr_cnt)});
  }
  std::sort(into.partitions.begin(), into.partitions.end(),
            [](const auto& a, const auto& b) { return a.id < b.id; });
  return {};
}

Result<KafkaMetadata> read_metadata(KafkaCall& call, const std::string& topic) {
  const Topic object = topic.empty() ? Topic(nullptr, rdk().rd_kafka_topic_destroy) : topic_of(call, topic);
  if (!topic.empty() && object == nullptr) return no_topic_object(call, topic);
  const rd_kafka_metadata_t* raw = nullptr;
  const auto error = rdk().rd_kafka_metadata(call.library(), 0, object.get(), &raw, call.left_ms());
  const std::unique_ptr<const rd_kafka_metadata_t, decltype(&rd_kafka_metadata_destroy)> metadata(
      raw, rdk().rd_kafka_metadata_destroy);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return failure_of(call, error, "metadata");
  KafkaMetadata result;
  for (int i = 0; i < metadata->broker_cnt; ++i) {
    const auto& broker = metadata->brokers[i];
    result.brokers.push_back({broker.id, broker.host == nullptr ? "" : broker.host, broker.port});
  }
  std::sort(result.brokers.begin(), result.brokers.end(),
            [](const auto& a, const auto& b) { return a.id < b.id; });
  // Both are what the answer above said: 0 milliseconds keep the library from asking again and waiting.
  result.controller = rdk().rd_kafka_controllerid(call.library(), 0);
  if (char* const id = rdk().rd_kafka_clusterid(call.library(), 0)) {
    result.cluster_id = id;
    rdk().rd_kafka_mem_free(call.library(), id);
  }
  if (topic.empty()) return result;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    if (metadata->topics[i].topic == nullptr || topic != metadata->topics[i].topic) continue;
    if (const auto read = read_topic(call, metadata->topics[i], result); !read) return Failure(read.error());
    return result;
  }
  return fail("kafka.no-topic", call.phase, "the cluster says nothing of topic " + topic);
}

// ListOffsets of all partitions at once, each from its leader. `which` is a logical offset in place of a
// time.
Result<Partitions> list_offsets(KafkaCall& call, const std::string& topic,
                                const std::vector<std::int32_t>& partitions, std::int64_t which) {
  Partitions list(rdk().rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())),
                  rdk().rd_kafka_topic_partition_list_destroy);
  for (const std::int32_t partition : partitions) {
    rdk().rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = which;
  }
  const auto error = rdk().rd_kafka_offsets_for_times(call.library(), list.get(), call.left_ms());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return failure_of(call, error, "offsets of " + topic);
  for (int i = 0; i < list->cnt; ++i) {
    const auto& one = list->elems[i];
    if (one.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return failure_of(call, one.err, fmt::format("offsets of {}, partition {}", topic, one.partition));
    }
  }
  return list;
}

Result<std::vector<KafkaOffsets>> read_offsets(KafkaCall& call, const std::string& topic,
                                               const std::vector<std::int32_t>& partitions) {
  const auto low = list_offsets(call, topic, partitions, RD_KAFKA_OFFSET_BEGINNING);
  if (!low) return Failure(low.error());
  const auto high = list_offsets(call, topic, partitions, RD_KAFKA_OFFSET_END);
  if (!high) return Failure(high.error());
  std::vector<KafkaOffsets> result;
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    const auto* first = rdk().rd_kafka_topic_partition_list_find(low->get(), topic.c_str(), partitions[i]);
    const auto* next = rdk().rd_kafka_topic_partition_list_find(high->get(), topic.c_str(), partitions[i]);
    if (first == nullptr || next == nullptr)
      return fail("protocol.invalid", call.phase, "offsets of a partition are missing");
    result.push_back({partitions[i], first->offset, next->offset});
  }
  return result;
}

Result<KafkaDelivery> write_message(KafkaCall& call, const std::string& topic, std::int32_t partition,
                                    const KafkaMessage& message) {
  const Topic object = topic_of(call, topic);
  if (object == nullptr) return no_topic_object(call, topic);
  // Without the partition's leader the library would queue the message and look again after a second.
  const auto metadata = read_metadata(call, topic);
  if (!metadata) return Failure(metadata.error());
  const auto found = std::find_if(metadata->partitions.begin(), metadata->partitions.end(),
                                  [&](const KafkaPartition& one) { return one.id == partition; });
  if (found == metadata->partitions.end() || found->leader < 0) {
    return fail("kafka.no-leader", call.phase,
                fmt::format("topic {}: no leader for partition {}", topic, partition));
  }
  const auto report = std::make_shared<KafkaReport>();
  auto owner = std::make_unique<std::shared_ptr<KafkaReport>>(report);
  std::string payload = message.value;  // copied by the library
  const int queued =
      rdk().rd_kafka_produce(object.get(), partition, RD_KAFKA_MSG_F_COPY, payload.data(), payload.size(),
                             message.key.data(), message.key.size(), owner.get());
  if (queued != 0) return failure_of(call, rdk().rd_kafka_last_error(), "writing to " + topic);
  [[maybe_unused]] auto* const with_library = owner.release();  // the delivery report brings it back
  pollfd done{report->done.fd(), POLLIN, 0};
  while (::poll(&done, 1, call.left_ms()) < 0) {
  }
  if (!report->done.raised()) return kafka_timeout(call.handle, call.client.settings, call.began, call.phase);
  const auto error = static_cast<rd_kafka_resp_err_t>(report->error);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return failure_of(call, error, "writing to " + topic);
  return report->delivery;
}

// The next message, or error, of a partition that is being read; null when the time is up. The library's
// broker thread can look at a partition just before it becomes readable and then sleep for a second (seen
// with 2.0.2): any request to the same broker wakes it.
Message next_message(KafkaCall& call, rd_kafka_topic_t* object, const std::string& topic,
                     std::int32_t partition) {
  for (int patience = 10; !call.deadline.passed(); patience = std::min(2 * patience, 500)) {
    Message message(rdk().rd_kafka_consume(object, partition, std::min(patience, call.left_ms())),
                    rdk().rd_kafka_message_destroy);
    if (message != nullptr && message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) return message;
    std::int64_t low = 0;
    std::int64_t high = 0;
    rdk().rd_kafka_query_watermark_offsets(call.library(), topic.c_str(), partition, &low, &high,
                                           call.left_ms());
  }
  return {nullptr, rdk().rd_kafka_message_destroy};
}

// The consumer without a group: with one, librdkafka would look for the group's coordinator, and a broker
// creates its internal topic for that.
Result<KafkaMessage> read_message(KafkaCall& call, const std::string& topic, const KafkaDelivery& at) {
  const Topic object = topic_of(call, topic);
  if (object == nullptr) return no_topic_object(call, topic);
  if (rdk().rd_kafka_consume_start(object.get(), at.partition, at.offset) != 0) {
    return failure_of(call, rdk().rd_kafka_last_error(), "reading " + topic);
  }
  const Message message = next_message(call, object.get(), topic, at.partition);
  Result<KafkaMessage> result;
  if (message == nullptr) {
    result = kafka_timeout(call.handle, call.client.settings, call.began, call.phase);
  } else if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    result = failure_of(call, message->err, "reading " + topic);
  } else {
    const auto text = [](const void* data, std::size_t size) {
      return std::string(static_cast<const char*>(data), size);
    };
    result = KafkaMessage{text(message->key, message->key_len), text(message->payload, message->len)};
  }
  rdk().rd_kafka_consume_stop(object.get(), at.partition);
  return result;
}

}  // namespace

Result<KafkaMetadata> KafkaClients::metadata(const KafkaSettings& settings, const std::string& topic,
                                             const Context& context, std::string_view phase) {
  return state_->call<KafkaMetadata>(settings, KafkaRole::reader, context, phase,
                                     [topic](KafkaCall& call) { return read_metadata(call, topic); });
}

Result<std::vector<KafkaOffsets>> KafkaClients::offsets(const KafkaSettings& settings,
                                                        const std::string& topic,
                                                        const std::vector<std::int32_t>& partitions,
                                                        const Context& context) {
  return state_->call<std::vector<KafkaOffsets>>(
      settings, KafkaRole::reader, context, "request",
      [topic, partitions](KafkaCall& call) { return read_offsets(call, topic, partitions); });
}

Result<KafkaDelivery> KafkaClients::produce(const KafkaSettings& settings, const std::string& topic,
                                            std::int32_t partition, const KafkaMessage& message,
                                            const Context& context) {
  return state_->call<KafkaDelivery>(settings, KafkaRole::writer, context, "request",
                                     [topic, partition, message](KafkaCall& call) {
                                       return write_message(call, topic, partition, message);
                                     });
}

Result<KafkaMessage> KafkaClients::read(const KafkaSettings& settings, const std::string& topic,
                                        const KafkaDelivery& at, const Context& context) {
  return state_->call<KafkaMessage>(
      settings, KafkaRole::reader, context, "transfer", [topic, at](KafkaCall& call) -> Result<KafkaMessage> {
        if (!call.client.reading.take(call.deadline)) {
          return fail("harness.late", call.phase, "other round trips took all the time");
        }
        auto result = read_message(call, topic, at);
        call.client.reading.give_back();
        return result;
      });
}

}  // namespace assay

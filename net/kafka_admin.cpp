// Calls of librdkafka's admin interface: configurations, topics to create, groups.
#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <charconv>
#include <tuple>

#include "core/utf8.h"
#include "net/kafka_state.h"
#include "net/rdkafka.h"

namespace assay {
namespace {

using Options = std::unique_ptr<rd_kafka_AdminOptions_t, decltype(&rd_kafka_AdminOptions_destroy)>;
using Event = std::unique_ptr<rd_kafka_event_t, decltype(&rd_kafka_event_destroy)>;

// One admin request on a queue of its own.
class AdminCall {
 public:
  AdminCall(KafkaCall& call, rd_kafka_admin_op_t operation)
      : call_(call),
        options_(rdk().rd_kafka_AdminOptions_new(call.library(), operation),
                 rdk().rd_kafka_AdminOptions_destroy),
        queue_(rdk().rd_kafka_queue_new(call.library())) {
    rdk().rd_kafka_AdminOptions_set_request_timeout(options_.get(), std::clamp(call.left_ms(), 1, 3'600'000),
                                                    nullptr, 0);
  }
  ~AdminCall() { rdk().rd_kafka_queue_destroy(queue_); }
  AdminCall(const AdminCall&) = delete;
  AdminCall& operator=(const AdminCall&) = delete;

  const rd_kafka_AdminOptions_t* options() const { return options_.get(); }
  rd_kafka_queue_t* queue() const { return queue_; }

  // The event that ends the request.
  Result<Event> outcome(const std::string& what) {
    Event event(rdk().rd_kafka_queue_poll(queue_, call_.left_ms()), rdk().rd_kafka_event_destroy);
    if (event == nullptr) return kafka_timeout(call_.handle, call_.client.settings, call_.began, call_.phase);
    if (const auto error = rdk().rd_kafka_event_error(event.get()); error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      const char* const words = rdk().rd_kafka_event_error_string(event.get());
      return kafka_failure(call_, error,
                           what + ": " + (words == nullptr ? rdk().rd_kafka_err2str(error) : words));
    }
    return event;
  }

 private:
  KafkaCall& call_;
  Options options_;
  rd_kafka_queue_t* queue_;
};

Failure refused(const KafkaCall& call, rd_kafka_resp_err_t error, const char* words,
                const std::string& what) {
  return kafka_failure(call, error, what + ": " + (words == nullptr ? rdk().rd_kafka_err2str(error) : words));
}

// A configuration's value as YAML would read it, where it prints back the same.
Value typed(std::string_view text) {
  if (text == "true" || text == "false") return text == "true";
  std::int64_t integer = 0;
  const char* const end = text.data() + text.size();
  if (const auto read = std::from_chars(text.data(), end, integer);
      read.ec == std::errc() && read.ptr == end && std::to_string(integer) == text) {
    return integer;
  }
  double number = 0;
  if (const auto read = std::from_chars(text.data(), end, number);
      read.ec == std::errc() && read.ptr == end && to_json(number) == text) {
    return number;
  }
  return printable(text);
}

Result<Value> describe_topic(KafkaCall& call, const std::string& topic) {
  AdminCall admin(call, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
  const std::unique_ptr<rd_kafka_ConfigResource_t, decltype(&rd_kafka_ConfigResource_destroy)> resource(
      rdk().rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()),
      rdk().rd_kafka_ConfigResource_destroy);
  rd_kafka_ConfigResource_t* list[] = {resource.get()};
  rdk().rd_kafka_DescribeConfigs(call.library(), list, 1, admin.options(), admin.queue());
  const auto event = admin.outcome("configuration of " + topic);
  if (!event) return Failure(event.error());
  std::size_t count = 0;
  const auto** resources = rdk().rd_kafka_DescribeConfigs_result_resources(
      rdk().rd_kafka_event_DescribeConfigs_result(event->get()), &count);
  if (count != 1) return fail("protocol.invalid", call.phase, "no configuration of " + topic);
  if (const auto error = rdk().rd_kafka_ConfigResource_error(resources[0]);
      error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return refused(call, error, rdk().rd_kafka_ConfigResource_error_string(resources[0]),
                   "configuration of " + topic);
  }
  Value config = Value::object();
  const auto** entries = rdk().rd_kafka_ConfigResource_configs(resources[0], &count);
  for (std::size_t i = 0; i < count; ++i) {
    const char* const value = rdk().rd_kafka_ConfigEntry_value(entries[i]);  // null: sensitive
    if (value != nullptr) config[rdk().rd_kafka_ConfigEntry_name(entries[i])] = typed(value);
  }
  return config;
}

Result<bool> create(KafkaCall& call, const std::string& topic, int partitions, int replication,
                    Duration retention) {
  char why[256] = "";
  const std::unique_ptr<rd_kafka_NewTopic_t, decltype(&rd_kafka_NewTopic_destroy)> wanted(
      rdk().rd_kafka_NewTopic_new(topic.c_str(), partitions, replication, why, sizeof why),
      rdk().rd_kafka_NewTopic_destroy);
  if (wanted == nullptr) return fail("params.invalid", call.phase, "topic " + topic + ": " + printable(why));
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(retention).count();
  rdk().rd_kafka_NewTopic_set_config(wanted.get(), "retention.ms", std::to_string(milliseconds).c_str());
  AdminCall admin(call, RD_KAFKA_ADMIN_OP_CREATETOPICS);
  rd_kafka_NewTopic_t* list[] = {wanted.get()};
  rdk().rd_kafka_CreateTopics(call.library(), list, 1, admin.options(), admin.queue());
  const auto event = admin.outcome("creating " + topic);
  if (!event) return Failure(event.error());
  std::size_t count = 0;
  const auto** results = rdk().rd_kafka_CreateTopics_result_topics(
      rdk().rd_kafka_event_CreateTopics_result(event->get()), &count);
  if (count != 1) return fail("protocol.invalid", call.phase, "no answer for " + topic);
  const auto error = rdk().rd_kafka_topic_result_error(results[0]);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
  if (error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return false;
  return refused(call, error, rdk().rd_kafka_topic_result_error_string(results[0]), "creating " + topic);
}

Result<KafkaGroup> describe_group(KafkaCall& call, const std::string& name) {
  AdminCall admin(call, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS);
  const char* names[] = {name.c_str()};
  rdk().rd_kafka_DescribeConsumerGroups(call.library(), names, 1, admin.options(), admin.queue());
  const auto event = admin.outcome("group " + name);
  if (!event) return Failure(event.error());
  std::size_t count = 0;
  const auto** groups = rdk().rd_kafka_DescribeConsumerGroups_result_groups(
      rdk().rd_kafka_event_DescribeConsumerGroups_result(event->get()), &count);
  if (count != 1) return fail("protocol.invalid", call.phase, "no answer for group " + name);
  if (const auto* error = rdk().rd_kafka_ConsumerGroupDescription_error(groups[0])) {
    return refused(call, rdk().rd_kafka_error_code(error), rdk().rd_kafka_error_string(error),
                   "group " + name);
  }
  const auto state = rdk().rd_kafka_ConsumerGroupDescription_state(groups[0]);
  // A coordinator describes a group that it does not know as dead.
  if (state == RD_KAFKA_CONSUMER_GROUP_STATE_DEAD)
    return fail("kafka.no-group", call.phase, "there is no group " + name);
  KafkaGroup group;
  group.state = rdk().rd_kafka_consumer_group_state_name(state);
  if (const char* assignor = rdk().rd_kafka_ConsumerGroupDescription_partition_assignor(groups[0]))
    group.assignor = printable(assignor);
  group.members = static_cast<std::int64_t>(rdk().rd_kafka_ConsumerGroupDescription_member_count(groups[0]));
  return group;
}

Result<void> list_commits(KafkaCall& call, const std::string& name, KafkaGroup& group) {
  AdminCall admin(call, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
  const std::unique_ptr<rd_kafka_ListConsumerGroupOffsets_t,
                        decltype(&rd_kafka_ListConsumerGroupOffsets_destroy)>
      wanted(rdk().rd_kafka_ListConsumerGroupOffsets_new(name.c_str(), nullptr),
             rdk().rd_kafka_ListConsumerGroupOffsets_destroy);
  rd_kafka_ListConsumerGroupOffsets_t* list[] = {wanted.get()};
  rdk().rd_kafka_ListConsumerGroupOffsets(call.library(), list, 1, admin.options(), admin.queue());
  const auto event = admin.outcome("offsets of group " + name);
  if (!event) return Failure(event.error());
  std::size_t count = 0;
  const auto** results = rdk().rd_kafka_ListConsumerGroupOffsets_result_groups(
      rdk().rd_kafka_event_ListConsumerGroupOffsets_result(event->get()), &count);
  if (count != 1) return fail("protocol.invalid", call.phase, "no offsets of group " + name);
  if (const auto* error = rdk().rd_kafka_group_result_error(results[0])) {
    return refused(call, rdk().rd_kafka_error_code(error), rdk().rd_kafka_error_string(error),
                   "offsets of group " + name);
  }
  const auto* partitions = rdk().rd_kafka_group_result_partitions(results[0]);
  for (int i = 0; partitions != nullptr && i < partitions->cnt; ++i) {
    const auto& one = partitions->elems[i];
    if (one.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return refused(call, one.err, nullptr,
                     fmt::format("offset of group {} in {}, partition {}", name, one.topic, one.partition));
    }
    if (one.offset >= 0) group.commits.push_back({one.topic, one.partition, one.offset});
  }
  std::sort(group.commits.begin(), group.commits.end(), [](const KafkaCommit& a, const KafkaCommit& b) {
    return std::tie(a.topic, a.partition) < std::tie(b.topic, b.partition);
  });
  return {};
}

}  // namespace

Result<Value> KafkaClients::topic_config(const KafkaSettings& settings, const std::string& topic,
                                         const Context& context) {
  return state_->call<Value>(settings, KafkaRole::reader, context, "request",
                             [topic](KafkaCall& call) { return describe_topic(call, topic); });
}

Result<bool> KafkaClients::create_topic(const KafkaSettings& settings, const std::string& topic,
                                        int partitions, int replication, Duration retention,
                                        const Context& context) {
  return state_->call<bool>(settings, KafkaRole::reader, context, "setup", [=](KafkaCall& call) {
    return create(call, topic, partitions, replication, retention);
  });
}

Result<KafkaGroup> KafkaClients::group(const KafkaSettings& settings, const std::string& group,
                                       const Context& context) {
  return state_->call<KafkaGroup>(settings, KafkaRole::reader, context, "request",
                                  [group](KafkaCall& call) -> Result<KafkaGroup> {
                                    auto found = describe_group(call, group);
                                    if (!found) return found;
                                    if (const auto listed = list_commits(call, group, *found); !listed)
                                      return Failure(listed.error());
                                    return found;
                                  });
}

}  // namespace assay

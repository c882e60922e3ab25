// librdkafka's functions, by pointers. assay is not linked with librdkafka: its 15 KB of thread-local data
// would cost every worker thread 16 KB of memory in suites without Kafka too. The first Kafka attempt loads
// it. For .cpp files that include <librdkafka/rdkafka.h> first, as the types of the functions come from
// there.
#pragma once

#include <string>

#include "core/result.h"

#ifndef RD_KAFKA_VERSION
#error "include <librdkafka/rdkafka.h> before net/rdkafka.h"
#endif

namespace assay {

// Every function that assay calls, listed here and nowhere else. To be made by load_rdkafka().
class RdKafka {
  void* library_;
  const char* missing_ = nullptr;

 public:
  explicit RdKafka(void* library) : library_(library) {}

  // The first function that the library does not have; null when it has all.
  const char* missing() const { return missing_; }

// NOLINTNEXTLINE(bugprone-macro-parentheses): the name of a member
#define ASSAY_FUNCTION(name) decltype(&::name) name = find<decltype(&::name)>(#name)
  ASSAY_FUNCTION(rd_kafka_AdminOptions_destroy);
  ASSAY_FUNCTION(rd_kafka_AdminOptions_new);
  ASSAY_FUNCTION(rd_kafka_AdminOptions_set_request_timeout);
  ASSAY_FUNCTION(rd_kafka_clusterid);
  ASSAY_FUNCTION(rd_kafka_conf_destroy);
  ASSAY_FUNCTION(rd_kafka_conf_new);
  ASSAY_FUNCTION(rd_kafka_conf_set);
  ASSAY_FUNCTION(rd_kafka_conf_set_dr_msg_cb);
  ASSAY_FUNCTION(rd_kafka_conf_set_error_cb);
  ASSAY_FUNCTION(rd_kafka_conf_set_log_cb);
  ASSAY_FUNCTION(rd_kafka_conf_set_opaque);
  ASSAY_FUNCTION(rd_kafka_ConfigEntry_name);
  ASSAY_FUNCTION(rd_kafka_ConfigEntry_value);
  ASSAY_FUNCTION(rd_kafka_ConfigResource_configs);
  ASSAY_FUNCTION(rd_kafka_ConfigResource_destroy);
  ASSAY_FUNCTION(rd_kafka_ConfigResource_error);
  ASSAY_FUNCTION(rd_kafka_ConfigResource_error_string);
  ASSAY_FUNCTION(rd_kafka_ConfigResource_new);
  ASSAY_FUNCTION(rd_kafka_consume);
  ASSAY_FUNCTION(rd_kafka_consume_start);
  ASSAY_FUNCTION(rd_kafka_consume_stop);
  ASSAY_FUNCTION(rd_kafka_consumer_group_state_name);
  ASSAY_FUNCTION(rd_kafka_ConsumerGroupDescription_error);
  ASSAY_FUNCTION(rd_kafka_ConsumerGroupDescription_member_count);
  ASSAY_FUNCTION(rd_kafka_ConsumerGroupDescription_partition_assignor);
  ASSAY_FUNCTION(rd_kafka_ConsumerGroupDescription_state);
  ASSAY_FUNCTION(rd_kafka_controllerid);
  ASSAY_FUNCTION(rd_kafka_CreateTopics);
  ASSAY_FUNCTION(rd_kafka_CreateTopics_result_topics);
  ASSAY_FUNCTION(rd_kafka_DescribeConfigs);
  ASSAY_FUNCTION(rd_kafka_DescribeConfigs_result_resources);
  ASSAY_FUNCTION(rd_kafka_DescribeConsumerGroups);
  ASSAY_FUNCTION(rd_kafka_DescribeConsumerGroups_result_groups);
  ASSAY_FUNCTION(rd_kafka_destroy);
  ASSAY_FUNCTION(rd_kafka_err2name);
  ASSAY_FUNCTION(rd_kafka_err2str);
  ASSAY_FUNCTION(rd_kafka_error_code);
  ASSAY_FUNCTION(rd_kafka_error_string);
  ASSAY_FUNCTION(rd_kafka_event_CreateTopics_result);
  ASSAY_FUNCTION(rd_kafka_event_DescribeConfigs_result);
  ASSAY_FUNCTION(rd_kafka_event_DescribeConsumerGroups_result);
  ASSAY_FUNCTION(rd_kafka_event_destroy);
  ASSAY_FUNCTION(rd_kafka_event_error);
  ASSAY_FUNCTION(rd_kafka_event_error_string);
  ASSAY_FUNCTION(rd_kafka_event_ListConsumerGroupOffsets_result);
  ASSAY_FUNCTION(rd_kafka_flush);
  ASSAY_FUNCTION(rd_kafka_group_result_error);
  ASSAY_FUNCTION(rd_kafka_group_result_partitions);
  ASSAY_FUNCTION(rd_kafka_last_error);
  ASSAY_FUNCTION(rd_kafka_ListConsumerGroupOffsets);
  ASSAY_FUNCTION(rd_kafka_ListConsumerGroupOffsets_destroy);
  ASSAY_FUNCTION(rd_kafka_ListConsumerGroupOffsets_new);
  ASSAY_FUNCTION(rd_kafka_ListConsumerGroupOffsets_result_groups);
  ASSAY_FUNCTION(rd_kafka_mem_free);
  ASSAY_FUNCTION(rd_kafka_message_destroy);
  ASSAY_FUNCTION(rd_kafka_metadata);
  ASSAY_FUNCTION(rd_kafka_metadata_destroy);
  ASSAY_FUNCTION(rd_kafka_new);
  ASSAY_FUNCTION(rd_kafka_NewTopic_destroy);
  ASSAY_FUNCTION(rd_kafka_NewTopic_new);
  ASSAY_FUNCTION(rd_kafka_NewTopic_set_config);
  ASSAY_FUNCTION(rd_kafka_offsets_for_times);
  ASSAY_FUNCTION(rd_kafka_poll);
  ASSAY_FUNCTION(rd_kafka_produce);
  ASSAY_FUNCTION(rd_kafka_purge);
  ASSAY_FUNCTION(rd_kafka_query_watermark_offsets);
  ASSAY_FUNCTION(rd_kafka_queue_destroy);
  ASSAY_FUNCTION(rd_kafka_queue_get_main);
  ASSAY_FUNCTION(rd_kafka_queue_new);
  ASSAY_FUNCTION(rd_kafka_queue_poll);
  ASSAY_FUNCTION(rd_kafka_queue_yield);
  ASSAY_FUNCTION(rd_kafka_topic_conf_new);
  ASSAY_FUNCTION(rd_kafka_topic_conf_set);
  ASSAY_FUNCTION(rd_kafka_topic_destroy);
  ASSAY_FUNCTION(rd_kafka_topic_new);
  ASSAY_FUNCTION(rd_kafka_topic_partition_list_add);
  ASSAY_FUNCTION(rd_kafka_topic_partition_list_destroy);
  ASSAY_FUNCTION(rd_kafka_topic_partition_list_find);
  ASSAY_FUNCTION(rd_kafka_topic_partition_list_new);
  ASSAY_FUNCTION(rd_kafka_topic_result_error);
  ASSAY_FUNCTION(rd_kafka_topic_result_error_string);
  ASSAY_FUNCTION(rd_kafka_type);
  ASSAY_FUNCTION(rd_kafka_version);
  ASSAY_FUNCTION(rd_kafka_version_str);
#undef ASSAY_FUNCTION

 private:
  static void* symbol(void* library, const char* name);

  template <class Function>
  Function find(const char* name) {
    void* const found = symbol(library_, name);
    if (found == nullptr && missing_ == nullptr) missing_ = name;
    return reinterpret_cast<Function>(found);
  }
};

// Loads a library, by a path or by a name that the dynamic linker finds, and looks up every function. What
// was loaded stays so until the process ends; a library that lacks a function is let go. Safe from any
// thread. Errors, phase setup: harness.internal, which names the library, the function and Debian's package.
Result<RdKafka> load_rdkafka(const std::string& file);

// Sees to it that librdkafka.so.1 is loaded: once that succeeded, there is nothing more to do. Safe from any
// thread. Errors as of load_rdkafka().
Result<void> open_rdkafka();

// What open_rdkafka() has loaded; not to be called before that was ok (it was where there is a KafkaHandle).
const RdKafka& rdk();

}  // namespace assay

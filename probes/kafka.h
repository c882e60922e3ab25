// What the rows of the Kafka family share.
#pragma once

#include "net/kafka.h"
#include "probes/probe.h"

namespace assay {

// Parameters of every Kafka probe: brokers, tls, sasl, properties; then `own`.
Fields kafka_params(Fields own);
// What every Kafka probe observes: bootstrap; then `own`.
Fields kafka_observations(Fields own);

// Reads the shared parameters from an attempt and has the cluster's first conversation (greet_kafka), so that
// the cause of a failure is known before librdkafka is asked.
Result<KafkaSettings> reach_kafka(Attempt& attempt);

// The row with what is the same for all of the family.
Probe kafka_probe(std::string name, std::string summary);

Probe kafka_cluster_probe();
Probe kafka_topic_probe();
Probe kafka_roundtrip_probe();
Probe kafka_group_probe();
Probe kafka_offsets_probe();

}  // namespace assay

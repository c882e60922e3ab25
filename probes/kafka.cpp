#include "probes/kafka.h"

#include "net/kafka_greeting.h"

namespace assay {
namespace {

const Fields& sasl_fields() {
  static const Fields fields = {
      {"mechanism",
       Type::text,
       "how to log in",
       false,
       "SCRAM-SHA-256",
       "",
       {},
       {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}},
      {"username", Type::text, "the account", true, {}, "app", {}, {}},
      {"password", Type::secret, "its password", true, {}, "{env: KAFKA_PASSWORD}", {}, {}},
  };
  return fields;
}

const Fields& property_fields() {
  static const Fields fields = [] {
    Fields all;
    for (const std::string& name : kafka_properties()) {
      all.push_back({name, Type::text, "librdkafka's property of that name", false, {}, "", {}, {}});
    }
    return all;
  }();
  return fields;
}

Result<KafkaSettings> read_settings(Attempt& attempt) {
  Reader reader = attempt.reader();
  KafkaSettings settings;
  settings.brokers = reader.addresses("brokers", 9092);
  settings.tls = reader.tls("tls");
  if (const auto ok = reader.ok(); !ok) return Failure(ok.error());
  if (const Value* sasl = attempt.params.find("sasl"); sasl != nullptr && !sasl->is_null()) {
    Reader login(*sasl, sasl_fields(), attempt.secrets);
    settings.mechanism = login.text("mechanism");
    settings.username = login.text("username");
    settings.password = login.secret("password");
    if (const auto ok = login.ok(); !ok) return Failure(ok.error());
  }
  if (const Value* given = attempt.params.find("properties"); given != nullptr && given->is_object()) {
    Reader properties(*given, property_fields(), attempt.secrets);
    for (const Member& member : given->members())
      settings.properties[member.key] = properties.text(member.key);
    if (const auto ok = properties.ok(); !ok) return Failure(ok.error());
  }
  return settings;
}

}  // namespace

Fields kafka_params(Fields own) {
  Fields all = {
      {"brokers",
       Type::addresses,
       "bootstrap brokers; one that answers is enough",
       true,
       {},
       "[kafka-0.example.org:9092]",
       {},
       {},
       9092},
      tls_field(),
      {"sasl",
       Type::object,
       "how to log in; without it nobody does",
       false,
       {},
       "{username: app, password: {env: KAFKA_PASSWORD}}",
       sasl_fields(),
       {}},
      {"properties",
       Type::object,
       "properties of librdkafka, as texts",
       false,
       {},
       "{client.rack: a}",
       property_fields(),
       {}},
  };
  for (Field& field : own) all.push_back(std::move(field));
  return all;
}

Fields kafka_observations(Fields own) {
  Fields all = {{"bootstrap",
                 Type::list,
                 "each bootstrap broker that was dialled",
                 false,
                 {},
                 "",
                 {{"address", Type::text, "as it was given", false, {}, "", {}, {}},
                  {"peer", Type::text, "the address that was dialled", false, {}, "", {}, {}},
                  {"answered", Type::boolean, "it spoke Kafka's protocol", false, {}, "", {}, {}},
                  {"code", Type::text, "why not", false, {}, "", {}, {}},
                  {"message", Type::text, "why not, for a person", false, {}, "", {}, {}}},
                 {}}};
  for (Field& field : own) all.push_back(std::move(field));
  return all;
}

Result<KafkaSettings> reach_kafka(Attempt& attempt) {
  auto settings = read_settings(attempt);
  if (!settings) return settings;
  Trace trace = attempt.trace();
  const auto greeted = greet_kafka(attempt.network, *settings, attempt.context, trace);
  if (!greeted) return Failure(greeted.error());
  return settings;
}

Probe kafka_probe(std::string name, std::string summary) {
  Probe probe;
  probe.name = std::move(name);
  probe.summary = std::move(summary);
  probe.targets = address_targets;
  return probe;
}

Probes kafka_probes() {
  return {kafka_cluster_probe(), kafka_topic_probe(), kafka_roundtrip_probe(), kafka_group_probe(),
          kafka_offsets_probe()};
}

}  // namespace assay

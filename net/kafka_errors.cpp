// librdkafka's errors and words as assay's codes.
#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include "core/utf8.h"
#include "net/kafka_state.h"
#include "net/rdkafka.h"

namespace assay {
namespace {

bool says_nothing(int error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
      return true;
    default:
      return false;
  }
}

// The code for an error that says something; what has no code of its own is kafka.error.
std::string_view code_of(int error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      return "kafka.authorization";
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return "kafka.no-topic";
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
      return "kafka.no-leader";
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
      return "kafka.not-enough-replicas";
    case RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND:
      return "kafka.no-group";
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
      return "auth.denied";
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
      return "auth.mechanism";
    case RD_KAFKA_RESP_ERR__SSL:
      return "tls.failed";
    case RD_KAFKA_RESP_ERR__RESOLVE:
      return "dns.failed";
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
      return "deadline";
    default:
      return "kafka.error";
  }
}

Failure explain(const KafkaTrouble& trouble, const KafkaSettings& settings) {
  const std::string& words = trouble.reason;
  const auto has = [&](std::string_view part) { return words.find(part) != std::string::npos; };
  const std::string message = "librdkafka: " + words;
  if (trouble.error == RD_KAFKA_RESP_ERR__AUTHENTICATION) {
    if (has("mechanism") && has("supported")) return fail("auth.mechanism", "auth", message);
    if (!settings.mechanism.starts_with("SCRAM") || kafka_scram_is_sound())
      return fail("auth.denied", "auth", message);
    // assay has just logged in with the same credentials itself.
    return fail("kafka.client-too-old", "auth",
                fmt::format("librdkafka {} cannot do SCRAM with this broker, although the credentials are "
                            "right: before 2.6.1 "
                            "it sends the client's nonce twice, which Kafka refuses from 4.0 on ({})",
                            kafka_library_version(), words));
  }
  if (trouble.error == RD_KAFKA_RESP_ERR__SSL) {
    return fail(has("certificate verify failed") ? "tls.untrusted" : "tls.failed", "tls", message);
  }
  if (trouble.error == RD_KAFKA_RESP_ERR__RESOLVE || has("Failed to resolve"))
    return fail("dns.failed", "resolve", message);
  if (has("Connection refused")) return fail("connect.refused", "connect", message);
  if (has("Disconnected") || has("reset by peer")) return fail("connect.reset", "connect", message);
  if (has("unreachable")) return fail("connect.unreachable", "connect", message);
  if (has("timed out")) return fail("deadline", "connect", message);
  return fail("connect.failed", "connect", message);
}

}  // namespace

Failure kafka_timeout(const KafkaHandle& handle, const KafkaSettings& settings, TimePoint began,
                      std::string_view phase) {
  if (const auto trouble = handle.trouble_since(began)) return explain(*trouble, settings);
  return fail("deadline", phase, "no answer from the cluster within the timeout");
}

Failure kafka_failure(const KafkaCall& call, int error, const std::string& words) {
  if (says_nothing(error)) return kafka_timeout(call.handle, call.client.settings, call.began, call.phase);
  if (error == RD_KAFKA_RESP_ERR__AUTHENTICATION) {
    return explain(KafkaTrouble{error, printable(words), call.began}, call.client.settings);
  }
  const auto* const name = rdk().rd_kafka_err2name(static_cast<rd_kafka_resp_err_t>(error));
  return fail(code_of(error), call.phase, fmt::format("{} ({})", shorten(printable(words), 300), name));
}

}  // namespace assay

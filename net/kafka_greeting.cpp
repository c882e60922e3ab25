#include "net/kafka_greeting.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/random.h"
#include "net/kafka_wire.h"
#include "net/scram.h"

namespace assay {
namespace {

constexpr std::int16_t kMetadata = 3;

struct Greeted {
  KafkaWire wire;
  std::map<std::int16_t, KafkaVersions> versions;
};

Result<Greeted> greet_one(Network& network, const HostPort& broker, const TlsOptions& tls,
                          const Context& context, Trace& trace) {
  auto transport = Transport::connect(network, broker, tls, context, trace);
  if (!transport) return Failure(transport.error());
  KafkaWire wire(std::move(*transport));
  const PhaseTimer timer(trace, "request");
  auto versions = wire.api_versions(context);
  if (!versions) {
    Error error = versions.error();
    error.message = broker.text() + ": " + error.message;
    if (error.code == "connect.reset" && !tls.enabled)
      error.message += " (a listener that wants TLS does that, too)";
    return Failure(error);
  }
  return Greeted{std::move(wire), std::move(*versions)};
}

Result<void> log_in(KafkaWire& wire, const KafkaSettings& settings, const Context& context) {
  if (const auto agreed = wire.handshake(settings.mechanism, context); !agreed) return agreed;
  if (settings.mechanism == "PLAIN") {  // RFC 4616
    const Secret message(std::string(1, '\0') + settings.username + '\0' + settings.password.reveal());
    const auto answer = wire.authenticate(message.reveal(), context);
    return answer ? Result<void>() : Failure(answer.error());
  }
  ScramClient scram(settings.mechanism == "SCRAM-SHA-512" ? ScramHash::sha512 : ScramHash::sha256,
                    settings.username, settings.password,
                    fmt::format("{:016x}{:016x}", random_seed(), random_seed()));
  const auto first = wire.authenticate(scram.first(), context);
  if (!first) return Failure(first.error());
  const auto proof = scram.answer(*first);
  if (!proof) return Failure(proof.error());
  const auto last = wire.authenticate(*proof, context);
  if (!last) return Failure(last.error());
  return scram.verify(*last);
}

void add_phases(Trace& trace, const Value& scratch) {
  const Value* phases = scratch.find("phases");
  if (phases == nullptr) return;
  for (const Member& phase : phases->members()) {
    trace.phase(phase.key,
                std::chrono::duration_cast<Duration>(std::chrono::duration<double>(phase.value.number())));
  }
}

Value item_of(const HostPort& broker, const Value& scratch, const Result<Greeted>& greeted) {
  Value item = Value::object({{"address", broker.text()}, {"answered", greeted.has_value()}});
  if (const Value* peer = scratch.find("peer")) item["peer"] = *peer;
  if (greeted) return item;
  item["code"] = greeted.error().code;
  item["message"] = greeted.error().message;
  return item;
}

void copy_connection(Trace& trace, const Value& scratch) {
  for (const char* name : {"addresses", "peer", "tls"}) {
    if (const Value* value = scratch.find(name)) trace.seen()[name] = *value;
  }
}

}  // namespace

Result<void> greet_kafka(Network& network, KafkaSettings& settings, const Context& context, Trace& trace) {
  std::optional<Greeted> open;
  std::optional<Error> first_error;
  trace.seen()["bootstrap"] = Value::array();
  settings.answered.clear();
  for (std::size_t i = 0; i < settings.brokers.size(); ++i) {
    const HostPort& broker = settings.brokers[i];
    const auto untried = static_cast<long>(settings.brokers.size() - i);
    const Duration left = context.deadline().left();
    const Duration share =
        open ? std::min<Duration>(std::chrono::seconds(1), left / (untried + 1)) : left / untried;
    Value scratch = Value::object();
    Trace own(scratch);
    auto greeted = greet_one(network, broker, settings.tls, context.within(share), own);
    add_phases(trace, scratch);
    trace.seen()["bootstrap"].push_back(item_of(broker, scratch, greeted));
    if (greeted) settings.answered.push_back(broker);
    if (greeted && !open) {
      open = std::move(*greeted);
      copy_connection(trace, scratch);
    } else if (!greeted && !first_error) {
      first_error = greeted.error();
      if (!open) copy_connection(trace, scratch);
    }
    if (context.stop().raised())
      return fail("harness.cancelled", "connect", "cancelled while brokers were dialled");
  }
  if (!open) {
    Error error = first_error.value_or(Error{"params.invalid", "setup", "no broker was named", false});
    if (settings.brokers.size() > 1) {
      error.message =
          fmt::format("none of {} brokers answered; the first: {}", settings.brokers.size(), error.message);
    }
    return Failure(error);
  }
  if (settings.mechanism.empty()) {
    const PhaseTimer timer(trace, "request");
    const auto metadata = open->versions.find(kMetadata);
    if (metadata == open->versions.end())
      return fail("protocol.invalid", "request", "the broker serves no metadata");
    return open->wire.any_request(metadata->second, context);
  }
  const PhaseTimer timer(trace, "auth");
  return log_in(open->wire, settings, context);
}

Value greet_kafka_broker(Network& network, const HostPort& broker, const TlsOptions& tls,
                         const Context& context) {
  Value scratch = Value::object();
  Trace own(scratch);
  const auto greeted = greet_one(network, broker, tls, context.within(std::chrono::seconds(1)), own);
  return item_of(broker, scratch, greeted);
}

}  // namespace assay

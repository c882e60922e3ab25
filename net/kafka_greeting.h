// The first conversation with a cluster's bootstrap brokers, before librdkafka is asked for anything.
#pragma once

#include "net/kafka.h"
#include "net/network.h"
#include "net/trace.h"

namespace assay {

// librdkafka reports a refused, a silent and an unroutable broker alike, each after its whole deadline. So
// every bootstrap broker is dialled first by our own transport (resolve, connect, tls) and asked for its
// ApiVersions (request); the first that answers is also asked for something that needs a login, or logged in
// to (auth). Leaves `bootstrap` in the trace, for each broker {address, peer, answered, code, message}, and
// fills settings.answered. While no broker has answered the time left is shared by those not tried yet; once
// one has, each of the rest gets a second at most. Errors, if no broker answered, the first one's: dns.*,
// connect.*, tls.*, protocol.*, deadline; of the login: auth.required, auth.mechanism, auth.denied,
// protocol.*; harness.cancelled.
Result<void> greet_kafka(Network& network, KafkaSettings& settings, const Context& context, Trace& trace);

// Dials one broker (that the cluster named, say) and asks for its ApiVersions, in at most a second: {address,
// peer, answered, code, message}.
Value greet_kafka_broker(Network& network, const HostPort& broker, const TlsOptions& tls,
                         const Context& context);

}  // namespace assay

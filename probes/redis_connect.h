// What the probes of Redis and of Sentinel have in common.
#pragma once

#include "net/redis.h"
#include "probes/probe.h"

namespace assay {

// password and username, for every login of Redis.
Fields redis_login_fields();

// Connects to `address` with `password`, `username`, `tls` and `db` of the attempt's parameters.
Result<Redis> redis_connect(Attempt& attempt, Trace& trace);

// "host:port" of every address in a parameter, with the port that stands where none is written; what is a
// reference is left out.
std::vector<std::string> targets_of(const Value* parameter, std::uint16_t default_port);

Probes sentinel_probes();

}  // namespace assay

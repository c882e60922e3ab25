// What Redis says of itself (https://redis.io/docs/latest/commands/info/): text, and no connection.
#pragma once

#include <string_view>

#include "core/result.h"
#include "core/value.h"

namespace assay {

// The "key:value" lines of INFO, whatever section they are in; numbers are numbers. Errors:
// protocol.too-large, for more than 4,000 of them.
Result<Value> read_redis_info(std::string_view text);

// The fields of an observation of redis.info, from the lines of INFO. Errors: protocol.too-large, for a
// replica or key space of more than 100 values.
Result<void> fill_redis_info(const Value& info, Value& seen);

}  // namespace assay

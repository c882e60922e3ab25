// What Redis says of itself (https://redis.io/docs/latest/commands/info/): text, and no connection.
#pragma once

#include <string_view>

#include "core/value.h"

namespace assay {

// The first 4,000 "key:value" lines of INFO, whatever section they are in; numbers are numbers.
Value read_redis_info(std::string_view text);

// The fields of an observation of redis.info, from the lines of INFO.
void fill_redis_info(const Value& info, Value& seen);

}  // namespace assay

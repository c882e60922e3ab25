// What Sentinels answer, and what follows from it: replies, and no connection.
// Rules: https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/value.h"

namespace assay {

// What one Sentinel answered.
struct SentinelView {
  std::string master;  // "" when it knows none of that name
  std::string flags;
  std::int64_t quorum = 0;
  std::int64_t sentinels = 0;  // with itself
  std::int64_t replicas = 0;
  std::int64_t replicas_down = 0;
  bool quorum_ok = false;
  std::string quorum_text;

  // Each takes the reply to one command; what is missing in it stays as it was.
  Result<void> read_address(const Value& reply);  // GET-MASTER-ADDR-BY-NAME; error: protocol.invalid
  void read_master(const Value& reply);           // MASTER
  void read_sentinels(const Value& reply);        // SENTINELS
  void read_replicas(const Value& reply);         // REPLICAS
};

// What all of them say together, written into `seen`. Errors: sentinel.no-master, sentinel.disagree,
// sentinel.no-quorum.
Result<void> conclude_sentinels(const std::vector<SentinelView>& views, const std::string& name, Value& seen);

}  // namespace assay

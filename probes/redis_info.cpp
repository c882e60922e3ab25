#include "probes/redis_info.h"

#include <algorithm>
#include <charconv>

#include "net/address.h"

namespace assay {
namespace {

// Looking up a field takes as long as there are fields; Redis 7 writes 200 beside those of databases and
// replicas.
constexpr std::size_t kMostFields = 4'000;
constexpr std::size_t kMostPairs = 100;

// A number where the text is one. INFO writes floats with a point and percentages with a sign that stays.
Value typed(std::string_view text) {
  long long whole = 0;
  auto read = std::from_chars(text.data(), text.data() + text.size(), whole);
  if (read.ec == std::errc() && read.ptr == text.data() + text.size()) return whole;
  double real = 0;
  read = std::from_chars(text.data(), text.data() + text.size(), real, std::chars_format::fixed);
  if (read.ec == std::errc() && read.ptr == text.data() + text.size()) return real;
  return text;
}

// "ip=127.0.0.1,port=6380,state=online": the value of several fields (replicas, key spaces).
Result<Value> pairs(std::string_view text) {
  Value map = Value::object();
  while (!text.empty()) {
    const std::string_view one = text.substr(0, text.find(','));
    if (const auto equals = one.find('='); equals != std::string_view::npos) {
      if (map.members().size() == kMostPairs && map.find(one.substr(0, equals)) == nullptr)
        return fail("protocol.too-large", "request", "a field of INFO has more than 100 values");
      map[one.substr(0, equals)] = typed(one.substr(equals + 1));
    }
    text.remove_prefix(std::min(text.size(), one.size() + 1));
  }
  return map;
}

Value replica(const Value& line, std::int64_t master_offset) {
  // None is below zero, so that a difference fits.
  const std::int64_t offset = std::max<std::int64_t>(0, line.get_int("offset"));
  Value one = Value::object();
  one["address"] = HostPort{line.get("ip"), static_cast<std::uint16_t>(line.get_int("port"))}.text();
  one["state"] = line.get("state");
  one["offset"] = offset;
  one["lag_bytes"] = std::max<std::int64_t>(0, master_offset - offset);
  one["lag"] = line.get_int("lag");
  return one;
}

}  // namespace

Result<Value> read_redis_info(std::string_view text) {
  Value info = Value::object();
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto colon = line.find(':');
    if (line.starts_with('#') || colon == std::string_view::npos) continue;
    const std::string_view key = line.substr(0, colon);
    const std::string_view value = line.substr(colon + 1);
    // One that is left out would be taken for one that is not there.
    if (info.members().size() == kMostFields)
      return fail("protocol.too-large", "request", "INFO has more than 4,000 fields");
    info[key] = key.find("version") == std::string_view::npos ? typed(value) : Value(value);
  }
  return info;
}

Result<void> fill_redis_info(const Value& info, Value& seen) {
  const auto copy = [&](std::string_view from, std::string_view to) {
    if (const Value* value = info.find(from)) seen[to] = *value;
  };
  copy("redis_version", "version");
  for (const char* name :
       {"role", "uptime_in_seconds", "connected_clients", "blocked_clients", "maxclients", "used_memory",
        "maxmemory", "maxmemory_policy", "evicted_keys", "rejected_connections", "connected_slaves",
        "master_link_status", "mem_fragmentation_ratio", "rdb_last_bgsave_status", "aof_last_write_status"}) {
    copy(name, name);
  }
  for (const auto& [from, to] : {std::pair("loading", "loading"), std::pair("aof_enabled", "aof_enabled")}) {
    if (info.find(from) != nullptr) seen[to] = info.get_int(from) != 0;
  }
  if (info.get("role") == "slave") {
    seen["master"] =
        HostPort{info.get("master_host"), static_cast<std::uint16_t>(info.get_int("master_port"))}.text();
  }
  const std::int64_t offset = std::max<std::int64_t>(0, info.get_int("master_repl_offset"));
  Value replicas = Value::array();
  Value keyspace = Value::object();
  for (const Member& member : info.members()) {
    if (!member.value.is_string()) continue;
    if (member.key.starts_with("slave") && member.value.string().starts_with("ip=")) {
      const auto line = pairs(member.value.string());
      if (!line) return Failure(line.error());
      replicas.push_back(replica(*line, offset));
    } else if (member.key.starts_with("db") && member.value.string().starts_with("keys=")) {
      auto line = pairs(member.value.string());
      if (!line) return Failure(line.error());
      keyspace[member.key] = std::move(*line);
    }
  }
  seen["replicas"] = std::move(replicas);
  seen["keyspace"] = std::move(keyspace);
  return {};
}

}  // namespace assay

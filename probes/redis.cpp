// redis.ping, redis.info, redis.roundtrip.
#include <fmt/format.h>

#include "probes/redis_connect.h"
#include "probes/redis_info.h"

namespace assay {
namespace {

constexpr std::uint16_t kPort = 6379;
constexpr std::string_view kExpiryMs = "60000";

Fields params() {
  Fields fields = {{"address",
                    Type::address,
                    "where Redis listens (port 6379 where none is written)",
                    true,
                    {},
                    "redis.example.org:6379",
                    {},
                    {},
                    kPort}};
  for (Field& field : redis_login_fields()) fields.push_back(std::move(field));
  fields.push_back({"db", Type::integer, "number of the database", false, 0, "", {}, {}});
  fields.push_back(tls_field());
  return fields;
}

Result<void> observe_ping(Attempt& attempt) {
  Trace trace = attempt.trace();
  auto redis = redis_connect(attempt, trace);
  if (!redis) return Failure(redis.error());
  const PhaseTimer timer(trace, "request");
  auto reply = redis->command({"PING"}, attempt.context);
  if (!reply) return Failure(reply.error());
  attempt.seen["reply"] = std::move(*reply);
  return {};
}

Result<void> observe_info(Attempt& attempt) {
  Trace trace = attempt.trace();
  auto redis = redis_connect(attempt, trace);
  if (!redis) return Failure(redis.error());
  const PhaseTimer timer(trace, "request");
  const auto reply = redis->command({"INFO"}, attempt.context);
  if (!reply) return Failure(reply.error());
  if (!reply->is_string())
    return fail("protocol.invalid", "request", "INFO was answered with something that is no text");
  auto info = read_redis_info(reply->string());
  if (!info) return Failure(info.error());
  if (const auto filled = fill_redis_info(*info, attempt.seen); !filled) return filled;
  attempt.seen["info"] = std::move(*info);
  return {};
}

Result<void> observe_roundtrip(Attempt& attempt) {
  Trace trace = attempt.trace();
  auto redis = redis_connect(attempt, trace);
  if (!redis) return Failure(redis.error());
  const PhaseTimer timer(trace, "request");
  const std::string key = fmt::format("assay:roundtrip:{}:{:016x}", attempt.run, attempt.random);
  const std::string value = fmt::format("{:016x}", ~attempt.random);
  attempt.seen["key"] = key;
  const auto written = redis->command({"SET", key, value, "PX", kExpiryMs, "NX"}, attempt.context);
  if (!written) return Failure(written.error());
  attempt.seen["written"] = written->is_string();
  if (written->is_null())
    return fail("roundtrip.mismatch", "request", "a key of that name, meant to be new, exists: " + key);
  const auto read = redis->command({"GET", key}, attempt.context);
  const bool same = read && *read == Value(value);
  if (read) attempt.seen["read_back"] = same;
  const auto removed = redis->command({"DEL", key}, attempt.context);
  if (!read) return Failure(read.error());
  if (!same)
    return fail("roundtrip.mismatch", "request", "the key was written and does not read back as written");
  if (!removed) return Failure(removed.error());
  attempt.seen["removed"] = *removed == Value(1);
  return {};
}

Fields info_fields() {
  return {
      seen_field("version", Type::text, "version of the server"),
      seen_field("role", Type::text, "master or slave"),
      seen_field("uptime_in_seconds", Type::duration, "time since its start"),
      seen_field("connected_clients", Type::integer, "client connections, without those of replicas"),
      seen_field("blocked_clients", Type::integer, "clients that wait in a blocking command"),
      seen_field("maxclients", Type::integer, "limit of client connections"),
      seen_field("used_memory", Type::size, "memory that it has allocated"),
      seen_field("maxmemory", Type::size, "its limit; 0: none"),
      seen_field("maxmemory_policy", Type::text, "what happens at the limit"),
      seen_field("mem_fragmentation_ratio", Type::number, "resident memory divided by allocated memory"),
      seen_field("evicted_keys", Type::integer, "keys dropped at the memory limit since its start"),
      seen_field("rejected_connections", Type::integer, "connections refused at maxclients since its start"),
      seen_field("loading", Type::boolean, "it is loading its data set"),
      seen_field("aof_enabled", Type::boolean, "writes are logged"),
      seen_field("aof_last_write_status", Type::text, "ok or err"),
      seen_field("rdb_last_bgsave_status", Type::text, "ok or err"),
      seen_field("connected_slaves", Type::integer, "replicas that are connected to it"),
      seen_field("master", Type::text, "of a replica: the master's address"),
      seen_field("master_link_status", Type::text, "of a replica: up or down"),
      seen_field("replicas", Type::list, "of a master: its replicas",
                 {seen_field("address", Type::text, "host:port as the master sees it"),
                  seen_field("state", Type::text, "online, wait_bgsave, send_bulk"),
                  seen_field("offset", Type::integer, "what it has acknowledged"),
                  seen_field("lag_bytes", Type::size, "the master's offset minus the acknowledged one"),
                  seen_field("lag", Type::duration, "since its last acknowledgement, in whole seconds")}),
      seen_field("keyspace", Type::any, "for each database with keys: keys, expires, avg_ttl"),
      seen_field("info", Type::any, "every field of INFO"),
  };
}

}  // namespace

Fields redis_login_fields() {
  return {{"password", Type::secret, "password to log in with", false, {}, "{env: REDIS_PASSWORD}", {}, {}},
          {"username", Type::text, "ACL user; the default user when it is not given", false, {}, "", {}, {}}};
}

Result<Redis> redis_connect(Attempt& attempt, Trace& trace) {
  Reader reader = attempt.reader();
  const auto address = reader.address("address", kPort);
  const TlsOptions tls = reader.tls("tls");
  const std::int64_t database = reader.integer("db");
  const RedisLogin login{reader.text("username"), reader.secret("password"), static_cast<int>(database)};
  if (const auto ok = reader.ok(); !ok) return Failure(ok.error());
  return Redis::connect(attempt.network, *address, tls, login, attempt.context, trace);
}

std::vector<std::string> targets_of(const Value* parameter, std::uint16_t default_port) {
  std::vector<std::string> targets;
  const auto add = [&](const Value& value) {
    if (!value.is_string()) return;
    for (const HostPort& one :
         parse_host_ports(value.string(), default_port).value_or(std::vector<HostPort>()))
      targets.push_back(one.text());
  };
  if (parameter == nullptr) return targets;
  if (parameter->is_array()) {
    for (const Value& item : parameter->items()) add(item);
  } else {
    add(*parameter);
  }
  return targets;
}

Probes redis_probes() {
  const auto targets = [](const Value& given) { return targets_of(given.find("address"), kPort); };
  Probe ping;
  ping.name = "redis.ping";
  ping.summary = "Redis answers PING";
  ping.params = params();
  ping.observes = {seen_field("reply", Type::text, "the answer to PING")};
  ping.defaults = {{"reply", "PONG"}};
  ping.example = "address: redis.example.org:6379\npassword: {env: REDIS_PASSWORD}";
  ping.observe = observe_ping;
  ping.targets = targets;

  Probe info = ping;
  info.name = "redis.info";
  info.summary = "what Redis says of itself: role, memory, clients, replication, keys";
  info.observes = info_fields();
  info.defaults = {{"loading", false}};
  info.observe = observe_info;

  Probe roundtrip = ping;
  roundtrip.name = "redis.roundtrip";
  roundtrip.summary = "a key of assay's own is written, read back and removed";
  roundtrip.effect = Effect::writes;
  roundtrip.observes = {seen_field("key", Type::text, "the key, which expires by itself after a minute"),
                        seen_field("written", Type::boolean, "the key was taken"),
                        seen_field("read_back", Type::boolean, "it read back as written"),
                        seen_field("removed", Type::boolean, "it was there to be removed")};
  roundtrip.defaults = {{"written", true}, {"read_back", true}};
  roundtrip.observe = observe_roundtrip;

  Probes all = {ping, info, roundtrip};
  for (Probe& probe : sentinel_probes()) all.push_back(std::move(probe));
  return all;
}

}  // namespace assay

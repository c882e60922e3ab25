// configmap.contract: a ConfigMap has its keys, and what its addresses name is there and answers.
#include <fmt/format.h>

#include <algorithm>

#include "net/transport.h"
#include "probes/cluster.h"
#include "probes/config_address.h"
#include "probes/kube_reads.h"

namespace assay {
namespace {

constexpr std::size_t kMost = 200;  // addresses of one ConfigMap

// Resolves, and connects where there is a port. Errors: dns.*, connect.*, deadline and those of assay's side.
Result<void> reach(const ConfigAddress& address, Attempt& attempt, const Context& context) {
  Value aside = Value::object();
  Trace trace(aside);
  if (address.port == 0) {
    const auto found = attempt.network.resolver.resolve(address.host, 0, context);
    if (!found) return Failure(found.error());
    return {};
  }
  const auto connection =
      Transport::connect(attempt.network, {address.host, address.port}, {}, context, trace);
  if (!connection) return Failure(connection.error());
  return {};
}

// Tries each address once, however many keys name it. Gives the first that did not answer.
Result<void> try_all(const std::vector<ConfigAddress>& addresses, Attempt& attempt) {
  std::map<std::string, Result<void>> tried;
  for (const ConfigAddress& one : addresses) tried.emplace(one.text(), Result<void>());
  std::size_t left = tried.size();
  std::optional<Error> first;
  std::size_t failed = 0;
  Value shown = Value::array();
  for (const ConfigAddress& one : addresses) {
    Result<void>& result = tried[one.text()];
    const bool again = std::any_of(shown.items().begin(), shown.items().end(),
                                   [&](const Value& before) { return before.get("address") == one.text(); });
    if (!again) {
      const auto share =
          attempt.context.deadline().left() / static_cast<std::int64_t>(std::max<std::size_t>(left, 1));
      if (left > 0) --left;
      result = reach(one, attempt, attempt.context.within(share));
    }
    if (!result && result.error().code == "harness.cancelled") return result;
    Value row = Value::object({{"key", one.key}, {"address", one.text()}, {"answers", result.has_value()}});
    if (!result) {
      row["code"] = result.error().code;
      ++failed;
      if (!first) {
        first = result.error();
        first->message = fmt::format("{} names {}: {}", one.key, one.text(), first->message);
      }
    }
    shown.push_back(std::move(row));
  }
  attempt.seen["endpoints"] = std::move(shown);
  if (!first) return {};
  if (failed > 1) first->message += fmt::format("; and {} more", failed - 1);
  return Failure(std::move(*first));
}

Result<void> observe_contract(Attempt& attempt) {
  Reader reader = attempt.reader();
  const std::string name = reader.text("name");
  const std::vector<std::string> wanted = reader.texts("keys");
  const std::vector<std::string> skipped = reader.texts("skip");
  const bool connect = reader.boolean("connect");
  const auto client = kube_client(attempt);
  if (!client) return Failure(client.error());
  const std::string ns = namespace_of(reader, **client);
  if (const auto ok = reader.ok(); !ok) return ok;
  if (wanted.empty()) return fail("params.invalid", "setup", "`keys` names none");
  Trace trace = attempt.trace();
  const auto resource = (*client)->resource("configmaps", "v1", attempt.context, trace);
  if (!resource) return Failure(resource.error());
  const auto object = (*client)->get(*resource, ns, name, attempt.context, trace);
  if (!object) return Failure(object.error());
  std::map<std::string, std::string> data;
  if (const Value& values = value_at(*object, {"data"}); values.is_object()) {
    for (const Member& member : values.members()) {
      if (member.value.is_string()) data[member.key] = member.value.string();
    }
  }
  Value keys = Value::array();
  for (const auto& [key, value] : data) keys.push_back(key);
  std::vector<std::string> faults;
  for (const std::string& key : wanted) {
    const auto at = data.find(key);
    if (at == data.end()) faults.push_back(key + " is missing");
    if (at != data.end() && at->second.empty()) faults.push_back(key + " is empty");
  }
  attempt.seen["keys"] = std::move(keys);
  attempt.seen["faults"] = list_of(faults);
  if (!faults.empty()) {
    return fail("configmap.keys", "request", fmt::format("ConfigMap {}: {}", name, fmt::join(faults, ", ")));
  }
  for (const std::string& key : skipped) data.erase(key);
  const std::vector<ConfigAddress> addresses = addresses_in(data);
  if (addresses.size() > kMost) {
    return fail(
        "params.invalid", "setup",
        fmt::format("ConfigMap {} names {} addresses, {} at most are looked at: `skip` some of its keys",
                    name, addresses.size(), kMost));
  }
  if (connect) return try_all(addresses, attempt);
  Value shown = Value::array();
  for (const ConfigAddress& one : addresses)
    shown.push_back(Value::object({{"key", one.key}, {"address", one.text()}}));
  attempt.seen["endpoints"] = std::move(shown);
  return {};
}

}  // namespace

Probe config_map_probe() {
  Probe probe;
  probe.name = "configmap.contract";
  probe.summary = "a ConfigMap has its keys, and every address in it resolves and accepts connections";
  probe.params = {{"name", Type::text, "name of the ConfigMap", true, {}, "web-settings", {}, {}},
                  namespace_field(),
                  {"keys",
                   Type::texts,
                   "keys that it must have, with a value",
                   true,
                   {},
                   "[POSTGRES_HOST, REDIS_URL]",
                   {},
                   {}},
                  {"skip",
                   Type::texts,
                   "keys whose addresses are not looked at",
                   false,
                   Value::array(),
                   "[PUBLIC_URL]",
                   {},
                   {}},
                  {"connect",
                   Type::boolean,
                   "resolve and connect to the addresses, from where the probe stands",
                   false,
                   true,
                   "",
                   {},
                   {}}};
  probe.observes = {
      seen_field("keys", Type::texts, "all its keys"),
      seen_field("faults", Type::texts, "wanted keys that are missing or empty"),
      seen_field(
          "endpoints", Type::list, "addresses in its values; without user names, passwords and paths",
          {seen_field("key", Type::text, "the key"), seen_field("address", Type::text, "host, or host:port"),
           seen_field("answers", Type::boolean, "it resolves, and where it has a port, accepts connections"),
           seen_field("code", Type::text, "how it failed")})};
  probe.defaults = {{"endpoints", Value::object({{"count", Value::object({{"ge", 1}})}})}};
  probe.example = "{name: web-settings, namespace: shop, keys: [POSTGRES_HOST, REDIS_URL]}";
  probe.observe = observe_contract;
  return probe;
}

}  // namespace assay

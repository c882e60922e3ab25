// sentinel.master: do the Sentinels agree on a master, and are there enough of them to replace it.
// Rules: https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "probes/redis_connect.h"

namespace assay {
namespace {

constexpr std::uint16_t kPort = 26379;

// What one Sentinel answered.
struct View {
  std::string master;  // "" when it knows none of that name
  std::string flags;
  std::int64_t quorum = 0;
  std::int64_t sentinels = 0;  // with itself
  std::int64_t replicas = 0;
  std::int64_t replicas_down = 0;
  bool quorum_ok = false;
  std::string quorum_text;
};

// A flat array of names and values as a map.
Value to_map(const Value& reply) {
  Value map = Value::object();
  if (!reply.is_array()) return map;
  for (std::size_t i = 0; i + 1 < reply.items().size(); i += 2) {
    if (reply.items()[i].is_string()) map[reply.items()[i].string()] = reply.items()[i + 1];
  }
  return map;
}

std::int64_t number(const Value& map, std::string_view key) {
  return std::strtoll(map.get(key).c_str(), nullptr, 10);
}

bool is_down(const Value& replica) {
  const std::string flags = replica.get("flags");
  return flags.find("down") != std::string::npos || flags.find("disconnected") != std::string::npos ||
         replica.get("master-link-status", "ok") != "ok";
}

Result<View> ask(Redis& sentinel, const std::string& name, const Context& context) {
  View view;
  const auto address = sentinel.command({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", name}, context);
  if (!address) return Failure(address.error());
  if (!address->is_array() || address->items().size() != 2) return view;
  const auto& parts = address->items();
  if (!parts[0].is_string() || !parts[1].is_string())
    return fail("protocol.invalid", "request", "the master's address is none");
  view.master = HostPort{parts[0].string(),
                         static_cast<std::uint16_t>(std::strtoul(parts[1].string().c_str(), nullptr, 10))}
                    .text();
  const auto master = sentinel.command({"SENTINEL", "MASTER", name}, context);
  if (!master) return Failure(master.error());
  const Value state = to_map(*master);
  view.flags = state.get("flags");
  view.quorum = number(state, "quorum");
  const auto others = sentinel.command({"SENTINEL", "SENTINELS", name}, context);
  if (!others) return Failure(others.error());
  view.sentinels = 1 + (others->is_array() ? static_cast<std::int64_t>(others->items().size()) : 0);
  const auto replicas = sentinel.command({"SENTINEL", "REPLICAS", name}, context);
  if (!replicas) return Failure(replicas.error());
  if (replicas->is_array()) {
    view.replicas = static_cast<std::int64_t>(replicas->items().size());
    view.replicas_down = std::count_if(replicas->items().begin(), replicas->items().end(),
                                       [](const Value& one) { return is_down(to_map(one)); });
  }
  // Too few Sentinels is an error reply: "NOQUORUM 1 usable Sentinels. ...".
  const auto quorum = sentinel.command({"SENTINEL", "CKQUORUM", name}, context);
  view.quorum_ok = quorum.has_value();
  view.quorum_text = quorum ? (quorum->is_string() ? quorum->string() : "") : quorum.error().message;
  if (!quorum && quorum.error().code != "redis.error") return Failure(quorum.error());
  return view;
}

// What all of them say together.
Result<void> conclude(const std::vector<View>& views, const std::string& name, Value& seen) {
  std::set<std::string> named;
  View most;
  std::set<std::string> flags;
  for (const View& view : views) {
    named.insert(view.master);
    if (view.master.empty()) continue;
    flags.insert(view.flags);
    most.quorum = std::max(most.quorum, view.quorum);
    most.sentinels = std::max(most.sentinels, view.sentinels);
    most.replicas = std::max(most.replicas, view.replicas);
    most.replicas_down = std::max(most.replicas_down, view.replicas_down);
    most.quorum_ok = most.quorum_ok || view.quorum_ok;
    if (!view.quorum_ok) most.quorum_text = view.quorum_text;
  }
  const bool agreed = named.size() == 1;
  seen["agreed"] = agreed && !named.count("");
  if (agreed && named.count("") != 0)
    return fail("sentinel.no-master", "request", "no Sentinel knows a master named " + name);
  if (agreed) seen["master"] = *named.begin();
  seen["flags"] = fmt::format("{}", fmt::join(flags, " | "));
  seen["quorum"] = most.quorum;
  seen["quorum_ok"] = most.quorum_ok;
  seen["sentinels_total"] = std::max(most.sentinels, seen.get_int("sentinels_total"));
  seen["replicas"] = most.replicas;
  seen["replicas_down"] = most.replicas_down;
  if (!agreed) {
    std::vector<std::string> texts;
    for (const std::string& one : named) texts.push_back(one.empty() ? "none" : one);
    return fail("sentinel.disagree", "request",
                fmt::format("the Sentinels name different masters: {}", fmt::join(texts, ", ")));
  }
  if (!most.quorum_ok || static_cast<std::int64_t>(views.size()) < most.quorum) {
    return fail("sentinel.no-quorum", "request",
                fmt::format("{} of {} Sentinels answer, the quorum is {}: {}", views.size(),
                            seen.get_int("sentinels_total"), most.quorum, most.quorum_text));
  }
  return {};
}

Result<void> observe_master(Attempt& attempt) {
  Reader reader = attempt.reader();
  const auto addresses = reader.addresses("sentinels", kPort);
  const std::string name = reader.text("master");
  const RedisLogin login{reader.text("username"), reader.secret("password"), 0};
  const TlsOptions tls = reader.tls("tls");
  if (const auto ok = reader.ok(); !ok) return ok;
  Trace trace = attempt.trace();
  Value& seen = attempt.seen;
  seen["sentinels"] = Value::array();
  std::vector<View> views;
  Result<void> first;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    // A silent one must not take the others' time.
    const Context share =
        attempt.context.within(attempt.context.deadline().left() / static_cast<long>(addresses.size() - i));
    auto sentinel = Redis::connect(attempt.network, addresses[i], tls, login, share, trace);
    Result<View> view = sentinel ? View() : Result<View>(Failure(sentinel.error()));
    if (sentinel) {
      const PhaseTimer timer(trace, "request");
      view = ask(*sentinel, name, share);
    }
    Value one = Value::object({{"address", addresses[i].text()}, {"up", view.has_value()}});
    if (view) {
      one["master"] = view->master;
      one["quorum_ok"] = view->quorum_ok;
      views.push_back(std::move(*view));
    } else {
      one["error"] = view.error().code;
      if (first) first = Failure(view.error());
      if (view.error().code == "harness.cancelled") return first;
    }
    seen["sentinels"].push_back(std::move(one));
  }
  seen["sentinels_up"] = static_cast<std::int64_t>(views.size());
  seen["sentinels_total"] = static_cast<std::int64_t>(addresses.size());
  return views.empty() ? first : conclude(views, name, seen);
}

}  // namespace

Probes sentinel_probes() {
  Probe master;
  master.name = "sentinel.master";
  master.summary = "the Sentinels agree on one master and are enough to replace it";
  master.params = {{"sentinels",
                    Type::addresses,
                    "every Sentinel (port 26379 where none is written)",
                    true,
                    {},
                    "[s1.example.org:26379, s2.example.org:26379]",
                    {},
                    {},
                    kPort},
                   {"master", Type::text, "the master's name", false, "mymaster", "", {}, {}}};
  for (Field& field : redis_login_fields()) master.params.push_back(std::move(field));
  master.params.push_back(tls_field());
  master.observes = {
      seen_field("master", Type::text, "address of the master, where all name the same"),
      seen_field("agreed", Type::boolean, "every Sentinel that answers names the same master"),
      seen_field("flags", Type::text, "the master's state as they see it; `master` alone is healthy"),
      seen_field("sentinels_up", Type::integer, "Sentinels that answered"),
      seen_field("sentinels_total", Type::integer,
                 "Sentinels that were given, or that they know of when those are more"),
      seen_field("quorum", Type::integer, "how many must agree that the master is down"),
      seen_field("quorum_ok", Type::boolean,
                 "a Sentinel says that a failover could be decided and carried out"),
      seen_field("replicas", Type::integer, "replicas of the master"),
      seen_field("replicas_down", Type::integer, "those that are down or not linked to it"),
      seen_field("sentinels", Type::list, "each Sentinel's answer",
                 {seen_field("address", Type::text, "as it was given"),
                  seen_field("up", Type::boolean, "it answered"),
                  seen_field("master", Type::text, "the master that it names"),
                  seen_field("quorum_ok", Type::boolean, "its answer to CKQUORUM"),
                  seen_field("error", Type::text, "the code where it did not answer")}),
  };
  master.defaults = {{"agreed", true}, {"flags", "master"}};
  master.example =
      "sentinels: [s1.example.org:26379, s2.example.org:26379, s3.example.org:26379]\nmaster: mymaster";
  master.observe = observe_master;
  master.targets = [](const Value& params) { return targets_of(params.find("sentinels"), kPort); };
  return {master};
}

}  // namespace assay

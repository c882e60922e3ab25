// sentinel.master: do the Sentinels agree on a master, and are there enough of them to replace it.
// Rules: https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
#include "probes/redis_connect.h"
#include "probes/sentinel_view.h"

namespace assay {
namespace {

constexpr std::uint16_t kPort = 26379;

// Asks one Sentinel everything there is to conclude from.
Result<SentinelView> ask(Redis& sentinel, const std::string& name, const Context& context) {
  SentinelView view;
  const auto address = sentinel.command({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", name}, context);
  if (!address) return Failure(address.error());
  if (!address->is_array() || address->items().size() != 2) return view;
  if (const auto read = view.read_address(*address); !read) return Failure(read.error());
  const auto master = sentinel.command({"SENTINEL", "MASTER", name}, context);
  if (!master) return Failure(master.error());
  view.read_master(*master);
  const auto others = sentinel.command({"SENTINEL", "SENTINELS", name}, context);
  if (!others) return Failure(others.error());
  view.read_sentinels(*others);
  const auto replicas = sentinel.command({"SENTINEL", "REPLICAS", name}, context);
  if (!replicas) return Failure(replicas.error());
  view.read_replicas(*replicas);
  // Too few Sentinels is an error reply: "NOQUORUM 1 usable Sentinels. ...".
  const auto quorum = sentinel.command({"SENTINEL", "CKQUORUM", name}, context);
  view.quorum_ok = quorum.has_value();
  view.quorum_text = quorum ? (quorum->is_string() ? quorum->string() : "") : quorum.error().message;
  if (!quorum && quorum.error().code != "redis.error") return Failure(quorum.error());
  return view;
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
  std::vector<SentinelView> views;
  Result<void> first;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    // A silent one must not take the others' time.
    const Context share =
        attempt.context.within(attempt.context.deadline().left() / static_cast<long>(addresses.size() - i));
    auto sentinel = Redis::connect(attempt.network, addresses[i], tls, login, share, trace);
    Result<SentinelView> view = sentinel ? SentinelView() : Result<SentinelView>(Failure(sentinel.error()));
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
  return views.empty() ? first : conclude_sentinels(views, name, seen);
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

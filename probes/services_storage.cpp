// Qdrant (https://api.qdrant.tech/) and Grafana
// (https://grafana.com/docs/grafana/latest/developers/http_api/other/).
#include "probes/service.h"

namespace assay {
namespace {

const ServiceSystem& qdrant() {
  static const ServiceSystem system = {"Qdrant", "api-key", "", "http.status", "", {}, {}, {}};
  return system;
}

const ServiceSystem& grafana() {
  static const ServiceSystem system = {"Grafana", "Authorization", "Bearer ", "http.status", "", {}, {}, {}};
  return system;
}

ServiceRow grafana_health() {
  ServiceRow row;
  row.name = "grafana.health";
  row.summary = "Grafana is up and reaches its database";
  row.path = "/api/health";
  row.picks = {{"database", "database", Type::text, "ok, or failing"},
               {"version", "version", Type::text, "Grafana's version"}};
  row.defaults = {{"database", "ok"}};
  row.example = "url: http://grafana:3000";
  return row;
}

ServiceRow qdrant_ready() {
  ServiceRow row;
  row.name = "qdrant.ready";
  row.summary = "Qdrant can take requests";
  row.path = "/readyz";
  row.json = false;
  row.more = [](Reader&, const ServiceReply&, Value& seen) {
    seen["ready"] = true;
    return Result<void>();
  };
  row.observes = {seen_field("ready", Type::boolean, "it says that all shards are ready")};
  row.defaults = {{"ready", true}};
  row.example = "url: http://qdrant:6333";
  return row;
}

Result<void> observe_collections(ServiceClient& client, Reader&, Value& seen) {
  const auto listed = client.get("/collections");
  if (!listed) return Failure(listed.error());
  const Value* collections = find_path(*listed, "result.collections");
  if (collections == nullptr || !collections->is_array()) {
    return fail("protocol.invalid", "transfer",
                "in Qdrant's answer result.collections is not as its API says");
  }
  Value names = Value::array();
  for (const Value& collection : collections->items()) names.push_back(collection.get("name"));
  seen["count"] = names.items().size();
  seen["names"] = names;
  seen["not_green"] = Value::array();
  seen["collections"] = Value::array();
  for (const Value& name : names.items()) {
    const auto one = client.get("/collections/" + escape_url(name.string()));
    if (!one) return Failure(one.error());
    Value row = Value::object({{"name", name}});
    const std::vector<Pick> picks = {{"status", "result.status", Type::text, ""},
                                     {"points", "result.points_count", Type::integer, ""},
                                     {"segments", "result.segments_count", Type::integer, ""}};
    if (const auto taken = take_picks(*one, picks, row); !taken) return taken;
    if (row.get("status") != "green") seen["not_green"].push_back(name);
    seen["collections"].push_back(std::move(row));
  }
  return {};
}

ServiceRow qdrant_collections() {
  ServiceRow row;
  row.name = "qdrant.collections";
  row.summary = "Qdrant's collections and whether they are optimised";
  row.all = observe_collections;
  row.observes = {
      seen_field("count", Type::integer, "how many collections there are"),
      seen_field("names", Type::texts, "their names"),
      seen_field("not_green", Type::texts,
                 "collections that are yellow (optimising), grey (waiting for it) or red (failed)"),
      seen_field("collections", Type::list, "each collection",
                 {seen_field("name", Type::text, "its name"),
                  seen_field("status", Type::text, "green, yellow, grey or red"),
                  seen_field("points", Type::integer, "about how many points it holds"),
                  seen_field("segments", Type::integer, "segments")})};
  row.defaults = {{"not_green", Value::object({{"count", 0}})}};
  row.example = "url: http://qdrant:6333\ntoken: {env: QDRANT_API_KEY}";
  return row;
}

}  // namespace

Probes storage_probes() {
  Probes all = make_service_probes(qdrant(), {qdrant_ready(), qdrant_collections()});
  for (Probe& probe : make_service_probes(grafana(), {grafana_health()})) all.push_back(std::move(probe));
  return all;
}

}  // namespace assay

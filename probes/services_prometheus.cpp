// Prometheus (https://prometheus.io/docs/prometheus/latest/querying/api/ and .../management_api/).
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "probes/service.h"

namespace assay {
namespace {

const ServiceSystem& prometheus() {
  static const ServiceSystem system = {
      "Prometheus", "Authorization", "Bearer ", "http.status", "", {}, {}, {}};
  return system;
}

// A sample's value is a text, so that NaN and the infinities fit into JSON; those stay texts.
Value sample(const Value* pair) {
  if (pair == nullptr || !pair->is_array() || pair->items().size() != 2 || !pair->items()[1].is_string())
    return {};
  const std::string& text = pair->items()[1].string();
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  return end != text.c_str() && *end == '\0' && std::isfinite(number) ? Value(number) : Value(text);
}

std::string label(const Value& item, std::string_view path) {
  const Value* value = find_path(item, path);
  return value != nullptr && value->is_string() ? value->string() : std::string();
}

void add_once(Value& list, const std::string& text) {
  const auto& items = list.items();
  if (!text.empty() && std::find(items.begin(), items.end(), Value(text)) == items.end())
    list.push_back(text);
}

Failure unexpected(std::string_view what) {
  return fail("protocol.invalid", "transfer",
              "in Prometheus' answer " + std::string(what) + " is not as its API says");
}

ServiceRow ready() {
  ServiceRow row;
  row.name = "prometheus.ready";
  row.summary = "Prometheus can take queries";
  row.path = "/-/ready";
  row.json = false;
  row.more = [](Reader&, const ServiceReply&, Value& seen) {
    seen["ready"] = true;
    return Result<void>();
  };
  row.observes = {seen_field("ready", Type::boolean, "it says that it is ready")};
  row.defaults = {{"ready", true}};
  row.example = "url: http://prometheus:9090";
  return row;
}

Result<void> read_query(Reader&, const ServiceReply& reply, Value& seen) {
  const Value* result = find_path(reply.json, "data.result");
  const std::string type = label(reply.json, "data.resultType");
  if (result == nullptr || type.empty()) return unexpected("data");
  if (type == "scalar" || type == "string") {
    seen["count"] = 1;
    seen["value"] = sample(result);
    return {};
  }
  if (!result->is_array()) return unexpected("data.result");
  seen["count"] = result->items().size();
  Value values = Value::array();
  for (const Value& item : result->items()) {
    const Value* labels = item.find("metric");
    const Value* series = item.find("values");  // of a range: the newest
    const Value* pair = series != nullptr && series->is_array() && !series->items().empty()
                            ? &series->items().back()
                            : item.find("value");
    values.push_back(
        Value::object({{"labels", labels == nullptr ? Value::object() : *labels}, {"value", sample(pair)}}));
  }
  if (!values.items().empty()) seen["value"] = *values.items().front().find("value");
  seen["values"] = std::move(values);
  return {};
}

ServiceRow query() {
  ServiceRow row;
  row.name = "prometheus.query";
  row.summary = "the result of a PromQL query, now";
  row.path = "/api/v1/query";
  row.query = {{"query", "query"}};
  row.params = {param("query", Type::text, "PromQL", true, {}, "sum(up{job=\"api\"})")};
  row.picks = {{"result_type", "data.resultType", Type::text, "vector, matrix, scalar or string"}};
  row.more = read_query;
  row.observes = {
      seen_field("count", Type::integer, "how many series the result has"),
      seen_field("value", Type::any, "the first one's newest value, a number; NaN and +Inf are texts"),
      seen_field(
          "values", Type::list, "all of them",
          {seen_field("labels", Type::any, "its labels"), seen_field("value", Type::any, "its value")})};
  row.defaults = {{"count", Value::object({{"ge", 1}})}};
  row.example = "url: http://prometheus:9090\nquery: sum(up{job=\"api\"})";
  return row;
}

Result<void> read_targets(Reader& reader, const ServiceReply& reply, Value& seen) {
  const Value* targets = find_path(reply.json, "data.activeTargets");
  if (targets == nullptr || !targets->is_array()) return unexpected("data.activeTargets");
  const std::string only = reader.text("job");
  int up = 0;
  int down = 0;
  int unknown = 0;
  Value jobs = Value::array();
  Value down_jobs = Value::array();
  Value down_targets = Value::array();
  for (const Value& target : targets->items()) {
    const std::string job = label(target, "labels.job");
    if (!only.empty() && job != only) continue;
    const std::string health = target.get("health");
    add_once(jobs, job);
    if (health == "up") {
      ++up;
    } else if (health == "down") {
      ++down;
      add_once(down_jobs, job);
      down_targets.push_back(Value::object({{"job", job},
                                            {"instance", label(target, "labels.instance")},
                                            {"error", target.get("lastError")}}));
    } else {
      ++unknown;
    }
  }
  seen["up"] = up;
  seen["down"] = down;
  seen["unknown"] = unknown;
  seen["jobs"] = std::move(jobs);
  seen["down_jobs"] = std::move(down_jobs);
  seen["down_targets"] = std::move(down_targets);
  return {};
}

ServiceRow targets() {
  ServiceRow row;
  row.name = "prometheus.targets";
  row.summary = "what Prometheus scrapes answers";
  row.path = "/api/v1/targets?state=active";
  row.params = {param("job", Type::text, "only targets of this job")};
  row.more = read_targets;
  row.observes = {
      seen_field("up", Type::integer, "targets whose last scrape went well"),
      seen_field("down", Type::integer, "targets whose last scrape failed"),
      seen_field("unknown", Type::integer, "targets that were not scraped yet"),
      seen_field("jobs", Type::texts, "all jobs"),
      seen_field("down_jobs", Type::texts, "jobs with a target that is down"),
      seen_field("down_targets", Type::list, "each target that is down",
                 {seen_field("job", Type::text, "its job"), seen_field("instance", Type::text, "its address"),
                  seen_field("error", Type::text, "why, in Prometheus' words")})};
  row.defaults = {{"down", 0}, {"up", Value::object({{"ge", 1}})}};
  row.example = "url: http://prometheus:9090";
  return row;
}

Result<void> read_rules(Reader&, const ServiceReply& reply, Value& seen) {
  const Value* groups = find_path(reply.json, "data.groups");
  if (groups == nullptr || !groups->is_array()) return unexpected("data.groups");
  int rules = 0;
  int alerting = 0;
  int unhealthy = 0;
  Value names = Value::array();
  Value failing = Value::array();
  for (const Value& group : groups->items()) {
    const Value* list = group.find("rules");
    if (list == nullptr || !list->is_array()) return unexpected("a group's rules");
    for (const Value& rule : list->items()) {
      ++rules;
      if (rule.get("type") == "alerting") ++alerting;
      add_once(names, rule.get("name"));
      if (rule.get("health") != "err") continue;
      ++unhealthy;
      failing.push_back(Value::object(
          {{"group", group.get("name")}, {"name", rule.get("name")}, {"error", rule.get("lastError")}}));
    }
  }
  seen["groups"] = groups->items().size();
  seen["rules"] = rules;
  seen["alerting"] = alerting;
  seen["recording"] = rules - alerting;
  seen["unhealthy"] = unhealthy;
  seen["names"] = std::move(names);
  seen["unhealthy_rules"] = std::move(failing);
  return {};
}

ServiceRow rules() {
  ServiceRow row;
  row.name = "prometheus.rules";
  row.summary = "Prometheus' rules are loaded and evaluate";
  row.path = "/api/v1/rules";
  row.more = read_rules;
  row.observes = {
      seen_field("groups", Type::integer, "rule groups"),
      seen_field("rules", Type::integer, "all rules"),
      seen_field("alerting", Type::integer, "alerting rules"),
      seen_field("recording", Type::integer, "recording rules"),
      seen_field("unhealthy", Type::integer, "rules whose last evaluation failed"),
      seen_field("names", Type::texts, "names of all rules"),
      seen_field("unhealthy_rules", Type::list, "each rule that failed",
                 {seen_field("group", Type::text, "its group"), seen_field("name", Type::text, "its name"),
                  seen_field("error", Type::text, "why, in Prometheus' words")})};
  row.defaults = {{"unhealthy", 0}, {"rules", Value::object({{"ge", 1}})}};
  row.example = "url: http://prometheus:9090";
  return row;
}

Result<void> read_alerts(Reader&, const ServiceReply& reply, Value& seen) {
  const Value* alerts = find_path(reply.json, "data.alerts");
  if (alerts == nullptr || !alerts->is_array()) return unexpected("data.alerts");
  int firing = 0;
  int pending = 0;
  Value names = Value::array();
  Value list = Value::array();
  for (const Value& alert : alerts->items()) {
    const std::string state = alert.get("state");
    if (state == "firing") {
      ++firing;
      add_once(names, label(alert, "labels.alertname"));
    } else if (state == "pending") {
      ++pending;
    }
    const Value* labels = alert.find("labels");
    list.push_back(Value::object({{"name", label(alert, "labels.alertname")},
                                  {"state", state},
                                  {"since", alert.get("activeAt")},
                                  {"labels", labels == nullptr ? Value::object() : *labels}}));
  }
  seen["firing"] = firing;
  seen["pending"] = pending;
  seen["names"] = std::move(names);
  seen["alerts"] = std::move(list);
  return {};
}

ServiceRow alerts() {
  ServiceRow row;
  row.name = "prometheus.alerts";
  row.summary = "which alerts fire";
  row.path = "/api/v1/alerts";
  row.more = read_alerts;
  row.observes = {seen_field("firing", Type::integer, "alerts that fire"),
                  seen_field("pending", Type::integer, "alerts that wait for their time"),
                  seen_field("names", Type::texts, "names of those that fire"),
                  seen_field("alerts", Type::list, "each active alert",
                             {seen_field("name", Type::text, "its name"),
                              seen_field("state", Type::text, "pending or firing"),
                              seen_field("since", Type::text, "when it became active"),
                              seen_field("labels", Type::any, "its labels")})};
  row.defaults = {{"firing", 0}};
  row.example = "url: http://prometheus:9090";
  return row;
}

}  // namespace

Probes prometheus_probes() {
  return make_service_probes(prometheus(), {ready(), query(), targets(), rules(), alerts()});
}

}  // namespace assay

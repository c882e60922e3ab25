// helm.release: what Helm says of a release.
#include "kube/release.h"
#include "probes/kube_parts.h"

namespace assay {
namespace {

// A release's values as the templates saw them: the chart's own under what was set, map by map; what was set
// to null is gone (https://helm.sh/docs/chart_template_guide/values_files/).
Value computed_values(Value chart, const Value& set) {
  if (!chart.is_object()) chart = Value::object();
  if (!set.is_object()) return chart;
  for (const Member& member : set.members()) {
    if (member.value.is_null()) {
      chart.erase(member.key);
    } else if (const Value* under = chart.find(member.key);
               member.value.is_object() && under != nullptr && under->is_object()) {
      Value merged = computed_values(*under, member.value);
      chart[member.key] = std::move(merged);
    } else {
      chart[member.key] = member.value;
    }
  }
  return chart;
}

Result<void> observe_release(Attempt& attempt) {
  Reader reader = attempt.reader();
  const std::string name = reader.text("release");
  const bool computed = reader.boolean("computed");
  const auto client = kube_client(attempt);
  if (!client) return Failure(client.error());
  const std::string ns = namespace_of(reader, **client);
  if (const auto ok = reader.ok(); !ok) return ok;
  Trace trace = attempt.trace();
  const auto revisions = revisions_of(**client, ns, name, attempt.context, trace);
  if (!revisions) return Failure(revisions.error());
  Value history = Value::array();
  for (const HelmRevision& one : *revisions)
    history.push_back(Value::object({{"revision", one.revision}, {"status", one.status}}));
  attempt.seen["history"] = std::move(history);
  const auto release = read_release(**client, revisions->front(), attempt.context, trace);
  if (!release) return Failure(release.error());
  attempt.seen["revision"] = release->revision;
  attempt.seen["status"] = release->status;
  attempt.seen["chart"] = release->chart;
  attempt.seen["chart_version"] = release->chart_version;
  attempt.seen["app_version"] = release->app_version;
  attempt.seen["first_deployed"] = release->first_deployed;
  attempt.seen["last_deployed"] = release->last_deployed;
  attempt.seen["description"] = release->description;
  if (computed) {
    attempt.seen["values"] = computed_values(release->chart_values, release->values);
  } else {
    attempt.seen["values"] = release->values.is_null() ? Value::object() : release->values;
  }
  return {};
}

}  // namespace

Probes helm_probes() {
  Probe probe;
  probe.name = "helm.release";
  probe.summary = "the newest revision of a release: status, chart, values";
  probe.params = {{"release", Type::text, "name of the release", true, {}, "shop", {}, {}},
                  namespace_field(),
                  {"computed",
                   Type::boolean,
                   "show the chart's own values under those that were set, too",
                   false,
                   false,
                   "",
                   {},
                   {}}};
  probe.observes = {seen_field("revision", Type::integer, "its number"),
                    seen_field("status", Type::text, "deployed, failed, pending-upgrade ..."),
                    seen_field("chart", Type::text, "name of the chart"),
                    seen_field("chart_version", Type::text, "version of the chart"),
                    seen_field("app_version", Type::text, "version of what it installs"),
                    seen_field("first_deployed", Type::text, "when it was installed (RFC 3339)"),
                    seen_field("last_deployed", Type::text, "when this revision was deployed (RFC 3339)"),
                    seen_field("description", Type::text, "Helm's own words"),
                    seen_field("values", Type::any, "what was set for it, or all of them"),
                    seen_field("history", Type::list, "all revisions that are kept, newest first",
                               {seen_field("revision", Type::integer, "number"),
                                seen_field("status", Type::text, "status")})};
  probe.defaults = {{"status", "deployed"}};
  probe.example = "{release: shop, namespace: prod}";
  probe.observe = observe_release;
  return {probe};
}

}  // namespace assay

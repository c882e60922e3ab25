// helm.release: what Helm says of a release.
#include <fmt/format.h>

#include "kube/release.h"
#include "probes/kube_parts.h"

namespace assay {
namespace {

Result<void> observe_release(Attempt& attempt) {
  Reader reader = attempt.reader();
  const std::string name = reader.text("release");
  const auto client = kube_client(attempt);
  if (!client) return Failure(client.error());
  const std::string ns = namespace_of(reader, **client);
  if (const auto ok = reader.ok(); !ok) return ok;
  Trace trace = attempt.trace();
  const auto revisions = list_revisions(**client, ns, name, attempt.context, trace);
  if (!revisions) return Failure(revisions.error());
  if (revisions->empty())
    return fail("helm.no-release", "request", fmt::format("namespace {} holds no release {}", ns, name));
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
  attempt.seen["values"] = release->values.is_null() ? Value::object() : release->values;
  return {};
}

}  // namespace

Probes helm_probes() {
  Probe probe;
  probe.name = "helm.release";
  probe.summary = "the newest revision of a release: status, chart, values";
  probe.params = {{"release", Type::text, "name of the release", true, {}, "shop", {}, {}},
                  namespace_field()};
  probe.observes = {seen_field("revision", Type::integer, "its number"),
                    seen_field("status", Type::text, "deployed, failed, pending-upgrade ..."),
                    seen_field("chart", Type::text, "name of the chart"),
                    seen_field("chart_version", Type::text, "version of the chart"),
                    seen_field("app_version", Type::text, "version of what it installs"),
                    seen_field("first_deployed", Type::text, "when it was installed (RFC 3339)"),
                    seen_field("last_deployed", Type::text, "when this revision was deployed (RFC 3339)"),
                    seen_field("description", Type::text, "Helm's own words"),
                    seen_field("values", Type::any, "what was set for it"),
                    seen_field("history", Type::list, "all revisions that are kept, newest first",
                               {seen_field("revision", Type::integer, "number"),
                                seen_field("status", Type::text, "status")})};
  probe.defaults = {{"status", "deployed"}};
  probe.example = "{release: shop, namespace: prod}";
  probe.observe = observe_release;
  return {probe};
}

}  // namespace assay

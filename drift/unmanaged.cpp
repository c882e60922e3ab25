#include "drift/unmanaged.h"

namespace assay::drift {
namespace {

// A server, and the proxy behind which a name may mean another one.
std::string cluster_of(const KubeAccess& access) {
  return access.server + " " + (access.proxy ? access.proxy->at.text() : "");
}

}  // namespace

void UnmanagedReleases::cover(const KubeAccess& access, const std::string& ns, const std::string& name) {
  known_.emplace(cluster_of(access), ns, name);
}

void UnmanagedReleases::look(KubeClient& client, const std::string& context_name, const std::string& ns,
                             bool secrets, const Context& context, DriftReport& report) {
  if (!asked_.emplace(cluster_of(client.access()), ns).second) return;
  Value seen = Value::object();
  Trace trace(seen);
  const auto found = list_revisions(client, ns, "", context, trace, secrets);
  if (found) return take(client.access(), context_name, *found, report);
  report.problems.push_back({found.error().code, "releases without an entry could not be looked for in " +
                                                     (ns.empty() ? "all namespaces" : "namespace " + ns) +
                                                     (context_name.empty() ? "" : " of " + context_name) +
                                                     ": " + found.error().message});
}

void UnmanagedReleases::take(const KubeAccess& access, const std::string& context_name,
                             const std::vector<HelmRevision>& revisions, DriftReport& report) {
  for (const auto& one : revisions) {
    if (!known_.emplace(cluster_of(access), one.ns, one.name).second) continue;
    if (one.status != "uninstalled") report.unmanaged.push_back({one.name, one.ns, context_name});
  }
}

}  // namespace assay::drift

// Releases in reach that no entry covers.
#pragma once

#include <set>
#include <string>
#include <tuple>

#include "core/context.h"
#include "drift/report.h"
#include "kube/client.h"
#include "kube/release.h"

namespace assay::drift {

// Looks for them, cluster by cluster; two contexts that lead to one API server are one cluster. First cover()
// everything, then look(). Not synchronised.
class UnmanagedReleases {
 public:
  // An entry covers this release.
  void cover(const KubeAccess& access, const std::string& ns, const std::string& name);
  // One LIST of Helm's labels in a namespace (in all where it is empty), once each. What is found goes to
  // report.unmanaged with `context`; where it cannot be asked, that is one of report.problems. `secrets`: as
  // list_revisions has it.
  void look(KubeClient& client, const std::string& context_name, const std::string& ns, bool secrets,
            const Context& context, DriftReport& report);
  // Of revisions, newest first within a release, what is covered by nothing. One that was uninstalled and
  // whose history was kept is no release any more.
  void take(const KubeAccess& access, const std::string& context_name,
            const std::vector<HelmRevision>& revisions, DriftReport& report);

 private:
  std::set<std::tuple<std::string, std::string, std::string>> known_;  // cluster, namespace, release
  std::set<std::pair<std::string, std::string>> asked_;                // cluster, namespace
};

}  // namespace assay::drift

// Helm's releases as they are stored in a cluster.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kube/client.h"

namespace assay {

// One revision of a release. Times are as Helm wrote them (RFC 3339).
struct HelmRelease {
  std::string name;
  std::string ns;
  int revision = 0;
  std::string status;  // deployed, superseded, failed, pending-install, pending-upgrade, uninstalling ...
  std::string description;
  std::string chart;
  std::string chart_version;
  std::string app_version;
  std::string first_deployed;
  std::string last_deployed;
  Value values;          // what was set for this release (helm get values)
  Value chart_values;    // the chart's own defaults
  std::string manifest;  // as `helm get manifest` prints it, without the newline that it adds
  struct Hook {
    std::string name;
    std::string kind;
    std::string path;
    std::string manifest;
    std::vector<std::string> events;
  };
  std::vector<Hook> hooks;
  // Of the chart's own crds/ (those of its dependencies are not stored).
  struct Crd {
    std::string path;  // "crds/shop.yaml"
    std::string text;
  };
  std::vector<Crd> crds;
};

// Reads what the key `release` of a Secret (after the API's own base64) or of a ConfigMap holds: base64 of
// gzip of JSON, or of JSON alone as very old Helm wrote it (helm.sh/helm, pkg/storage/driver/util.go).
// Errors: helm.release, which says what is wrong with it.
Result<HelmRelease> decode_release(std::string_view stored);

// A revision that a cluster holds, by its labels alone.
struct HelmRevision {
  std::string object;  // name of the Secret or ConfigMap
  bool secret = true;
  std::string name;
  std::string ns;
  std::string status;
  int revision = 0;
};

// The stored revisions of one release (of all where `name` is empty) in a namespace (in all where it is
// empty), newest first within a release. Reads metadata only; without `secrets` those in ConfigMaps alone.
Result<std::vector<HelmRevision>> list_revisions(KubeClient& client, const std::string& ns,
                                                 const std::string& name, const Context& context,
                                                 Trace& trace, bool secrets = true);

// The same for one release that must be there. Errors also: helm.no-release.
Result<std::vector<HelmRevision>> revisions_of(KubeClient& client, const std::string& ns,
                                               const std::string& name, const Context& context, Trace& trace);

// Reads one of them whole.
Result<HelmRelease> read_release(KubeClient& client, const HelmRevision& revision, const Context& context,
                                 Trace& trace);

}  // namespace assay

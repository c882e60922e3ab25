// Test hooks of a Helm release.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "kube/release.h"

namespace assay {

// One test of a chart, in the order and with the policies that Helm reads from its annotations
// (https://helm.sh/docs/topics/charts_hooks/).
struct TestHook {
  std::string name;
  std::string kind;
  std::string api_version;
  std::string ns;  // where its manifest puts it; empty: the release's
  int weight = 0;
  bool delete_before = false;     // before-hook-creation, which also stands where no policy is given
  bool delete_succeeded = false;  // hook-succeeded
  bool delete_failed = false;     // hook-failed
  std::string manifest;           // YAML, as Helm would send it
};

// The hooks for the event `test` (or `test-success`, as Helm 2 called it), by weight and then by name, as
// `helm test` runs them. Errors: helm.release, for a hook that cannot be read. Pure.
Result<std::vector<TestHook>> test_hooks(const HelmRelease& release);

// Is this object a test hook, by its own annotation? Nothing else may be removed to make room for one.
bool is_test_hook(const Value& object);

}  // namespace assay

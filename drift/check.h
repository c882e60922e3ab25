// One release, from its sources to its verdict.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/context.h"
#include "drift/cluster.h"
#include "drift/detector.h"
#include "drift/live.h"
#include "drift/report.h"
#include "drift/sources.h"

namespace assay::drift {

// What is to be compared. At least one of `git`, `release` and `release_file` is given.
struct DriftCheck {
  std::string release;  // its name; empty: files alone are compared
  std::string ns;
  std::string context;  // for the report
  std::optional<GitSide> git;
  ChartOptions chart;        // `values` and `sets`; the rest is filled in here
  bool with_release = true;  // read the release from the cluster
  RevisionChoice revision;
  std::string release_file;  // instead: what `helm get manifest` printed
  std::string live_file;     // instead of the cluster: a dump
  SecretsRead secrets = SecretsRead::release;
  std::string manager = "helm";  // field manager that Helm writes as
  bool keep_objects = false;     // for patches
};

// What all checks share. `rules` outlives the reports.
struct DriftTools {
  std::shared_ptr<const Schema> schema;
  const DriftRules& rules;
  MaskKey key;
  int workers = 2;
};

// Does all of it. What cannot be had is a problem or a warning of the result, and what is left is compared:
// Git with the cluster where the release cannot be read, the release where Git cannot. `cluster` is null
// where everything comes from files. Errors: harness.cancelled alone.
Result<ReleaseDrift> check_drift(const DriftCheck& check, DriftCluster* cluster, const DriftTools& tools,
                                 const Context& context);

}  // namespace assay::drift

// Why a field is not the same everywhere.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "drift/blame.h"
#include "drift/compare.h"
#include "drift/object.h"
#include "drift/report.h"

namespace assay::drift {

// What is known of the release that wrote the live objects.
struct DeployFacts {
  bool with_git = true;          // Git takes part; where it does not, the release stands for it
  bool with_release = false;     // a release takes part
  int revision = 0;              // its; 0: not known
  std::string manager = "helm";  // the field manager that Helm writes as
  // RFC 3339: when the release was deployed, and when the next revision (of any status) began; empty: not
  // known, or none.
  std::string deployed, superseded;
  std::set<std::string> autoscaled;       // scale_target() of the live autoscalers
  std::set<std::string> without_git;      // ObjectId::key() of those that Git says nothing of: RandomNames
  std::set<std::string> without_release;  // ... of those that the release's text leaves out by its nature
  // What is declared is known by a manifest of `helm get manifest` alone, which leaves out hooks and crds/.
  bool by_manifest = false;
  bool keep_objects = false;  // fill ObjectDrift::declared and ::live
};

// "Deployment/payments/web": what a HorizontalPodAutoscaler scales; empty where it is none.
std::string scale_target(const ObjectId& autoscaler, Node live);

// How a field came to differ.
struct Cause {
  DriftClass kind = DriftClass::manual;
  std::vector<const Owner*> owners;  // Ownership::of() the place
  std::string note;

  // The one that wrote the live value last; null: not known.
  const Owner* owner() const { return owners.empty() ? nullptr : owners.back(); }
};

// By the truth table of docs/drift.md. `ownership` is the live object's. Where no release takes part
// (`with_release` is false), Git stands for it. `by_server`: the place is one that an API server or a
// controller fills in when nothing is declared there; that acquits it unless somebody else owns it.
Cause classify(const Difference& difference, const ObjectId& id, const Ownership& ownership,
               const DeployFacts& facts, bool with_release, bool by_server);

}  // namespace assay::drift

// The Job of a vantage, as an object. Pure.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/result.h"
#include "core/time.h"
#include "core/value.h"

namespace assay {

// Labels and annotations of what assay puts into a cluster.
inline constexpr const char* kManagedBy = "app.kubernetes.io/managed-by";  // "assay"
inline constexpr const char* kRunLabel = "assay.dev/run";
inline constexpr const char* kOwnerAnnotation = "assay.dev/owner";  // the process that takes it away

// Where Secrets of the Job's namespace are mounted: FOLDER/NAME/KEY.
inline constexpr const char* kSecretMounts = "/run/assay/secrets";

struct JobRequest {
  std::string name;
  std::string ns;
  std::string run;
  std::string owner;
  std::string image;
  std::string pull_secret;
  Value spec;                     // what the suite says of the vantage
  Value like;                     // the pod template of `like`, or null
  std::vector<Value> policies;    // every NetworkPolicy that can be seen
  std::set<std::string> secrets;  // names of Secrets to be mounted
  Duration deadline{};            // when the Job is ended at the latest
};

// The labels that the pod carries: assay's own, those that the suite gives, and of `like` those whose keys
// some NetworkPolicy selects pods by.
Value job_labels(const JobRequest& request);

// What stands beside a pod and could take notice of it.
struct Neighbours {
  std::vector<Value> budgets;  // PodDisruptionBudgets
  std::vector<Value> services;
  std::vector<std::pair<std::string, Value>> autoscaled;  // an autoscaler's name, its target's LabelSelector
};

// ok when none of them would count the pod or send it requests, or the suite allows it by name. A Service
// that publishes addresses that are not ready is refused, one that does not is not: the pod is never ready.
// Errors: vantage.refused, naming the neighbour.
Result<void> check_neighbours(const JobRequest& request, const Neighbours& neighbours);

// The Job: one pod that is never ready (a readiness gate that nobody sets), with requests, limits and a
// deadline, not restarted and not repeated, without rights on its node and with a root file system that it
// cannot write. Errors: vantage.failed when `like` has no such container.
Result<Value> make_job(const JobRequest& request);

}  // namespace assay

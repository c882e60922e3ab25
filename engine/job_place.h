// An agent in a short-lived Job of a cluster.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "engine/job_spec.h"
#include "engine/remote_executor.h"

namespace assay {

class KubeClient;

struct JobPlaceOptions {
  std::shared_ptr<Kube> kube;
  std::string run;
  int number = 0;  // of the vantage within the run
  std::string image;
  std::string pull_secret;
  Value spec;                     // what the suite says of the vantage
  std::set<std::string> secrets;  // of its namespace, to be mounted
  Deadline deadline;              // of the run
};

// Creates the Job, waits until its pod runs and attaches to it. Before that it takes away Jobs that dead runs
// of this machine have left in the namespace; those of other machines end by themselves. Errors: those of
// KubeClient; vantage.failed with what keeps the pod from running (its image, its place, a container that
// cannot be made); vantage.refused (see check_neighbours).
class JobPlace : public AgentPlace {
 public:
  explicit JobPlace(JobPlaceOptions options);

  Result<std::unique_ptr<AgentLink>> start(const Context& context) override;
  Result<std::unique_ptr<AgentLink>> again(const Context& context) override;
  bool remove(const Context& context) override;

 private:
  struct Seen {
    std::string why;        // why it does not run yet
    bool hopeless = false;  // and will not by waiting
  };
  Result<void> remove_dead(const Context& context);
  Result<Value> make(const Context& context);
  Result<Neighbours> neighbours(const Context& context);
  Result<std::vector<Value>> all(const char* kind, const std::string& ns, const Context& context);
  Result<void> wait_for_pod(const Context& context);
  Seen look(const Value& pod);
  std::string taints(const Context& context);
  std::string last_event(const Context& context);
  Result<std::unique_ptr<AgentLink>> attach(const Context& context);

  const JobPlaceOptions options_;
  KubeClient* client_ = nullptr;
  JobRequest request_;
  bool asked_ = false;  // the Job was asked for, so that it may be there
  std::string uid_;     // of it, once it is known
  std::string pod_;
  int starts_ = 0;
};

}  // namespace assay

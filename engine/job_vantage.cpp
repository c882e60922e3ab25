#include "engine/job_vantage.h"

#include "engine/job_place.h"
#include "engine/secrets.h"
#include "engine/vantage.h"

namespace assay {

std::unique_ptr<Executor> job_vantage(const JobVantageOptions& options,
                                      const std::vector<const Task*>& checks,
                                      std::shared_ptr<LocalShared> shared, HandIn hand_in) {
  const Value& from = checks.front()->from;
  JobPlaceOptions place;
  place.kube = options.kube;
  place.run = options.run;
  place.number = options.number;
  place.image = options.image;
  place.pull_secret = options.pull_secret;
  place.spec = vantage_spec(from);
  place.deadline = options.deadline;
  for (const Task* check : checks) {
    each_reference(check->with, [&](const Value& reference) {
      if (is_mounted(reference, from)) place.secrets.insert(reference.members().front().value.get("name"));
    });
  }
  RemoteExecutor::Options remote;
  remote.jobs = options.jobs;
  remote.deadline = options.deadline;
  if (const auto start = parse_duration(place.spec.get("start"))) remote.start = *start;
  remote.key = options.key;
  remote.mounts = kSecretMounts;
  return std::make_unique<RemoteExecutor>(std::make_unique<JobPlace>(std::move(place)), std::move(shared),
                                          std::move(remote), std::move(hand_in));
}

}  // namespace assay

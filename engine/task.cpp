#include "engine/task.h"

#include <map>
#include <string_view>

namespace assay {

Tasks make_tasks(Plan plan, const Probes& probes) {
  Tasks tasks;
  std::map<std::string_view, std::uint32_t> ids;
  std::map<std::string, std::uint32_t, std::less<>> targets;
  std::map<std::string_view, const Probe*> known;
  for (const Probe& probe : probes) known[probe.name] = &probe;
  for (std::uint32_t i = 0; i < plan.checks.size(); ++i) ids[plan.checks[i].id] = i;
  tasks.all.resize(plan.checks.size());
  for (std::uint32_t i = 0; i < plan.checks.size(); ++i) {
    const Check& check = plan.checks[i];
    for (const std::string& need : check.needs) {
      const auto found = ids.find(need);
      if (found == ids.end()) continue;
      tasks.all[found->second].needed_by.push_back(i);
      ++tasks.all[i].needs;
      if (need == check.control) tasks.all[i].control = found->second;
    }
  }
  for (std::uint32_t i = 0; i < plan.checks.size(); ++i) {
    Check& check = plan.checks[i];
    Task& task = tasks.all[i];
    if (const auto probe = known.find(check.probe); probe != known.end()) task.probe = probe->second;
    for (const std::string& target : check.targets) {
      const auto number = static_cast<std::uint32_t>(targets.size());
      task.targets.push_back(targets.try_emplace(target, number).first->second);
    }
    task.with = std::move(check.with);
    task.from = std::move(check.from);
    task.timeout = check.timeout;
    task.wait = std::move(check.wait);
    task.retry = check.retry;
    task.skip = std::move(check.skip);
  }
  ids.clear();  // it looks into the plan's ids
  for (std::uint32_t i = 0; i < plan.checks.size(); ++i) tasks.all[i].id = std::move(plan.checks[i].id);
  tasks.targets = targets.size();
  return tasks;
}

}  // namespace assay

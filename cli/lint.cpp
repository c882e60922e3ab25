// assay lint
#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.h"
#include "cli/console_io.h"
#include "cli/probes.h"
#include "engine/loader.h"

namespace assay {

int lint_command(const Args& args) {
  const Probes probes = offered_probes();
  const Loaded loaded = load({args.paths, args.values, args.sets, true}, probes);
  print_problems(loaded.problems, loaded.sources, args.format);
  if (!loaded.ok || (args.strict && !loaded.problems.empty())) return 2;
  const auto skipped = std::count_if(loaded.plan.checks.begin(), loaded.plan.checks.end(),
                                     [](const Check& c) { return !c.skip.empty(); });
  print(fmt::format("{} suite{}, {} check{}{}: well-formed\n", loaded.plan.suites.size(),
                    loaded.plan.suites.size() == 1 ? "" : "s", loaded.plan.checks.size(),
                    loaded.plan.checks.size() == 1 ? "" : "s",
                    skipped > 0 ? fmt::format(" ({} skipped by `when`)", skipped) : ""));
  return 0;
}

}  // namespace assay

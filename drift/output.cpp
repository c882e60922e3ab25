#include "drift/output.h"

#include "drift/tally.h"

namespace assay::drift {

const std::set<DriftClass>& default_fail_on() {
  static const std::set<DriftClass> classes{DriftClass::undeployed, DriftClass::manual,
                                            DriftClass::unrecorded, DriftClass::conflict,
                                            DriftClass::extra,      DriftClass::missing};
  return classes;
}

int drift_exit_code(const DriftReport& report, const std::set<DriftClass>& fail_on, bool allow_unmanaged) {
  DriftTally tally;
  bool nothing = report.releases.empty();
  for (const ReleaseDrift& release : report.releases) {
    tally.add(release);
    nothing = nothing || release.objects.empty();
  }
  for (const DriftClass kind : fail_on) {
    if (kind != DriftClass::suppressed && tally.classes[static_cast<std::size_t>(kind)] != 0) return 1;
  }
  const bool unknown = tally.verdicts[static_cast<std::size_t>(ObjectVerdict::error)] != 0 ||
                       tally.problems != 0 || nothing || !report.problems.empty() ||
                       (!allow_unmanaged && !report.unmanaged.empty());
  return unknown ? 3 : 0;
}

}  // namespace assay::drift

// Files that bring the cluster back to what Git declares, or Git to what lives.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "drift/path.h"
#include "drift/report.h"

namespace assay::drift {

// A path that stands for itself, for FieldDrift::steps.
std::vector<FieldStep> to_steps(const Path& path);
// The object as JSON without what is marked as a default, for ObjectDrift::declared and ::live.
std::string as_written(Node object);

struct PatchFile {
  std::string path;  // below the folder, "payments/api/apply/payments.Deployment.api.yaml"
  std::string text;
};

// The files of all objects that differ, in the order of the report. Below a folder for each release:
//   remove/  a JSON patch (RFC 6902) that takes away what only lives, guarded by tests of what it takes away;
//   apply/   the object as Git declares it, for a server-side apply as the release's own manager;
//   delete/  what only lives as a whole, for kubectl delete;
//   git/     a JSON patch of the rendered manifest that would make Git declare what lives.
// Each begins with comments that say what it does and the command that does it. Fields whose class is
// `controller`, `deliberate` or `suppressed` are in none of them. Of a Secret only names of keys are told.
// Why an object has no file stands in `skipped`. A pure function.
struct Patches {
  std::vector<PatchFile> files;
  std::vector<std::string> skipped;
};
Patches make_patches(const DriftReport& report);

// Writes them below `folder`, which must not exist or be empty (0750; files 0640): nothing is overwritten,
// and no symbolic link is followed below it. Errors: drift.patch.
Result<void> write_patches(const Patches& patches, const std::string& folder);

}  // namespace assay::drift

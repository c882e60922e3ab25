// A run's folder: made, filled, pruned.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/args.h"
#include "core/result.h"
#include "engine/results.h"
#include "reporters/reporter.h"

namespace assay {

// Makes the folder (mode 0750) and says where it is: `out`, which must not hold a journal yet, or
// assay-runs/<UTC time>-<id>. Errors: journal.write.
Result<std::string> make_run_folder(const std::string& out, const std::string& utc, const std::string& id);

// Writes `text` in place of what is there, never half: a temporary file beside it, then rename. Mode 0644,
// since it is for others. Errors: journal.write.
Result<void> replace_file(const std::string& path, std::string_view text);

// A report in the same way. Mode 0640, or 0644 for copies that others read. Errors: journal.write.
Result<void> write_report(const ReporterInfo& info, const Results& results, const std::string& path,
                          bool for_others);

// Keeps the newest `keep` runs of the folder in which `run` lies, and always the newest that was not all
// right.
void prune_runs(const std::string& run, int keep);

// Renders every reporter that has a file into the run's folder (none for an empty `folder`), and the copies
// that were asked for. Returns what went wrong.
std::vector<std::string> write_reports(const std::string& folder, const Results& results, const Args& args);

}  // namespace assay

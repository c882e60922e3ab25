// The seam of reporters: each renders a run from its records, the same live and replayed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"
#include "engine/results.h"
#include "journal/record.h"

namespace assay {

// Takes what a reporter writes, piece by piece: a file, a standard stream, a string of a test. It must not
// throw.
using Output = std::function<void(std::string_view)>;

// What a person or a command line asked for. Only reporters for people look at it; files depend on the
// records alone.
struct ReportOptions {
  bool terminal = false;  // a terminal reads along: a status line may be redrawn
  bool color = false;     // escape codes for colours are welcome
  int width = 80;         // columns of the terminal
  bool quiet = false;
  bool verbose = false;
  Output progress;  // where the status line goes (standard error); none: no status line
};

// Renders a run. The caller feeds the Results that the reporter was made with before it calls on() with the
// same record, and keeps them as long as the reporter. A file is written when the `end` record comes; a
// journal without one gets missing_end(). on() is called by one thread at a time. Bytes depend on the records
// alone (every time in them comes from a record), so that `assay report` makes the same file again. A
// reporter judges nothing.
class Reporter {
 public:
  virtual ~Reporter() = default;
  virtual void on(const Record& record) = 0;
};

// Optional, for a reporter that shows what goes on between two records. Safe from any thread.
class Progress {
 public:
  virtual ~Progress() = default;
  // An attempt of `check` begins; its record ends it.
  virtual void started(std::string_view check, TimePoint at) = 0;
  // Time went on; a few times a second.
  virtual void tick(TimePoint now) = 0;
};

// One row of the table of reporters.
struct ReporterInfo {
  std::string name;
  std::string summary;
  std::string file;  // its file in the run's folder; empty: it goes to standard output
  std::function<std::unique_ptr<Reporter>(const Results&, Output, const ReportOptions&)> make;
};

// All of them, in the order in which they are listed. The table lives as long as the program.
const std::vector<ReporterInfo>& all_reporters();

// The row called `name`, or null.
const ReporterInfo* find_reporter(std::string_view name);

// The `end` record that stands for the one that a killed run could not write.
Record missing_end(const std::vector<Record>& records);

// What `info`, a reporter that has a file, makes of a run that has ended.
void render(const ReporterInfo& info, const Results& results, const Output& output);

// What `info` makes of a whole run, with missing_end() where the records have no end.
std::string render(const ReporterInfo& info, const std::vector<Record>& records,
                   const ReportOptions& options = {});

}  // namespace assay

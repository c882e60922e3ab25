// assay report
#include <algorithm>
#include <filesystem>

#include "cli/commands.h"
#include "cli/console_io.h"
#include "cli/run_folder.h"
#include "journal/journal.h"
#include "reporters/reporter.h"

namespace assay {

int report_command(const Args& args) {
  const std::string& run = args.paths.front();
  std::error_code error;
  const bool is_folder = std::filesystem::is_directory(run, error);
  const std::string path = is_folder ? run + "/journal.jsonl" : run;
  const auto journal = read_journal(path);
  if (!journal) {
    complain(journal.error().message);
    return std::filesystem::exists(path, error) ? 3 : 2;
  }
  if (args.dump) {
    for (const Record& record : journal->records) print(to_line(record) + "\n");
    return 0;
  }
  Results results;
  for (const Record& record : journal->records) results.on(record);
  if (!journal->complete) results.on(missing_end(journal->records));
  const auto unwritten = write_reports(is_folder ? run : "", results, args);
  for (const std::string& problem : unwritten) complain(problem);
  ReportOptions options = terminal_options(args.quiet, args.verbose);
  options.terminal = false;
  options.progress = nullptr;
  print(render(*find_reporter(args.format == "auto" ? "text" : args.format), journal->records, options));
  if (journal->cut) complain("the journal's last line was cut and is left out");
  const int code = results.exit_code(args.strict);
  return code == 0 && !unwritten.empty() ? 3 : code;
}

}  // namespace assay

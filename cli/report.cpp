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
  bool ok = true;
  if (is_folder) {
    for (const std::string& problem : write_reports(run, journal->records)) {
      complain(problem);
      ok = false;
    }
  }
  const std::pair<const char*, const std::string*> copies[] = {
      {"junit", &args.junit}, {"html", &args.html}, {"json", &args.json}, {"metrics", &args.metrics}};
  for (const auto& [name, copy] : copies) {
    if (copy->empty()) continue;
    if (const auto written = write_file(*copy, render(*find_reporter(name), journal->records), true);
        !written) {
      complain(written.error().message);
      ok = false;
    }
  }
  ReportOptions options = terminal_options(args.quiet, args.verbose);
  options.terminal = false;
  options.progress = nullptr;
  print(render(*find_reporter(args.format == "auto" ? "text" : args.format), journal->records, options));
  if (journal->cut) complain("the journal's last line was cut and is left out");
  Results results;
  for (const Record& record : journal->records) results.on(record);
  if (!journal->complete) results.on(missing_end(journal->records));
  const int code = results.exit_code(args.strict);
  return code == 0 && !ok ? 3 : code;
}

}  // namespace assay

// The report for people on a terminal or a pipe.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "reporters/explain.h"
#include "reporters/outcome.h"
#include "reporters/reporter.h"

namespace assay {

// Prints failing, erring and flaky checks as they are done (with `verbose` all of them), and a summary at the
// end. With `terminal` and an Output for progress, one status line is redrawn by tick() and cleared before
// anything is printed. Without `color` no escape codes are written to the output. `quiet` leaves the failing
// checks and the totals. No printed line begins with what a CI system takes for a command. on() reads the
// Results; the rest does not.
class Console final : public Reporter, public Progress {
 public:
  Console(const Results& results, Output output, ReportOptions options);

  void on(const Record& record) override;
  void started(std::string_view check, TimePoint at) override;
  void tick(TimePoint now) override;

 private:
  void done(const CheckResult& result);
  void summary();
  void group(std::string_view title, Outcome outcome);
  void skipped();
  void print(const std::string& text);
  void clear_status();
  void draw_status();
  std::string paint(const StyledLine& line) const;
  std::string paint(Style style, std::string_view text) const;

  const Results& results_;
  Output output_;
  ReportOptions options_;

  std::mutex mutex_;  // on() and tick() come from different threads
  std::map<std::string, TimePoint, std::less<>> running_;
  std::vector<bool> seen_;  // checks that are done, in the order of the plan
  std::size_t count_ = 0;   // of them
  std::size_t total_ = 0;
  int failures_ = 0;
  TimePoint now_{};
  std::string status_;  // what stands on the status line
  bool printed_ = false;
  bool after_block_ = false;
};

std::unique_ptr<Reporter> make_console(const Results& results, Output output, const ReportOptions& options);

}  // namespace assay

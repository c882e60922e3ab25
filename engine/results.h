// The state of a run as its records tell it: the same, live and from the journal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/judge.h"
#include "engine/plan.h"
#include "journal/record.h"

namespace assay {

// One check with all that was recorded of it.
struct CheckResult {
  Check check;
  std::vector<AttemptFacts> attempts;
  Rare<SkipFact> skip;
  CheckJudgement judgement;  // of what is known so far
  bool done = false;         // a final decision was recorded

  // What the deciding attempt saw, or null.
  const Value& observation() const;
};

struct Totals {
  int pass = 0;
  int fail = 0;   // without muted and warnings
  int error = 0;  // likewise
  int skip = 0;
  int flaky = 0;     // of the passes
  int warnings = 0;  // failures and errors of severity warn
  int muted = 0;     // failures and errors that `known` covers
  int not_run = 0;   // of the skips and errors: for lack of time
  int total = 0;
};

// Builds itself up record by record; unknown kinds are passed over. One thread at a time.
class Results {
 public:
  // Takes one record. A plan that does not read is kept in `problem`.
  void on(const Record& record);

  const std::vector<CheckResult>& checks() const { return checks_; }
  const CheckResult* find(std::string_view id) const;
  Totals totals() const;
  // Checks of severity `fail` that were skipped because something they need failed, at whatever distance.
  // Where only warnings and muted failures are the cause, nothing else would say that these were not
  // verified.
  std::vector<const CheckResult*> unverified() const;
  // The exit code of design.md's table, from these records alone: 1, 3 or 0; 130 or 143 when the end record
  // says so.
  int exit_code(bool strict) const;

  Value header;       // the header record's body
  Value end;          // the end record's body, null while the run goes on
  std::string today;  // YYYY-MM-DD of the run's start
  std::vector<Value> snapshots;
  double duration = 0;  // seconds from start to the last record
  std::string problem;
  std::vector<std::string> suites;

 private:
  std::vector<CheckResult> checks_;
  std::optional<std::size_t> position(std::string_view id) const;

  std::vector<std::uint32_t>
      by_id_;  // positions in checks_, in the order of the ids: a map costs 80 bytes each
};

}  // namespace assay

// The plan of a run: every check with everything that judging and reporting need, as the journal's `plan`
// record holds it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/rare.h"
#include "core/result.h"
#include "core/time.h"
#include "core/value.h"

namespace assay {

// One expectation of a check: a matcher at a path of the observation.
struct Expectation {
  std::string path;
  Value matcher;
  bool is_default = false;  // from the probe's table
  std::uint32_t line = 0;   // 0: not from a file
  std::uint32_t column = 0;
  std::string source;  // the suite's line
};

struct Wait {
  Duration until{};
  Duration every = std::chrono::seconds(1);
  bool any = false;  // poll on after codes that cannot heal by themselves, too
};

struct Retry {
  int times = 0;
  Duration every = std::chrono::seconds(1);
};

// A failure that is muted until a date (inclusive, UTC, YYYY-MM-DD).
struct Known {
  std::string reason;
  std::string until;
};

struct Check {
  std::string id;  // "suite/check", with "[key=value,...]" for a matrix
  std::string suite;
  std::string name;  // the id as the file has it
  std::string probe;
  bool writes = false;
  std::string doc;
  Value coordinates;    // the matrix's keys and values, or null
  Value with;           // variables filled in, references as written
  Value from;           // the vantage as the suite writes it; null: local
  std::string control;  // full id of the check that must have reached the same address
  std::vector<Expectation> expect;
  std::vector<std::string> needs;  // full ids
  Duration timeout = std::chrono::seconds(10);
  std::optional<Duration> within;
  Rare<Wait> wait;
  Retry retry;
  std::vector<std::string> tags;
  bool warn = false;  // severity: warn
  Rare<Known> known;
  std::string runbook;
  std::string skip;  // why it is not run, known when the plan is made (`when`, --read-only)
  std::vector<std::string> targets;
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::string source;
};

struct Plan {
  std::vector<std::string> suites;   // names in the order of the files
  std::vector<Check> checks;         // in the order of the files
  std::optional<Duration> deadline;  // the earliest of the suites' own
};

// To and from the journal. Reading takes unknown members as later versions' and leaves them.
Value to_value(const Plan& plan);
Result<Plan> plan_from(const Value& body);

}  // namespace assay

// The record of a run: what one line of journal.jsonl is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"
#include "core/value.h"

namespace assay {

// The journal's format version; a reader refuses a newer one.
inline constexpr std::int64_t kJournalVersion = 1;

// Kinds that assay writes. Unknown kinds are kept by readers.
namespace kind {
inline constexpr std::string_view header =
    "header";  // format, version, assay, seed, started (UTC), argv (redacted)
inline constexpr std::string_view plan = "plan";        // checks with parameters, expectations, source lines
inline constexpr std::string_view attempt = "attempt";  // one observation of one check
inline constexpr std::string_view decision = "decision";  // repeat, skip, not-run, each with its reason
inline constexpr std::string_view snapshot = "snapshot";  // what a report needs from elsewhere
inline constexpr std::string_view clock = "clock";        // wall time jumped
inline constexpr std::string_view end = "end";            // the run's end: complete, or why not
}  // namespace kind

// One line: `n` counts from 1 without gaps, `t` is nanoseconds since the run's start (monotonic).
struct Record {
  std::uint64_t n = 0;
  std::int64_t t = 0;
  std::string kind;
  Value body;  // an object
};

// The line of a record, without newline: {"n":..,"t":..,"kind":..,<body's members>}.
std::string to_line(const Record& record);

// Reads a line; errors say what is wrong with it.
Result<Record> parse_record(std::string_view line);

}  // namespace assay

// One run with every verdict in it, and one whose every text is hostile.
#pragma once

#include <string>
#include <vector>

#include "journal/record.h"
#include "tests/support/golden.h"

namespace assay::test {

// Pass, pass after polling, fail with mismatches (own and default expectations), slow, error, flaky, warning,
// known, matrix, and skips for a need, `when`, read-only and the budget.
std::vector<Record> sample_run();

// A run in which a server and a suite say the worst they can: escape codes, ]]>, quotes, line breaks, bytes
// that are not UTF-8, NUL, workflow commands, HTML, attachments, characters that turn the direction of
// writing.
std::vector<Record> hostile_run();

// The text that hostile_run() puts everywhere.
const std::string& hostile_text();

// `count` failing checks with an observation of `bytes` bytes each.
std::vector<Record> large_run(int count, std::size_t bytes);

// The records as the journal holds them: written as lines and read again.
std::vector<Record> replayed(const std::vector<Record>& records);

}  // namespace assay::test

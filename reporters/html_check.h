// One check of the HTML report.
#pragma once

#include <cstddef>
#include <string>

#include "engine/results.h"

namespace assay {

// Bytes that the check's observation and parameters take before they are cut.
std::size_t html_evidence_size(const CheckResult& result);

// At least as much, told without writing it.
std::size_t html_evidence_bound(const CheckResult& result);

// Appends a <details> with everything that is known of the check. `cap` bounds its evidence in bytes.
void append_html_check(std::string& out, const CheckResult& result, bool open, std::size_t cap);

}  // namespace assay

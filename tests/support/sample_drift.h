// Drift with every class in it, and drift whose every text is hostile.
#pragma once

#include "drift/report.h"

namespace assay::test {

using namespace drift;

// A release with Git, a pair of files, objects of every verdict, fields of every class, a Secret, a text of
// several lines, a release that nothing covers, rules that matched nothing; objects are kept for patches.
DriftReport sample_drift();

// hostile_text() of sample_run.h wherever a text from elsewhere can stand.
DriftReport hostile_drift();

// Steps of fields only: "/a/b" without wildcards or lists.
std::vector<FieldStep> field_steps(std::string_view pointer);

}  // namespace assay::test

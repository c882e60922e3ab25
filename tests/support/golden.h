// Texts that are kept in tests/golden.
#pragma once

#include <string>

namespace assay::test {

// Compares with tests/golden/NAME; with ASSAY_UPDATE_GOLDEN=1 in the environment writes it instead.
void expect_golden(const std::string& name, const std::string& text);

}  // namespace assay::test

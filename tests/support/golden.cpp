#include "tests/support/golden.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string_view>

namespace assay::test {

void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = std::string(ASSAY_SOURCE_DIR) + "/tests/golden/" + name;
  const char* update = std::getenv("ASSAY_UPDATE_GOLDEN");
  if (update != nullptr && std::string_view(update) == "1") {
    std::ofstream(path, std::ios::binary) << text;
    return;
  }
  std::ifstream file(path, std::ios::binary);
  ASSERT_TRUE(file) << path << " does not exist; ASSAY_UPDATE_GOLDEN=1 writes it";
  std::ostringstream golden;
  golden << file.rdbuf();
  if (golden.str() == text) return;
  // The first line that differs says more than two whole files.
  std::istringstream want(golden.str());
  std::istringstream have(text);
  std::string a;
  std::string b;
  for (int line = 1;; ++line) {
    const bool more_a = static_cast<bool>(std::getline(want, a));
    const bool more_b = static_cast<bool>(std::getline(have, b));
    if (!more_a && !more_b) break;
    if (more_a == more_b && a == b) continue;
    ADD_FAILURE() << path << ":" << line << "\nexpected: " << (more_a ? a : "(end)")
                  << "\nobserved: " << (more_b ? b : "(end)") << "\nASSAY_UPDATE_GOLDEN=1 takes the new text";
    return;
  }
  ADD_FAILURE() << path << " differs in its line ends";
}

}  // namespace assay::test

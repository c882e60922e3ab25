// What a program wrote for a test to read, a JSON object a line.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "kube/gunzip.h"

namespace assay::drift {

// The file that the environment's `variable` names, or tests/drift/FILE, unpacked.
inline std::string sample(const char* variable, const std::string& file) {
  std::stringstream text;
  if (const auto* path = std::getenv(variable); path != nullptr) {
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  text << std::ifstream(ASSAY_SOURCE_DIR "/tests/drift/" + file, std::ios::binary).rdbuf();
  const auto unpacked = gunzip(text.str(), std::size_t{64} << 20);
  EXPECT_TRUE(unpacked) << (unpacked ? "" : unpacked.error().message);
  return unpacked ? *unpacked : std::string();
}

template <class F>
void each_line(std::string_view text, F&& call) {
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    call(text.substr(at, end - at));
    at = end + 1;
  }
}

}  // namespace assay::drift

// Suites as texts, loaded from a folder of the test's own.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "cli/probes.h"
#include "engine/loader.h"

namespace assay::test {

class LoaderFixture : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "assay-loader-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }
  Loaded load_text(const std::string& text, std::vector<std::string> sets = {}, bool lint = false) {
    return load({{write("suite.yaml", text)}, {}, std::move(sets), lint}, probes_);
  }
  static std::string problems_of(const Loaded& loaded) {
    std::string all;
    for (const Problem& problem : loaded.problems) all += render(problem, loaded.sources);
    return all;
  }
  // Loads a suite, and gives what is wrong with it as one text.
  std::string problems_of(const std::string& text, std::vector<std::string> sets = {}) {
    return problems_of(load_text(text, std::move(sets)));
  }
  static std::string suite(const std::string& checks, const std::string& head = "") {
    return "assay: 1\nsuite: s\n" + head + "checks:\n" + checks;
  }

  std::string folder_;
  Probes probes_ = offered_probes();
};

inline void expect_has(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "\"" << part << "\" is not in: " << text;
}

}  // namespace assay::test

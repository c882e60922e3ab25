// A chart of a test's own, and the node's Helm; ASSAY_NODE_DIR names the folder of the node (fixtures/node).
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/process.h"

namespace assay::test {

// A chart named `tiny`, empty but for its Chart.yaml, removed with the object.
class TestChart {
 public:
  TestChart() {
    const char* folder = std::getenv("ASSAY_NODE_DIR");
    EXPECT_NE(folder, nullptr) << "ASSAY_NODE_DIR must name the folder of a running fixtures/node";
    node_ = folder == nullptr ? "" : folder;
    std::string pattern = (std::filesystem::temp_directory_path() / "assay-chart-XXXXXX").string();
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
    std::filesystem::create_directories(path_ + "/templates");
    write("Chart.yaml", "apiVersion: v2\nname: tiny\nversion: 0.3.1\nappVersion: \"7\"\n");
  }
  ~TestChart() { std::filesystem::remove_all(path_); }
  TestChart(const TestChart&) = delete;
  TestChart& operator=(const TestChart&) = delete;

  const std::string& path() const { return path_; }
  void write(const std::string& name, const std::string& text) { std::ofstream(path_ + "/" + name) << text; }

  // Output of the node's Helm; `exit_code` is what it should end with.
  std::string helm(const std::string& ns, const std::vector<std::string>& words, const Context& context,
                   const std::string& driver = "secret", int exit_code = 0) const {
    ProcessSpec spec;
    spec.argv = {ASSAY_SOURCE_DIR "/fixtures/node/node", "helm", "--dir", node_};
    spec.argv.insert(spec.argv.end(), words.begin(), words.end());
    spec.argv.insert(spec.argv.end(), {"--namespace", ns});
    spec.env["HELM_DRIVER"] = driver;
    const auto done = run_process(spec, context);
    EXPECT_TRUE(done) << (done ? "" : done.error().message);
    if (!done) return {};
    EXPECT_EQ(done->exit_code, exit_code) << done->error_output;
    return done->output;
  }

 private:
  std::string node_;
  std::string path_;
};

}  // namespace assay::test

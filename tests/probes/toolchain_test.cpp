// toolchain, with programs of the test's own.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/support/declared.h"
#include "tests/support/observe.h"

namespace assay {
namespace {

class Toolchain : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "assay-tools-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  // A program that prints `output`; gives its path.
  std::string tool(const std::string& name, const std::string& output) {
    const std::string path = folder + "/" + name;
    std::ofstream(path) << "#!/bin/sh\n" << output << "\n";
    ::chmod(path.c_str(), 0755);
    return path;
  }
  Value observe(const std::string& tools, Duration timeout = std::chrono::seconds(10)) {
    Value seen = test::observe("toolchain", "tools: {" + tools + "}", timeout);
    EXPECT_EQ(test::undeclared(seen, "toolchain"), "");
    return seen;
  }

  std::string folder;
};

}  // namespace

TEST_F(Toolchain, ToolsThatAreNewEnough) {
  const Value seen = observe(tool("helm", "echo v3.13.0+g825e86f") + ": '3.13', " +
                             tool("docker", "echo 'Docker version 24.0.7, build afdd53b'") + ": '24.0'");
  EXPECT_EQ(test::code_of(seen), "");
  EXPECT_EQ(seen.find("tools")->items()[1].get("version"), "24.0.7");
}

TEST_F(Toolchain, OneThatIsOldAndOneThatIsMissing) {
  const std::string docker = tool("docker", "echo 'Docker version 20.10.24+dfsg1, build 297e128'");
  Value seen = observe(docker + ": '24.0'");
  EXPECT_EQ(test::code_of(seen), "toolchain.old");
  EXPECT_NE(seen.find("error")->get("message").find("20.10.24+dfsg1, at least 24.0 is needed"),
            std::string::npos);
  seen = observe(docker + ": '24.0', " + folder + "/kind: '0.22'");
  EXPECT_EQ(test::code_of(seen), "toolchain.missing");
  EXPECT_NE(seen.find("error")->get("message").find("kind is not there"), std::string::npos);
  EXPECT_NE(seen.find("error")->get("message").find("20.10.24"), std::string::npos);
}

TEST_F(Toolchain, OneThatSaysNothingOfUseAndOneThatHangs) {
  EXPECT_EQ(test::code_of(observe(tool("jq", "echo broken >&2; exit 3") + ": '1.6'")), "toolchain.unknown");
  const Value seen =
      observe(tool("kind", "exec sleep 60") + ": '0.22', " + tool("jq", "echo jq-1.6") + ": '1.6'",
              std::chrono::seconds(6));
  EXPECT_EQ(test::code_of(seen), "deadline");
  EXPECT_EQ(seen.find("tools")->items()[1].get("version"), "1.6");
}

TEST_F(Toolchain, AMinimumThatIsNoVersion) {
  EXPECT_EQ(test::code_of(observe("jq: v1")), "params.invalid");
  EXPECT_EQ(test::code_of(test::observe("toolchain", "tools: {}")), "params.invalid");
}

}  // namespace assay

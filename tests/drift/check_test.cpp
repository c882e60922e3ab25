#include "drift/check.h"

#include <gtest/gtest.h>

#include <fstream>

#include "drift/observe.h"
#include "drift/output.h"
#include "drift/private_folder.h"

namespace assay::drift {
namespace {

class CheckTest : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& value) const {
    std::ofstream(folder_.path() + "/" + name)
        << "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: prod}\ndata: {x: '" << value
        << "'}\n";
    return folder_.path() + "/" + name;
  }
  ReleaseDrift run(const DriftCheck& check) const {
    const DriftRules rules;
    const Context context(Deadline::in(std::chrono::seconds(20)), never_);
    return check_drift(check, nullptr, {Schema::built_in().value(), rules, MaskKey::random()}, context)
        .value();
  }

  PrivateFolder folder_ = PrivateFolder::make().value();
  Stop never_;
};

}  // namespace

TEST_F(CheckTest, AManifestOfAReleaseIsARelease) {
  DriftCheck check;
  check.ns = "prod";
  check.manager = "flux";
  check.live_file = write("live.yaml", "3");
  check.release_file = write("release.yaml", "2");
  check.git = parse_git_side(write("git.yaml", "1"), {});
  const auto all = run(check);
  EXPECT_TRUE(all.with_git);
  EXPECT_TRUE(all.with_release);
  EXPECT_EQ(all.manager, "flux");
  ASSERT_EQ(all.objects.size(), 1U);
  EXPECT_EQ(all.objects[0].fields[0].release, "\"2\"");
  check.git = parse_git_side(folder_.path() + "/nowhere.yaml", {});
  const auto release = run(check);
  EXPECT_FALSE(release.with_git);
  EXPECT_TRUE(release.with_release);
  check.git = parse_git_side(folder_.path() + "/git.yaml", {});
  check.release_file = folder_.path() + "/nowhere.yaml";
  const auto git = run(check);
  EXPECT_TRUE(git.with_git);
  EXPECT_FALSE(git.with_release);
  EXPECT_EQ(git.problems.size(), 1U);
}

// What the probe drift.release says of it.
TEST_F(CheckTest, NothingComparedIsNoPass) {
  ReleaseDrift drift;
  Value seen = Value::object();
  const auto nothing = judge_drift(drift, default_fail_on(), seen);
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, "drift.nothing");
  drift.problems = {{"helm.no-release", "namespace prod holds no release shop"}};
  EXPECT_EQ(judge_drift(drift, default_fail_on(), seen).error().code, "helm.no-release");
  drift.problems.clear();
  drift.objects.emplace_back();
  EXPECT_TRUE(judge_drift(drift, default_fail_on(), seen));
}

}  // namespace assay::drift

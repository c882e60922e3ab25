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

// `helm get manifest` prints no hooks and nothing of crds/.
TEST_F(CheckTest, AManifestSaysNothingOfHooksAndDefinitions) {
  const auto file = [&](const char* name, const std::string& text) {
    std::ofstream(folder_.path() + "/" + name) << text;
    return folder_.path() + "/" + name;
  };
  const auto map = [](const std::string& name, const std::string& more, const std::string& value) {
    return "---\n# Source: shop/templates/" + name +
           ".yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\n" + more +
           "data:\n  x: " + value + "\n";
  };
  const std::string hook = "  annotations:\n    helm.sh/hook: pre-install,pre-upgrade\n";
  const std::string definition =
      "---\n# Source: shop/crds/w.yaml\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
      "metadata:\n  name: ws.example.com\nspec:\n  group: example.com\n  scope: Namespaced\n"
      "  names: {kind: W, plural: ws, singular: w, listKind: WList}\n"
      "  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]\n";
  DriftCheck check;
  check.ns = "prod";
  const auto git = definition + map("hook", hook, "a") + map("a", "", "a") + map("new", "", "a");
  check.git = parse_git_side(file("git.yaml", git), {});
  check.release_file = file("release.yaml", map("a", "", "a"));
  check.live_file = file("live.yaml", git);
  const auto whole = run(check);
  ASSERT_EQ(whole.objects.size(), 4U);
  EXPECT_EQ(whole.objects[0].verdict, ObjectVerdict::same);
  EXPECT_EQ(whole.objects[1].verdict, ObjectVerdict::same);
  ASSERT_EQ(whole.objects[3].fields.size(), 1U);
  EXPECT_EQ(whole.objects[3].fields[0].kind, DriftClass::unrecorded)
      << "an object of its own is in a manifest";
  ASSERT_EQ(whole.warnings.size(), 1U);
  EXPECT_TRUE(whole.warnings[0].starts_with("2 objects of Git are not in ")) << whole.warnings[0];
  // They are compared with the cluster all the same.
  check.live_file = file("live.yaml", map("hook", hook, "b") + map("a", "", "a"));
  const auto changed = run(check);
  EXPECT_EQ(changed.objects[0].verdict, ObjectVerdict::missing);
  EXPECT_EQ(changed.objects[0].kind, DriftClass::missing);
  EXPECT_TRUE(changed.objects[1].without_release);
  ASSERT_EQ(changed.objects[1].fields.size(), 1U);
  EXPECT_EQ(changed.objects[1].fields[0].path, "/data/x");
  EXPECT_NE(changed.objects[1].fields[0].kind, DriftClass::unrecorded);
  EXPECT_EQ(changed.objects[3].kind, DriftClass::undeployed);
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

#include "drift/check.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <map>

#include "core/fd.h"
#include "drift/observe.h"
#include "drift/output.h"
#include "drift/patch.h"
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
  // Only the folder crds/ of a chart is meant, not one of its templates.
  auto templates = definition;
  templates.replace(templates.find("shop/crds/"), 10, "shop/templates/crds/");
  check.git = parse_git_side(file("templates.yaml", templates + map("a", "", "a")), {});
  check.live_file = file("live.yaml", templates + map("a", "", "a"));
  const auto recorded = run(check);
  ASSERT_EQ(recorded.objects[0].fields.size(), 1U);
  EXPECT_EQ(recorded.objects[0].fields[0].kind, DriftClass::unrecorded);
  check.git = parse_git_side(folder_.path() + "/git.yaml", {});
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
  // Beside a manifest alone, what only lives may be the release's.
  check.git.reset();
  check.live_file = file("live.yaml", git);
  const auto alone = run(check);
  std::map<std::string, ObjectVerdict> verdicts;
  for (const auto& one : alone.objects) verdicts[one.id.name] = one.verdict;
  EXPECT_EQ(verdicts, (std::map<std::string, ObjectVerdict>{{"a", ObjectVerdict::same},
                                                            {"hook", ObjectVerdict::same},
                                                            {"new", ObjectVerdict::extra},
                                                            {"ws.example.com", ObjectVerdict::same}}));
}

// A pipe has its text once, and a definition makes everything be taken apart again.
TEST_F(CheckTest, APipeIsReadOnce) {
  const std::string text =
      "---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: "
      "ws.example.com\n"
      "spec:\n  group: example.com\n  scope: Namespaced\n  names: {kind: W, plural: ws, singular: w, "
      "listKind: WList}\n"
      "  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]\n";
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const Fd from(ends[0]);
  {
    const Fd to(ends[1]);
    ASSERT_EQ(::write(to.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  DriftCheck check;
  check.ns = "prod";
  check.git = parse_git_side("/dev/fd/" + std::to_string(from.get()), {});
  std::ofstream(folder_.path() + "/live.yaml") << text;
  check.live_file = folder_.path() + "/live.yaml";
  const auto drift = run(check);
  ASSERT_EQ(drift.objects.size(), 1U);
  EXPECT_EQ(drift.objects[0].verdict, ObjectVerdict::same);
}

TEST_F(CheckTest, AReleaseThatCouldNotBeReadIsNoneThatTookNoPart) {
  DriftCheck check;
  check.ns = "prod";
  check.keep_objects = true;  // else nothing leads back anyway
  check.live_file = write("live.yaml", "2");
  check.git = parse_git_side(write("git.yaml", "1"), {});
  check.release_file = folder_.path() + "/nowhere.yaml";
  DriftReport report;
  report.releases.push_back(run(check));
  EXPECT_TRUE(report.releases[0].release_unread);
  EXPECT_NE(drift_text(report, {}).find("release  could not be read: Git stands for it"), std::string::npos);
  EXPECT_NE(drift_json(report).find("\"with_release\":false,\"release_unread\":true"), std::string::npos);
  const auto patches = make_patches(report);
  EXPECT_TRUE(patches.files.empty()) << "what Git says may never have been deployed";
  EXPECT_EQ(patches.skipped.size(), 1U);
}

TEST_F(CheckTest, AnAutoscalerThatCannotBeReadIsSaid) {
  DriftCheck check;
  check.ns = "prod";
  check.git = parse_git_side(write("git.yaml", "1"), {});
  check.live_file = write("live.yaml", "1");
  const auto append = [](const std::string& file, const std::string& text) {
    std::ofstream(file, std::ios::app) << text;
  };
  append(check.live_file,
         "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata:\n  name: a\nspec: [\n");
  EXPECT_TRUE(run(check).warnings.empty()) << "nothing here can be scaled";
  for (const auto& file : {folder_.path() + "/git.yaml", check.live_file})
    append(file, "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: prod\n");
  const auto drift = run(check);
  ASSERT_EQ(drift.warnings.size(), 1U);
  EXPECT_TRUE(drift.warnings[0].starts_with("an autoscaler may not have been read")) << drift.warnings[0];
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

#include "drift/random_names.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "drift/check.h"
#include "drift/output.h"
#include "drift/patch.h"
#include "drift/private_folder.h"

namespace assay::drift {
namespace {

namespace fs = std::filesystem;

// A ConfigMap as a rendering or a release has it.
std::string map(const std::string& name, const std::string& value, const std::string& source = "x") {
  return "---\n# Source: shop/templates/" + source +
         ".yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\ndata:\n  k: " + value +
         "\n";
}

class RandomNamesTest : public testing::Test {
 protected:
  // Two renderings of a chart beside the manifests of a release and of a cluster; an empty release is none.
  ReleaseDrift run(const std::string& first, const std::string& second, const std::string& release,
                   const std::string& live) const {
    const auto schema = Schema::built_in().value();
    const auto of = [&](const std::string& text) {
      return Documents::of_text(text, "manifests", *schema, "prod").value();
    };
    const auto git = of(first);
    const auto stored = of(release);
    const Desired desired{&git, release.empty() ? nullptr : &stored};
    DeployFacts facts;
    facts.keep_objects = true;
    ReleaseDrift drift;
    drift.name = "shop";
    drift.ns = "prod";
    drift.with_git = true;
    facts.with_release = drift.with_release = !release.empty();
    auto names = RandomNames::between(git, of(second));
    if (drift.with_release) facts.without_git = names.find_in(desired);
    const Detector detector(schema, rules_, facts, MaskKey("key"));
    EXPECT_TRUE(detect(desired, of(live), detector, 1, context(), drift));
    names.apply(drift);
    return drift;
  }

  Context context() const { return {Deadline::in(std::chrono::seconds(20)), never_}; }

  static std::vector<std::string> told(const ReleaseDrift& drift) {
    std::vector<std::string> out;
    for (const auto& one : drift.objects) {
      auto line = one.id.name + " " + std::string(name_of(one.verdict));
      if (one.verdict == ObjectVerdict::missing) line += " " + std::string(name_of(one.kind));
      for (const auto& field : one.fields) line += " " + field.path + " " + std::string(name_of(field.kind));
      out.push_back(line);
    }
    return out;
  }

  static DriftReport report_of(ReleaseDrift drift) {
    DriftReport report;
    report.releases.push_back(std::move(drift));
    return report;
  }
  static int exit_code(const ReleaseDrift& drift) {
    return drift_exit_code(report_of(drift), default_fail_on(), false);
  }

  DriftRules rules_;
  Stop never_;
};

using Told = std::vector<std::string>;

void expect_has(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

}  // namespace

// The whole way: a chart is rendered twice, by what stands for helm, beside a release and a cluster.
TEST_F(RandomNamesTest, AChartIsFoundToNameAnObjectAnew) {
  const auto folder = PrivateFolder::make().value();
  const auto write = [&](const std::string& name, const std::string& text) {
    const auto path = folder.path() + "/" + name;
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream(path) << text;
    return path;
  };
  const auto helm =
      write("bin/helm", "#!/bin/sh\ncd '" + folder.path() +
                            "' && cat rendered && if [ -e again ]; then mv again rendered; fi\n");
  fs::permissions(helm, fs::perms::owner_all);
  write("c/Chart.yaml", "name: shop\n");
  write("c/templates/x.yaml", "metadata: {name: \"x-{{ randAlphaNum 5 }}\"}\n");
  write("rendered", map("x-abcde", "1"));
  write("again", map("x-fghij", "1"));
  DriftCheck check;
  check.release = "shop";
  check.ns = "prod";
  check.git = parse_git_side(folder.path() + "/c", {});
  check.release_file = write("release.yaml", map("x-klmno", "2"));
  check.live_file = write("live.yaml", map("x-klmno", "2"));
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", (folder.path() + "/bin:" + path).c_str(), 1);
  const auto drift =
      check_drift(check, nullptr, {Schema::built_in().value(), rules_, MaskKey("key")}, context()).value();
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(told(drift), (Told{"x-klmno same"}));
  EXPECT_EQ(drift.warnings.size(), 1U);
  EXPECT_TRUE(drift.problems.empty()) << drift.problems.front().message;
}

TEST_F(RandomNamesTest, WhatTheReleaseHoldsIsComparedWithTheClusterAlone) {
  const auto s = map("s", "1", "s");
  const auto drift =
      run(s + map("x-abcde", "1"), s + map("x-fghij", "1"), s + map("x-klmno", "2"), s + map("x-klmno", "2"));
  EXPECT_EQ(told(drift), (Told{"s same", "x-klmno same"}));
  EXPECT_TRUE(drift.problems.empty());
  ASSERT_EQ(drift.warnings.size(), 1U);
  EXPECT_EQ(
      drift.warnings[0],
      "ConfigMap x-klmno: shop/templates/x.yaml names it anew at each rendering, so it is compared with "
      "the cluster and not with Git");
  EXPECT_EQ(exit_code(drift), 0);
}

TEST_F(RandomNamesTest, WhatWasChangedOrIsGoneThereIsTold) {
  const auto changed =
      run(map("x-abcde", "1"), map("x-fghij", "1"), map("x-klmno", "2"), map("x-klmno", "by-hand"));
  ASSERT_EQ(told(changed), (Told{"x-klmno changed /data/k manual"}));
  EXPECT_FALSE(changed.objects[0].fields[0].git);
  EXPECT_EQ(changed.objects[0].fields[0].release, "2");
  EXPECT_EQ(exit_code(changed), 1);
  const auto gone = run(map("x-abcde", "1"), map("x-fghij", "1"), map("x-klmno", "2"), map("other", "1"));
  EXPECT_EQ(told(gone), (Told{"x-klmno missing missing", "other extra"}));
  EXPECT_EQ(exit_code(gone), 1);
}

// Git is no side of it in any output.
TEST_F(RandomNamesTest, TheReleaseIsTheDeclaredSideOfIt) {
  const auto report = report_of(
      run(map("x-abcde", "one"), map("x-fghij", "one"), map("x-klmno", "two"), map("x-klmno", "by-hand")));
  const auto text = drift_text(report, {});
  expect_has(text, "release \"two\" | live \"by-hand\"");
  EXPECT_EQ(text.find("git (none)"), std::string::npos) << text;
  expect_has(text, "names it anew at each rendering, so Git says nothing of it");
  expect_has(drift_diff(report), "-  k: two\n+  k: by-hand\n");
  const auto junit = drift_junit(report, default_fail_on());
  EXPECT_EQ(junit.find("git     (none)"), std::string::npos) << junit;
}

// A default is written nowhere, and the way back has to say it.
TEST_F(RandomNamesTest, TheWayBackIsToWhatTheReleaseMeans) {
  const auto service = [](const std::string& name, const std::string& spec) {
    return "---\n# Source: shop/templates/x.yaml\napiVersion: v1\nkind: Service\nmetadata:\n  name: " + name +
           "\nspec: {ports: [{port: 80}]" + spec + "}\n";
  };
  const auto live = service("x-klmno", ", sessionAffinity: ClientIP");
  const auto report =
      report_of(run(service("x-abcde", ""), service("x-fghij", ""), service("x-klmno", ""), live));
  ASSERT_EQ(told(report.releases[0]).at(0),
            "x-klmno changed /spec/sessionAffinity manual /spec/sessionAffinityConfig extra");
  EXPECT_TRUE(report.releases[0].objects[0].fields[0].release_defaulted);
  EXPECT_FALSE(report.releases[0].objects[0].fields[0].git_defaulted);
  const auto patches = make_patches(report);
  const auto apply = std::find_if(patches.files.begin(), patches.files.end(), [](const PatchFile& file) {
    return file.path.find("/apply/") != std::string::npos;
  });
  ASSERT_NE(apply, patches.files.end());
  expect_has(apply->text, "sessionAffinity: None");
}

// It is in the cluster under no name: nothing of it was ever deployed.
TEST_F(RandomNamesTest, WhatTheReleaseHasNotIsUndeployed) {
  const auto s = map("s", "1", "s");
  const auto drift = run(s + map("x-abcde", "1"), s + map("x-fghij", "1"), s, s);
  EXPECT_EQ(told(drift), (Told{"s same", "x-abcde missing undeployed"}));
  EXPECT_EQ(drift.objects[1].note,
            "the chart names it anew at each rendering, and the release has none of its template");
  EXPECT_TRUE(drift.warnings.empty());
  EXPECT_EQ(exit_code(drift), 1);
}

// Without a release nobody knows what it is called there, so what may be it is not extra.
TEST_F(RandomNamesTest, WhatOnlyLivesMayBeIt) {
  const auto s = map("s", "1", "s");
  const auto drift = run(s + map("x-abcde", "1"), s + map("x-fghij", "1"), "",
                         s + map("x-klmno", "1") + map("y-klmno", "1"));
  EXPECT_EQ(told(drift), (Told{"s same", "x-klmno error", "y-klmno extra"}));
  EXPECT_EQ(drift.objects[1].code, "drift.random");
  ASSERT_EQ(drift.problems.size(), 1U);
  // Where one takes part, it would hold it.
  EXPECT_EQ(told(run(s + map("x-abcde", "1"), s + map("x-fghij", "1"), s, s + map("x-klmno", "1"))),
            (Told{"s same", "x-abcde missing undeployed", "x-klmno extra"}));
}

TEST_F(RandomNamesTest, AnObjectOfTheReleaseStandsForOne) {
  const auto one = map("x-abcde", "1");
  const auto two = map("x-klmno", "2") + map("x-pqrst", "2");
  const auto fewer = run(one, map("x-fghij", "1"), two, two);
  ASSERT_EQ(fewer.objects.size(), 2U);
  EXPECT_EQ(fewer.warnings.size(), 1U);
  const auto dropped =
      std::count_if(fewer.objects.begin(), fewer.objects.end(), [](const ObjectDrift& object) {
        return !object.fields.empty() && object.fields[0].note == "Git no longer declares this object";
      });
  EXPECT_EQ(dropped, 1);
  const auto more = run(one + map("x-bcdef", "1"), map("x-fghij", "1") + map("x-ghijk", "1"),
                        map("x-klmno", "2"), map("x-klmno", "2"));
  ASSERT_EQ(more.objects.size(), 2U);
  EXPECT_EQ(more.objects[0].kind, DriftClass::undeployed);
  EXPECT_EQ(more.objects[1].verdict, ObjectVerdict::same);
}

// Of the same kind and of another name, namespace or template: one is new and the other is not declared any
// longer.
TEST_F(RandomNamesTest, WhatIsAnotherObjectDoesNotStandForIt) {
  const auto git = map("x-abcde", "1");
  const auto again = map("x-fghij", "1");
  auto elsewhere = map("x-klmno", "1");
  elsewhere.insert(elsewhere.find("\ndata"), "\n  namespace: other");
  for (const auto& other : {map("old", "1"), map("y-klmno", "1"), map("x-klmno", "1", "y"), elsewhere}) {
    const auto drift = run(git, again, other, other);
    ASSERT_EQ(drift.objects.size(), 2U) << other;
    EXPECT_EQ(drift.objects[0].kind, DriftClass::undeployed) << other;
    EXPECT_EQ(drift.objects[1].fields.at(0).note, "Git no longer declares this object") << other;
    EXPECT_TRUE(drift.warnings.empty()) << other;
  }
}

// Two random texts may begin and end alike, and of a time the day stays the same.
TEST_F(RandomNamesTest, WhatTwoRenderingsShareByChanceIsNoPartOfTheName) {
  for (const auto& [git, again, release] : {std::array{"x-abcde", "x-abfge", "x-klmno"},
                                            {"abcde-x", "fghie-x", "klmno-x"},
                                            {"x-abcde.y", "x-fghie.y", "x-klmno.y"},
                                            {"x-20261130-101500", "x-20261130-101501", "x-20261101-235959"},
                                            {"x2-20261130", "x2-20261131", "x2-20250101"},
                                            {"abcde", "abfgh", "klmno"}}) {
    const auto drift = run(map(git, "1"), map(again, "1"), map(release, "1"), map(release, "1"));
    EXPECT_EQ(told(drift), (Told{std::string(release) + " same"}));
  }
}

TEST_F(RandomNamesTest, EachStandsForWhatItIsCalledLike) {
  const auto drift = run(map("abcde", "1") + map("x-abcde", "1"), map("fghij", "1") + map("x-fghij", "1"),
                         map("x-klmno", "2") + map("klmno", "2"), map("klmno", "2") + map("x-klmno", "2"));
  EXPECT_EQ(drift.warnings.size(), 2U);
  auto lines = told(drift);
  std::sort(lines.begin(), lines.end());
  EXPECT_EQ(lines, (Told{"klmno same", "x-klmno same"}));
}

// Nobody knows what it is called, so it is neither there nor missing.
TEST_F(RandomNamesTest, WithoutAReleaseThereIsNoVerdict) {
  const auto s = map("s", "1", "s");
  const auto drift = run(s + map("x-abcde", "1"), s + map("x-fghij", "1"), "", s);
  EXPECT_EQ(told(drift), (Told{"s same"}));
  ASSERT_EQ(drift.problems.size(), 1U);
  EXPECT_EQ(drift.problems[0].code, "drift.random");
  EXPECT_EQ(drift.problems[0].message,
            "ConfigMap x-* of shop/templates/x.yaml cannot be looked for: the chart names it anew at each "
            "rendering, and no release says what it is called");
  EXPECT_EQ(exit_code(drift), 3);
}

TEST_F(RandomNamesTest, ARuleMaySayThatItIsWantedSo) {
  Value rule =
      Value::object({{"kind", "ConfigMap"}, {"name", "x-*"}, {"object", true}, {"reason", "made anew"}});
  Value list = Value::array();
  list.push_back(std::move(rule));
  rules_ = DriftRules::parse(list, "rules", "2026-11-30").value();
  const auto drift = run(map("x-abcde", "1"), map("x-fghij", "1"), "", map("s", "1"));
  EXPECT_EQ(told(drift), (Told{"x-abcde missing suppressed", "s extra"}));
  EXPECT_TRUE(drift.problems.empty());
}

// Helm takes it away when it has run.
TEST_F(RandomNamesTest, AHookThatHasRunIsTheSame) {
  const auto job = [](const std::string& name) {
    return "---\n# Source: shop/templates/x.yaml\napiVersion: batch/v1\nkind: Job\nmetadata:\n  name: " +
           name + "\n  annotations: {helm.sh/hook: pre-upgrade}\n";
  };
  const auto s = map("s", "1", "s");
  for (const auto& release : {s + job("x-klmno"), std::string()}) {
    const auto drift = run(s + job("x-abcde"), s + job("x-fghij"), release, s);
    EXPECT_EQ(told(drift),
              (Told{"s same", (release.empty() ? "x-abcde" : "x-klmno") + std::string(" same")}));
    EXPECT_EQ(exit_code(drift), 0);
  }
}

// Its name is random and everything about it is in order: it was found by lookup.
TEST_F(RandomNamesTest, ANameThatTheReleaseHasIsComparedAsAnyOther) {
  const auto drift =
      run(map("x-abcde", "1"), map("x-fghij", "1"), map("x-abcde", "1"), map("x-abcde", "by-hand"));
  ASSERT_EQ(told(drift), (Told{"x-abcde changed /data/k manual"}));
  EXPECT_EQ(drift.objects[0].fields[0].git, "1");
  EXPECT_TRUE(drift.warnings.empty());
}

}  // namespace assay::drift

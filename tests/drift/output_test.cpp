#include "drift/output.h"

#include <gtest/gtest.h>

#include "core/utf8.h"
#include "core/value.h"
#include "tests/support/golden.h"
#include "tests/support/sample_drift.h"
#include "tests/support/tool.h"

namespace assay::drift {
namespace {

testing::AssertionResult validates(const std::string& text) {
  const auto result = test::run_tool({"xmllint", "--noout", "--huge", "--schema",
                                      std::string(ASSAY_SOURCE_DIR) + "/reporters/junit.xsd", "-"},
                                     text);
  return result.exit_code == 0 ? testing::AssertionSuccess()
                               : testing::AssertionFailure() << result.output.substr(0, 2000);
}

// No byte that moves a cursor, no line that a log reader takes for a command, well-formed UTF-8.
testing::AssertionResult is_harmless(const std::string& text) {
  if (to_utf8(text) != text) return testing::AssertionFailure() << "not UTF-8";
  if (printable(text) != text) return testing::AssertionFailure() << "control characters";
  if (text.find("##[") != std::string::npos || text.find("##vso") != std::string::npos)
    return testing::AssertionFailure() << "a command of a log reader";
  for (std::size_t at = 0; at < text.size();) {
    const auto line = std::string_view(text).substr(at, text.find('\n', at) - at);
    const auto start = line.find_first_not_of(' ');
    if (start != std::string_view::npos && line.substr(start).starts_with("::"))
      return testing::AssertionFailure() << "a workflow command: " << line;
    at += line.size() + 1;
  }
  return testing::AssertionSuccess();
}

DriftReport one(DriftClass kind) {
  DriftReport report;
  ObjectDrift object;
  object.id = {"v1", "ConfigMap", "a", "b"};
  object.verdict = ObjectVerdict::changed;
  object.fields.resize(1);
  object.fields[0].path = "/data/x";
  object.fields[0].steps = test::field_steps("/data/x");
  object.fields[0].live = "\"1\"";
  object.fields[0].kind = kind;
  report.releases.resize(1);
  report.releases[0].objects.push_back(object);
  return report;
}

TEST(DriftText, Golden) { test::expect_golden("drift.txt", drift_text(test::sample_drift(), {})); }

TEST(DriftText, VerboseShowsWhatExplainsItself) {
  test::expect_golden("drift-verbose.txt", drift_text(test::sample_drift(), {true, false}));
}

TEST(DriftText, HostileTextMovesNothing) {
  EXPECT_TRUE(is_harmless(drift_text(test::hostile_drift(), {true, false})));
}

TEST(DriftJson, Golden) {
  const std::string text = drift_json(test::sample_drift());
  test::expect_golden("drift.json", text);
  const auto value = parse_json(text);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->get_int("assay"), 1);
  EXPECT_EQ(value->find("documents")->items().size(), 11U);
}

TEST(DriftJson, HostileTextIsStillJson) {
  const std::string text = drift_json(test::hostile_drift());
  EXPECT_EQ(to_utf8(text), text);
  const auto value = parse_json(text);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->find("documents")->items().size(), 8U);
}

TEST(DriftJson, AbsentIsNotNull) {
  DriftReport report = one(DriftClass::manual);
  report.releases[0].objects[0].fields[0].git = "null";
  const auto value = parse_json(drift_json(report));
  ASSERT_TRUE(value);
  const Value& field = value->find("documents")->items()[0].find("fields")->items()[0];
  ASSERT_NE(field.find("git"), nullptr);
  EXPECT_TRUE(field.find("git")->is_null());
  EXPECT_EQ(field.find("release"), nullptr);
}

TEST(DriftJunit, Golden) {
  const std::string text = drift_junit(test::sample_drift(), default_fail_on());
  test::expect_golden("drift-junit.xml", text);
  EXPECT_TRUE(validates(text));
}

TEST(DriftJunit, HostileTextLosesNothing) {
  const std::string text = drift_junit(test::hostile_drift(), default_fail_on());
  EXPECT_TRUE(validates(text));
  EXPECT_EQ(text.find("[[ATTACHMENT"), std::string::npos);
  EXPECT_TRUE(is_harmless(text));
}

TEST(DriftJunit, NothingComparedIsNotGreen) {
  DriftReport report;
  report.releases.resize(1);
  const std::string text = drift_junit(report, default_fail_on());
  EXPECT_TRUE(validates(text));
  EXPECT_NE(text.find("errors=\"1\""), std::string::npos) << text;
}

TEST(DriftJunit, NamesOfOneKindAreNumbered) {
  DriftReport report = one(DriftClass::controller);
  for (const auto* code : {"a", "a (2)", "a", "a"}) report.releases[0].problems.push_back({code, "x"});
  const std::string text = drift_junit(report, default_fail_on());
  for (const auto* name : {"problem a", "problem a (2)", "problem a (3)", "problem a (4)"}) {
    const auto quoted = "name=\"" + std::string(name) + "\"";
    const auto at = text.find(quoted);
    EXPECT_NE(at, std::string::npos) << name << "\n" << text;
    EXPECT_EQ(text.find(quoted, at + 1), std::string::npos) << name;
  }
}

TEST(DriftJunit, StaysBelowGitLabsLimit) {
  DriftReport report = one(DriftClass::manual);
  auto& objects = report.releases[0].objects;
  objects[0].fields[0].live = to_json(Value(std::string(100'000, '<')));
  objects.resize(5000, objects[0]);
  const std::string text = drift_junit(report, default_fail_on());
  EXPECT_LT(text.size(), 30'000'000U);
}

TEST(DriftDiff, Golden) { test::expect_golden("drift.diff", drift_diff(test::sample_drift())); }

TEST(DriftDiff, HostileTextStartsNoHunk) {
  const std::string text = drift_diff(test::hostile_drift());
  EXPECT_TRUE(is_harmless(text));
}

// `patch` reads it as what it is: the declared lines become the live ones.
TEST(DriftDiff, IsReadByPatch) {
  DriftReport report = one(DriftClass::manual);
  FieldDrift& field = report.releases[0].objects[0].fields[0];
  field.git = R"("a\nb\nc\n")";
  field.live = R"("a\nx\nc\n")";
  const auto result = test::run_tool(
      {"sh", "-c",
       "d=$(mktemp -d) && cat > $d/diff && printf 'data:\\n  x: |\\n    a\\n    b\\n    c\\n' > $d/from && "
       "patch -s $d/from $d/diff && cat $d/from && rm -r $d"},
      drift_diff(report));
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.output, "data:\n  x: |\n    a\n    x\n    c\n");
}

TEST(DriftExitCode, DriftThatCountsIsOne) {
  for (const DriftClass kind : default_fail_on())
    EXPECT_EQ(drift_exit_code(one(kind), default_fail_on(), false), 1) << name_of(kind);
  EXPECT_EQ(drift_exit_code(one(DriftClass::manual), {DriftClass::missing}, false), 0);
  EXPECT_EQ(drift_exit_code(one(DriftClass::deliberate), {DriftClass::deliberate}, false), 1);
}

// Case 28: suppressed lines still made the exit code 2.
TEST(DriftExitCode, Case28WhatIsSuppressedNeverCounts) {
  for (const DriftClass kind : {DriftClass::suppressed, DriftClass::controller, DriftClass::deliberate})
    EXPECT_EQ(drift_exit_code(one(kind), default_fail_on(), false), 0) << name_of(kind);
  EXPECT_EQ(drift_exit_code(one(DriftClass::suppressed), {DriftClass::suppressed}, false), 0);
}

TEST(DriftExitCode, NoVerdictIsThree) {
  DriftReport report = one(DriftClass::suppressed);
  report.unmanaged = {{"x", "y", "z"}};
  EXPECT_EQ(drift_exit_code(report, default_fail_on(), false), 3);
  EXPECT_EQ(drift_exit_code(report, default_fail_on(), true), 0);
  report.releases[0].problems = {{"drift.manifest", "cut"}};
  EXPECT_EQ(drift_exit_code(report, default_fail_on(), true), 3);
  report.releases[0].objects[0].fields[0].kind = DriftClass::manual;
  EXPECT_EQ(drift_exit_code(report, default_fail_on(), true), 1);
  DriftReport error = one(DriftClass::controller);
  error.releases[0].objects[0].verdict = ObjectVerdict::error;
  EXPECT_EQ(drift_exit_code(error, default_fail_on(), false), 3);
  EXPECT_EQ(drift_exit_code({}, default_fail_on(), false), 3);
}

TEST(DriftExitCode, AReleaseOfWhichNothingWasComparedIsNoGoodNews) {
  DriftReport report = one(DriftClass::controller);
  EXPECT_EQ(drift_exit_code(report, default_fail_on(), false), 0);
  report.releases.emplace_back();
  EXPECT_EQ(drift_exit_code(report, default_fail_on(), false), 3);
}

TEST(DriftExitCode, WhatCouldNotBeLookedForIsNoGoodNews) {
  DriftReport report = one(DriftClass::controller);
  report.problems = {{"kube.forbidden", "secrets may not be listed"}};
  EXPECT_EQ(drift_exit_code(report, default_fail_on(), true), 3);
  EXPECT_NE(drift_text(report, {}).find("kube.forbidden: secrets may not be listed"), std::string::npos);
  EXPECT_NE(drift_diff(report).find("# problem kube.forbidden: secrets may"), std::string::npos);
  EXPECT_EQ(parse_json(drift_json(report))->find("problems")->items().size(), 1U);
  const std::string junit = drift_junit(report, default_fail_on(), true);
  EXPECT_TRUE(validates(junit));
  EXPECT_NE(junit.find("errors=\"1\""), std::string::npos) << junit;
}

TEST(DriftRelease, EveryOutputSaysWhetherOneTookPart) {
  DriftReport report = one(DriftClass::manual);
  ReleaseDrift& release = report.releases[0];
  release.with_git = true;
  const auto says = [&](const std::string& text) {
    EXPECT_NE(drift_text(report, {}).find("  release  " + text + "\n"), std::string::npos)
        << drift_text(report, {});
    EXPECT_NE(drift_junit(report, default_fail_on()).find("\"assay.release\" value=\"" + text + "\""),
              std::string::npos)
        << drift_junit(report, default_fail_on());
    EXPECT_EQ(parse_json(drift_json(report))->find("releases")->items()[0].get_bool("with_release"),
              release.with_release);
  };
  says("none took part: Git stands for it");
  EXPECT_NE(drift_diff(report).find("# files: release none took part: Git stands for it\n"),
            std::string::npos);
  // Of --release-manifest: it has no revision and takes part all the same.
  release.with_release = true;
  release.status = "from a file";
  release.objects[0].fields[0].release = "\"2\"";
  says("from a file");
  EXPECT_EQ(drift_diff(report).find("took part"), std::string::npos);
  EXPECT_NE(drift_text(report, {}).find("git (none) | release \"2\" | live \"1\""), std::string::npos);
  // Alone, it is what is declared; also where Git was named and could not be read.
  release.with_git = false;
  release.git = "https://git.example.org/x.git@main";
  EXPECT_NE(drift_text(report, {}).find("      release \"2\" | live \"1\""), std::string::npos);
  EXPECT_NE(drift_diff(report).find("-  x: \"2\"\n+  x: \"1\"\n"), std::string::npos) << drift_diff(report);
}

TEST(DriftRelease, EveryOutputSaysThatNothingWasCompared) {
  DriftReport report;
  report.releases.resize(1);
  const std::string sentence = "nothing was there to compare";
  EXPECT_NE(drift_text(report, {}).find("  " + sentence + "\n"), std::string::npos) << drift_text(report, {});
  EXPECT_NE(drift_diff(report).find("# files: " + sentence + "\n"), std::string::npos) << drift_diff(report);
  EXPECT_NE(drift_junit(report, default_fail_on()).find(sentence), std::string::npos);
  EXPECT_EQ(parse_json(drift_json(report))->get_int("objects"), 0);
}

// A release's text that leaves an object out is no side of it.
TEST(DriftRelease, WithoutASayHasNoValue) {
  DriftReport report = one(DriftClass::manual);
  report.releases[0].with_git = report.releases[0].with_release = true;
  report.releases[0].objects[0].without_release = true;
  EXPECT_NE(drift_text(report, {}).find("      git (none) | live \"1\""), std::string::npos)
      << drift_text(report, {});
  EXPECT_EQ(drift_junit(report, default_fail_on()).find("  release "), std::string::npos);
}

TEST(DriftRules, WithoutAMatchAreToldInEveryOutput) {
  DriftReport report = one(DriftClass::controller);
  report.unmatched_rules = {"rules.yaml:3: matched nothing: <set by an operator>"};
  const std::string junit = drift_junit(report, default_fail_on());
  EXPECT_TRUE(validates(junit));
  EXPECT_NE(junit.find("name=\"drift rules\""), std::string::npos) << junit;
  EXPECT_NE(junit.find("<skipped message=\"rules.yaml:3: matched nothing: &lt;set by"), std::string::npos)
      << junit;
  EXPECT_NE(junit.find("failures=\"0\" errors=\"0\" skipped=\"1\""), std::string::npos) << junit;
  EXPECT_NE(drift_diff(report).find("# rule rules.yaml:3: matched nothing"), std::string::npos);
  EXPECT_NE(drift_text(report, {}).find("rule rules.yaml:3: matched nothing"), std::string::npos);
  EXPECT_NE(drift_json(report).find("rules.yaml:3: matched nothing"), std::string::npos);
  EXPECT_EQ(drift_exit_code(report, default_fail_on(), false), 0);
}

// One object in two releases of two clusters is two files.
TEST(DriftDiff, FilesAreToldApart) {
  DriftReport report = one(DriftClass::manual);
  report.releases.push_back(report.releases[0]);
  report.releases.push_back(report.releases[0]);
  const std::pair<const char*, const char*> names[] = {{"eu 1", "shop"}, {"us-1", "shop"}, {"us-1", "till"}};
  for (std::size_t i = 0; i < 3; ++i) {
    report.releases[i].context = names[i].first;
    report.releases[i].name = names[i].second;
    report.releases[i].ns = "prod";
    ObjectDrift same;
    same.id = {"v1", "ConfigMap", "a", "same"};
    report.releases[i].objects.push_back(same);
  }
  std::vector<std::string> files;
  const auto text = drift_diff(report);
  for (auto at = text.find("\n+++ "); at != std::string::npos; at = text.find("\n+++ ", at + 1))
    files.push_back(text.substr(at + 5, text.find('\n', at + 1) - at - 5));
  EXPECT_EQ(files, (std::vector<std::string>{"live/eu_1/prod/shop/v1/ConfigMap/a/b",
                                             "live/us-1/prod/shop/v1/ConfigMap/a/b",
                                             "live/us-1/prod/till/v1/ConfigMap/a/b"}));
}

}  // namespace
}  // namespace assay::drift

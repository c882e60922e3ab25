// The examples of docs/drift.md are what the program reads and writes.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/value.h"
#include "core/yaml.h"
#include "drift/output.h"
#include "drift/plan.h"
#include "drift/private_folder.h"
#include "drift/rules.h"

namespace assay::drift {
namespace {

std::string example(std::string_view language, const std::string& name = "drift.md") {
  std::ostringstream text;
  text << std::ifstream(std::string(ASSAY_SOURCE_DIR) + "/docs/" + name).rdbuf();
  const std::string page = text.str();
  const auto begin = page.find("```" + std::string(language) + "\n");
  if (begin == std::string::npos) return "";
  const auto start = page.find('\n', begin) + 1;
  return page.substr(start, page.find("```", start) - start);
}

TEST(DriftDocs, TheRulesAreRules) {
  const auto value = parse_yaml(example("yaml"), 1);
  ASSERT_TRUE(value) << value.error().message;
  const auto rules = DriftRules::parse(*value, "drift.md", "2026-11-03");
  ASSERT_TRUE(rules) << rules.error().front().message;
  EXPECT_EQ(rules->unmatched().size(), 3U);
  const Owner owner{"vpa-updater", "Update", "", "", {}};
  const ObjectId web{"apps/v1", "StatefulSet", "shop", "web"};
  const auto* rule =
      rules->match(web, {}, "/spec/template/spec/containers/name=a/resources/limits/cpu", {&owner});
  ASSERT_NE(rule, nullptr);
  EXPECT_EQ(rule->reason, "sized by the autoscaler");
  EXPECT_NE(rules->match_object({"v1", "ConfigMap", "shop", "cache-1"}, {}), nullptr);
}

TEST(DriftDocs, TheFileOfExpectationsLoads) {
  const auto folder = PrivateFolder::make().value();
  const auto path = folder.write("releases.yaml", example("yaml", "drift-sources.md"));
  ASSERT_TRUE(path);
  std::filesystem::create_directory(folder.path() + "/rules");
  ASSERT_TRUE(folder.write("rules/shop.yaml", example("yaml")));
  DriftPlanOptions options;
  options.today = "2026-11-03";
  std::vector<std::string> asked;
  options.resolve = [&](const Value& reference) -> Result<Secret> {
    asked.push_back(to_json(reference));
    return Secret("s");
  };
  Sources sources;
  Problems problems;
  const auto plan = load_drift_plan(*path, options, sources, problems);
  ASSERT_TRUE(problems.empty()) << render(problems.front(), sources);
  ASSERT_EQ(plan.entries.size(), 1U);
  const auto& check = plan.entries[0].check;
  EXPECT_EQ(check.release, "shop");
  EXPECT_EQ(check.git->text(), "https://git.example.org/charts.git@main:charts/shop");
  EXPECT_EQ(check.chart.sets, (std::vector<std::string>{"image.tag=1.2.3"}));
  EXPECT_FALSE(plan.entries[0].rules->empty());
  EXPECT_EQ(asked, (std::vector<std::string>{R"({"env":"GIT_TOKEN"})", R"({"file":"/secrets/git/key"})"}));
}

TEST(DriftDocs, TheJsonIsWhatIsWritten) {
  DriftReport report;
  report.started = "2026-11-03T10:00:00Z";
  ReleaseDrift& release = report.releases.emplace_back();
  release.name = "api";
  release.ns = "payments";
  release.context = "prod";
  release.git = "charts/api at main (3f2a9c1)";
  release.git_commit = "3f2a9c1d0000000000000000000000000000beef";
  release.with_git = release.with_release = true;
  release.revision = 7;
  release.status = "deployed";
  release.deployed = "2026-11-01T10:00:00Z";
  release.problems = {{"drift.manifest", "templates/x.yaml:3:1: not YAML"}};
  ObjectDrift& object = release.objects.emplace_back();
  object.id = {"apps/v1", "Deployment", "payments", "api"};
  object.verdict = ObjectVerdict::changed;
  object.source = "api/templates/deployment.yaml";
  FieldDrift& field = object.fields.emplace_back();
  field.path = "/spec/template/spec/containers/name=api/imagePullPolicy";
  field.git = field.release = "\"IfNotPresent\"";
  field.live = "\"Always\"";
  field.git_defaulted = field.release_defaulted = true;
  field.manager = "kubectl-edit";
  field.operation = "Update";
  field.time = "2026-11-03T09:12:44Z";
  report.unmanaged = {{"old", "payments", "prod"}};
  report.unmatched_rules = {"drift.yaml:14: matched nothing: Flux sets images"};
  const auto shown = parse_json(example("json"));
  const auto written = parse_json(drift_json(report));
  ASSERT_TRUE(shown) << shown.error().message;
  ASSERT_TRUE(written);
  EXPECT_EQ(*shown, *written) << to_json(*written, 2);
}

// Every class of the program has its row.
TEST(DriftDocs, HasEveryClass) {
  std::ostringstream text;
  text << std::ifstream(std::string(ASSAY_SOURCE_DIR) + "/docs/drift.md").rdbuf();
  for (const auto& name : drift_class_names()) {
    const std::string cell = "| `" + name + "` |";
    EXPECT_NE(text.str().find(cell), std::string::npos) << cell;
  }
}

}  // namespace
}  // namespace assay::drift

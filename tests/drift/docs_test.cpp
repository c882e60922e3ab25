// The examples of docs/drift.md are what the program reads and writes.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "core/value.h"
#include "core/yaml.h"
#include "drift/output.h"
#include "drift/rules.h"

namespace assay::drift {
namespace {

std::string example(std::string_view language) {
  std::ostringstream text;
  text << std::ifstream(std::string(ASSAY_SOURCE_DIR) + "/docs/drift.md").rdbuf();
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

TEST(DriftDocs, TheJsonIsWhatIsWritten) {
  DriftReport report;
  report.started = "2026-11-03T10:00:00Z";
  ReleaseDrift& release = report.releases.emplace_back();
  release.name = "api";
  release.ns = "payments";
  release.context = "prod";
  release.git = "charts/api at main (3f2a9c1)";
  release.git_commit = "3f2a9c1d0000000000000000000000000000beef";
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
  for (int i = 0; i < 9; ++i) {
    const std::string cell = "| `" + std::string(name_of(static_cast<DriftClass>(i))) + "` |";
    EXPECT_NE(text.str().find(cell), std::string::npos) << cell;
  }
}

}  // namespace
}  // namespace assay::drift

#include "drift/plan.h"

#include <gtest/gtest.h>

#include <fstream>

#include "drift/private_folder.h"

namespace assay::drift {
namespace {

class PlanTest : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_.path() + "/" + name) << text;
    return folder_.path() + "/" + name;
  }
  DriftPlan load(const std::string& text) {
    problems_.clear();
    DriftPlanOptions options;
    options.today = "2026-11-24";
    return load_drift_plan(write("releases.yaml", text), options, sources_, problems_);
  }
  // Everything that is wrong with it, as it is shown.
  std::string said(const std::string& text) {
    load(text);
    std::string all;
    for (const auto& problem : problems_) all += render(problem, sources_);
    return all;
  }

  PrivateFolder folder_ = PrivateFolder::make().value();
  Sources sources_;
  Problems problems_;
};

void expect_has(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

}  // namespace

TEST_F(PlanTest, Whole) {
  write("token", "s3cr3t\n");
  write("rules.yaml", "rules:\n- {kind: Deployment, path: /spec/replicas, reason: scaled by hand}\n");
  const auto plan = load(
      "releases:\n"
      "- name: shop\n  namespace: prod\n  context: eu\n  revision: 3\n  manager: terraform\n  rules: "
      "rules.yaml\n"
      "  git: {repo: 'https://git.example.org/x.git', ref: main, chart: charts/shop, values: [prod.yaml],\n"
      "        set: [a=b], token: {file: token}}\n"
      "- {name: till, namespace: prod, git: {chart: charts/till, values: [till.yaml]}, rules: rules.yaml}\n"
      "- {name: bare, namespace: prod}\n");
  ASSERT_TRUE(problems_.empty()) << render(problems_.front(), sources_);
  ASSERT_EQ(plan.entries.size(), 3U);
  const auto& shop = plan.entries[0].check;
  EXPECT_EQ(shop.release, "shop");
  EXPECT_EQ(shop.ns, "prod");
  EXPECT_EQ(shop.context, "eu");
  EXPECT_EQ(shop.manager, "terraform");
  EXPECT_EQ(shop.revision.number, 3);
  EXPECT_EQ(shop.git->text(), "https://git.example.org/x.git@main:charts/shop");
  EXPECT_EQ(shop.git->access.token.reveal(), "s3cr3t");
  EXPECT_EQ(shop.chart.values, (std::vector<std::string>{"prod.yaml"}));
  EXPECT_EQ(shop.chart.sets, (std::vector<std::string>{"a=b"}));
  const auto& till = plan.entries[1].check;
  EXPECT_EQ(till.git->path, folder_.path() + "/charts/till");
  EXPECT_EQ(till.chart.values, (std::vector<std::string>{folder_.path() + "/till.yaml"}));
  EXPECT_FALSE(plan.entries[2].check.git);
  EXPECT_EQ(plan.entries[0].rules, plan.entries[1].rules);
  EXPECT_FALSE(plan.entries[0].rules->empty());
  EXPECT_TRUE(plan.entries[2].rules->empty());
}

TEST_F(PlanTest, WhatIsWrongIsSaidWithItsPlace) {
  expect_has(said("releases: []\n"), "there are no releases");
  expect_has(said("release: []\n"), "has no release; did you mean releases?");
  expect_has(said("releases:\n- {name: a, namespace: b, chart: c}\n"), "releases.yaml:2:27");
  expect_has(said("releases:\n- {name: a}\n"), "releases needs namespace");
  expect_has(said("releases:\n- {name: a, namespace: b}\n- {name: a, namespace: b}\n"), "there twice");
  expect_has(said("releases:\n- {name: a, namespace: b, git: {repo: x}}\n"), "either a chart or a path");
  expect_has(said("releases:\n- {name: a, namespace: b, git: {chart: x, path: y}}\n"), "either a chart or a");
  expect_has(said("releases:\n- {name: a, namespace: b, git: {chart: x, ref: y}}\n"), "a ref needs a repo");
  expect_has(said("releases:\n- {name: a, namespace: b, git: {chart: x, ca: y}}\n"), "ca goes with a repo");
  expect_has(said("releases:\n- {name: a, namespace: b, git: {path: x, set: [a=b]}}\n"), "go with a chart");
  expect_has(said("releases:\n- {name: a, namespace: b, revision: 0}\n"), "a revision is");
  expect_has(said("releases:\n- {name: a, namespace: b, git: {repo: r, chart: c, token: {file: gone}}}\n"),
             "/gone");
  expect_has(said("releases:\n- {name: a, namespace: b, rules: none.yaml}\n"), "none.yaml cannot be read");
  expect_has(said("releases:\n- {name: a, namespace: b, rules: [{kind: x}]}\n"), "a rule needs a `reason`");
  expect_has(said("releases: [\n"), "releases.yaml:");
  expect_has(said("a: 1\na: 2\n"), "releases.yaml:2");
  Problems problems;
  load_drift_plan(folder_.path() + "/nothing.yaml", {}, sources_, problems);
  ASSERT_EQ(problems.size(), 1U);
  expect_has(problems[0].message, "No such file");
}

// What a cluster or Vault has is left for whoever can ask them.
TEST_F(PlanTest, SecretsOfAClusterAndOfVaultAreKeptAsReferences) {
  const auto plan = load(
      "releases:\n- name: a\n  namespace: b\n  git: {repo: r, chart: c, token: {secret: {namespace: n, name: "
      "s, "
      "key: k}},\n    key: {vault: {url: 'http://v', path: p, key: k, token: {file: t}, tls: {ca: "
      "ca.pem}}}}\n"
      "- {name: c, namespace: d, git: {repo: r, chart: c}}\n");
  ASSERT_TRUE(problems_.empty()) << render(problems_.front(), sources_);
  EXPECT_EQ(to_json(plan.entries[0].token), R"({"secret":{"namespace":"n","name":"s","key":"k"}})");
  EXPECT_EQ(to_json(plan.entries[0].key),
            R"({"vault":{"url":"http://v","path":"p","key":"k","token":{"file":")" + folder_.path() +
                R"(/t"},"tls":{"ca":")" + folder_.path() + R"(/ca.pem"}}})");
  EXPECT_TRUE(plan.entries[0].check.git->access.token.empty());
  EXPECT_TRUE(plan.entries[1].token.is_null());
}

TEST_F(PlanTest, AReferenceThatNamesNothingIsRefused) {
  for (const char* reference : {"{secret: {namespace: n, key: k}}", "{secret: {name: n}}", "{secret: s}",
                                "{vault: {use: v, path: p, key: k}}", "{vault: {url: u, path: p, key: k}}",
                                "{vault: {url: u, path: p, key: k, token: s3cr3t}}", "{vault: v}",
                                "{vault: {url: u, path: p, key: k, token: {secret: {name: n}}}}"}) {
    const auto text = said(
        std::string("releases:\n- name: a\n  namespace: b\n  git:\n    repo: r\n    chart: c\n    token: ") +
        reference + "\n");
    expect_has(text, "releases.yaml:7:");
    expect_has(text, "a reference to ");
    EXPECT_EQ(text.find("s3cr3t"), std::string::npos) << text;
  }
}

// A message shows the line that it is about: with stars for what should have been a reference.
TEST_F(PlanTest, NoMessageShowsASecret) {
  for (const char* git : {
           "{repo: r, chart: c, token: s3cr3t}",
           "{repo: r, chart: c, token: s3cr3t, chart2: x}",
           "{repo: r, token: s3cr3t}",
           "{repo: r, chart: c, key: 's3cr3t s3cr3t'}",
           "{repo: r, chart: c, token: [s3cr3t]}",
           "{repo: r, chart: c, token: s3cr3t",
           "{repo: 'https://user:s3cr3t@host/x.git', chart: c}",
           "{repo: 'https://user:s3cr3t@host/x.git'}",
           "\n    repo: r\n    chart: c\n    key: |\n      s3cr3t\n      s3cr3t\n    token: {s3cr3t",
       }) {
    const auto text = said(std::string("releases:\n- name: a\n  namespace: b\n  git: ") + git + "\n");
    expect_has(text, "releases.yaml:");
    EXPECT_EQ(text.find("s3cr3t"), std::string::npos) << text;
  }
  expect_has(said("releases:\n- {name: a, namespace: b, git: {repo: r, chart: c, token: s3cr3t}}\n"),
             "token: ******}}");
}

}  // namespace assay::drift

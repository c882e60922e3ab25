// The file that says what is expected where.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/secret.h"
#include "core/source.h"
#include "drift/check.h"
#include "drift/rules.h"

namespace assay::drift {

// One release of it:
//   - name: shop
//     namespace: prod
//     context: eu-1                      # else the one of the command line
//     git: {repo: "https://git.example.org/charts.git", ref: main, chart: charts/shop, values: [prod.yaml],
//           token: {env: GIT_TOKEN}}       # or {file:}, {secret:}, {vault:} with its url and token
//     rules: rules/shop.yaml             # or a list of rules
// Without `repo` the chart (or `path`, a file or folder of manifests) lies on this machine, and so do the
// values; relative paths start at the file's folder. With it they start at the repository's root. Without
// `git` the release stands for it.
struct DriftEntry {
  DriftCheck check;
  const DriftRules* rules = nullptr;  // never null
  // References of the repository's token and key that only a cluster or Vault can answer, for whoever has one
  // (read_reference); null: none.
  Value token, key;
};

struct DriftPlan {
  std::vector<DriftEntry> entries;
  std::vector<std::unique_ptr<DriftRules>> rules;  // each file's once; they outlive the reports
};

struct DriftPlanOptions {
  std::string today;  // YYYY-MM-DD, for rules that expire
  std::string rules;  // a file, for entries without rules of their own; empty: none
  std::function<Result<Secret>(const Value& reference)> resolve = read_local_reference;
};

// Reads a plan. Everything that is wrong with it is told in `problems`, with its place; then the plan is not
// to be used.
DriftPlan load_drift_plan(const std::string& path, const DriftPlanOptions& options, Sources& sources,
                          Problems& problems);

// Reads a file of rules: a list, or `rules:` with one. Empty where `path` is.
std::unique_ptr<DriftRules> load_drift_rules(const std::string& path, const std::string& today,
                                             Sources& sources, Problems& problems);

}  // namespace assay::drift

#include "drift/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "core/yaml.h"
#include "drift/plan_fields.h"
#include "drift/plan_text.h"

namespace assay::drift {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> texts_of(const Value& map, std::string_view key) {
  std::vector<std::string> texts;
  const auto* list = map.find(key);
  if (list == nullptr || !list->is_array()) return texts;
  for (const auto& item : list->items()) {
    if (item.is_string()) texts.push_back(item.string());
  }
  return texts;
}

std::optional<Value> read(const std::string& path, Sources& sources, Problems& problems) {
  const auto text = manifest_text(path);
  const auto file = sources.add(path, text ? without_secrets(*text) : std::string());
  if (!text) {
    problems.push_back({{file, 0, 0}, text.error().message, false});
    return std::nullopt;
  }
  auto root = parse_yaml(*text, file);
  if (!root) {
    problems.push_back(root.error());
    return std::nullopt;
  }
  return std::move(*root);
}

std::unique_ptr<DriftRules> parse_rules(const Value& list, const std::string& file, const std::string& today,
                                        Problems& problems) {
  auto rules = DriftRules::parse(list, file, today);
  if (rules) return std::make_unique<DriftRules>(std::move(*rules));
  problems.insert(problems.end(), rules.error().begin(), rules.error().end());
  return std::make_unique<DriftRules>();
}

// What a reference lacks that is read over the network; empty: nothing.
std::string lack_of(const Value& reference) {
  const auto& kind = reference.members().front().key;
  const auto& parts = reference.members().front().value;
  if (kind == "secret" && (parts.get("name").empty() || parts.get("key").empty()))
    return "a reference to a Secret is {secret: {name: NAME, key: KEY}}, with a namespace or without";
  if (kind != "vault") return {};
  const auto* token = parts.find("token");
  if (parts.get("url").empty() || parts.get("path").empty() || parts.get("key").empty() || token == nullptr ||
      !is_reference(*token))
    return "a reference to Vault is {vault: {url: URL, path: PATH, key: KEY, token: REFERENCE}}";
  return lack_of(*token);
}

class Loader {
 public:
  Loader(const std::string& path, const DriftPlanOptions& options, Sources& sources, Problems& problems)
      : path_(path),
        folder_(fs::path(path).parent_path()),
        options_(options),
        sources_(sources),
        problems_(problems) {}

  DriftPlan run() {
    plan_.rules.push_back(load_drift_rules(options_.rules, options_.today, sources_, problems_));
    const auto root = read(path_, sources_, problems_);
    if (!root) return std::move(plan_);
    const auto before = problems_.size();
    for (auto& problem : check_plan_fields(*root)) problems_.push_back(std::move(problem));
    if (problems_.size() > before) return std::move(plan_);
    const auto* releases = root->find("releases");
    if (releases == nullptr || !releases->is_array() || releases->items().empty()) {
      say(root->mark, "there are no releases");
      return std::move(plan_);
    }
    for (const auto& release : releases->items()) take(release);
    return std::move(plan_);
  }

 private:
  void say(Mark mark, std::string message) { problems_.push_back({mark, std::move(message), false}); }

  std::string here(const std::string& path) const {
    return path.empty() || fs::path(path).is_absolute() ? path : (folder_ / path).lexically_normal().string();
  }

  void take(const Value& release) {
    DriftEntry entry;
    auto& check = entry.check;
    check.release = release.get("name");
    check.ns = release.get("namespace");
    check.context = release.get("context");
    check.manager = release.get("manager", "helm");
    if (!seen_.insert({check.context, check.ns, check.release}).second)
      say(release.mark, fmt::format("release {} of namespace {} is there twice", check.release, check.ns));
    if (const auto* revision = release.find("revision"); revision != nullptr) take_revision(*revision, check);
    if (const auto* git = release.find("git"); git != nullptr) take_git(*git, entry);
    const auto* rules = release.find("rules");
    entry.rules = rules == nullptr ? plan_.rules.front().get() : rules_of(*rules);
    plan_.entries.push_back(std::move(entry));
  }

  void take_revision(const Value& revision, DriftCheck& check) {
    const auto text = revision.is_string() ? revision.string() : to_json(revision);
    const auto choice = parse_revision_choice(text);
    if (!choice) return say(revision.mark, "a revision is deployed, newest or a number from 1");
    check.revision = *choice;
  }

  // Files of a reference start where all others do.
  void from_here(Value& reference) const {
    if (auto* file = reference.find("file"); file != nullptr && file->is_string())
      *file = Value(here(file->string()));
    auto* vault = reference.find("vault");
    if (vault == nullptr) return;
    from_here(*vault->find("token"));
    auto* tls = vault->find("tls");
    for (const char* key : {"ca", "cert", "key"}) {
      auto* file = tls == nullptr ? nullptr : tls->find(key);
      if (file != nullptr && file->is_string()) *file = Value(here(file->string()));
    }
  }

  // What is not of this machine is left for `later`.
  Secret secret_of(const Value& git, std::string_view key, Value& later) {
    const auto* value = git.find(key);
    if (value == nullptr) return {};
    if (!is_reference(*value)) {
      say(value->mark,
          fmt::format("{} is a secret: write a reference, {{env: NAME}} or {{file: PATH}}", key));
      return {};
    }
    if (const auto lack = lack_of(*value); !lack.empty()) {
      say(value->mark, lack);
      return {};
    }
    auto reference = *value;
    from_here(reference);
    if (reference.find("env") == nullptr && reference.find("file") == nullptr) {
      later = std::move(reference);
      return {};
    }
    auto secret = options_.resolve(reference);
    if (!secret) {
      say(value->mark, secret.error().message);
      return {};
    }
    return std::move(*secret);
  }

  void take_git(const Value& git, DriftEntry& entry) {
    auto& check = entry.check;
    const auto repo = git.get("repo");
    const auto chart = git.get("chart");
    const auto path = git.get("path");
    if (chart.empty() == path.empty()) return say(git.mark, "git has either a chart or a path");
    if (!path.empty() && (git.find("values") != nullptr || git.find("set") != nullptr))
      return say(git.mark, "values and set go with a chart, and a path is none");
    if (without_password(repo) != repo)
      return say(git.mark, "repo has credentials in its URL: give the token by reference");
    if (repo.empty()) {
      for (const char* key : {"token", "user", "key", "known_hosts", "ca"}) {
        if (const auto* value = git.find(key); value != nullptr)
          return say(value->mark, fmt::format("{} goes with a repo", key));
      }
    }
    GitSide side;
    check.chart.values = texts_of(git, "values");
    check.chart.sets = texts_of(git, "set");
    side.access.token = secret_of(git, "token", entry.token);
    side.access.key = secret_of(git, "key", entry.key);
    side.access.user = git.get("user", side.access.user);
    side.access.known_hosts = here(git.get("known_hosts"));
    side.access.ca = here(git.get("ca"));
    if (repo.empty()) {
      if (git.find("ref") != nullptr) say(git.find("ref")->mark, "a ref needs a repo");
      side.path = here(chart.empty() ? path : chart);
      for (auto& file : check.chart.values) file = here(file);
    } else {
      const auto elsewhere = repo.find(':') != std::string::npos;
      side.revision =
          GitRevision{elsewhere ? repo : here(repo), git.get("ref", "HEAD"), chart.empty() ? path : chart};
    }
    check.git = std::move(side);
  }

  const DriftRules* rules_of(const Value& rules) {
    if (rules.is_string()) {
      const auto file = here(rules.string());
      const auto known = files_.find(file);
      if (known != files_.end()) return known->second;
      plan_.rules.push_back(load_drift_rules(file, options_.today, sources_, problems_));
      files_.emplace(file, plan_.rules.back().get());
    } else {
      plan_.rules.push_back(parse_rules(rules, path_, options_.today, problems_));
    }
    return plan_.rules.back().get();
  }

  const std::string path_;
  const fs::path folder_;
  const DriftPlanOptions& options_;
  Sources& sources_;
  Problems& problems_;
  DriftPlan plan_;
  std::set<std::tuple<std::string, std::string, std::string>> seen_;
  std::map<std::string, const DriftRules*> files_;
};

}  // namespace

DriftPlan load_drift_plan(const std::string& path, const DriftPlanOptions& options, Sources& sources,
                          Problems& problems) {
  return Loader(path, options, sources, problems).run();
}

std::unique_ptr<DriftRules> load_drift_rules(const std::string& path, const std::string& today,
                                             Sources& sources, Problems& problems) {
  if (path.empty()) return std::make_unique<DriftRules>();
  const auto root = read(path, sources, problems);
  if (!root) return std::make_unique<DriftRules>();
  const auto* list = root->is_object() ? root->find("rules") : &*root;
  if (list == nullptr || (root->is_object() && root->members().size() > 1)) {
    problems.push_back({root->mark, "a file of rules is a list, or `rules:` with a list", false});
    return std::make_unique<DriftRules>();
  }
  return parse_rules(*list, path, today, problems);
}

}  // namespace assay::drift

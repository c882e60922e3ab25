#include "engine/loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "core/yaml.h"
#include "engine/format.h"
#include "engine/loader_internal.h"
#include "engine/runbooks.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kMaxFile = 4 << 20;

class Loader {
 public:
  Loader(const LoadOptions& options, const Probes& probes) : options_(options), probes_(probes) {}

  Loaded run() {
    given();
    for (const std::string& path : options_.paths) add_path(path);
    for (std::size_t i = 0; i < files_.size(); ++i) follow_includes(i);
    std::vector<Draft> drafts;
    for (SuiteFile& file : files_) {
      fill_vars(file, given_, options_.lint, declared_, loaded_.problems);
      fill_defaults({file, loaded_.sources, loaded_.problems});
      take_suite(file);
      for (Draft& draft : expand(file, probes_, loaded_.sources, loaded_.problems)) {
        draft.included =
            file.tags.empty() ||
            std::any_of(draft.check.tags.begin(), draft.check.tags.end(), [&](const std::string& tag) {
              return std::find(file.tags.begin(), file.tags.end(), tag) != file.tags.end();
            });
        drafts.push_back(std::move(draft));
      }
    }
    unknown_sets();
    tie_needs(drafts, loaded_.problems);
    check_controls(drafts, loaded_.problems);
    check_runbooks(drafts);
    for (Draft& draft : drafts) {
      if (draft.included) loaded_.plan.checks.push_back(std::move(draft.check));
    }
    settle();
    return std::move(loaded_);
  }

 private:
  void say(Mark mark, std::string message) { loaded_.problems.push_back({mark, std::move(message), false}); }

  std::optional<Value> read_yaml(const std::string& path, std::uint32_t& file) {
    auto text = read_text(path, kMaxFile);
    if (!text) {
      file = loaded_.sources.add(path, "");
      say({file, 0, 0}, text.error().message);
      return std::nullopt;
    }
    file = loaded_.sources.add(path, *text);
    auto root = parse_yaml(*text, file, {kMaxFile, 500'000, 64});
    if (!root) {
      loaded_.problems.push_back(root.error());
      return std::nullopt;
    }
    return std::move(*root);
  }

  void given() {
    for (const std::string& path : options_.values) {
      std::uint32_t file = 0;
      const auto root = read_yaml(path, file);
      if (!root) continue;
      if (!root->is_object()) {
        say({file, 1, 1}, "a values file holds a map of variables");
        continue;
      }
      for (const Member& member : root->members()) given_.insert_or_assign(member.key, member.value);
    }
    for (const std::string& set : options_.sets) {
      const auto equals = set.find('=');
      if (equals == std::string::npos || equals == 0) {
        say({}, fmt::format("--set {}: write name=value", set));
        continue;
      }
      auto value = parse_yaml(std::string_view(set).substr(equals + 1), 0);
      // What is no YAML, or a number that would not print back, is simply the text.
      Value chosen = value && !value->is_null() ? *value : Value(set.substr(equals + 1));
      chosen.mark = {};
      set_names_.push_back(set.substr(0, equals));
      given_.insert_or_assign(set.substr(0, equals), std::move(chosen));
    }
  }

  void add_path(const std::string& path) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      add_file(path, true, {});
      return;
    }
    std::vector<std::string> found;
    list_folder(path, found);
    std::sort(found.begin(), found.end());
    std::size_t suites = 0;
    for (const std::string& file : found) suites += add_file(file, false, {}) ? 1U : 0U;
    if (suites == 0) say({}, fmt::format("{}: no file below this folder has `suite:`", path));
  }

  // The YAML files below a folder, links to folders aside. What cannot be read is a problem: a check that was
  // silently left out would look like one that passed.
  void list_folder(const std::string& path, std::vector<std::string>& found) {
    std::vector<std::string> folders = {path};
    while (!folders.empty()) {
      const std::string folder = std::move(folders.back());
      folders.pop_back();
      std::error_code error;
      for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
           entry.increment(error)) {
        const std::string extension = entry->path().extension().string();
        std::error_code unknown;
        if (entry->is_directory(unknown) && !entry->is_symlink(unknown)) {
          folders.push_back(entry->path().string());
        } else if (extension == ".yaml" || extension == ".yml") {
          if (!entry->is_directory(unknown)) found.push_back(entry->path().string());
        }
      }
      if (error) say({}, fmt::format("{}: cannot be read: {}", folder, error.message()));
    }
  }

  // True when the file is a suite. `required`: not being one is a problem.
  bool add_file(const std::string& path, bool required, Mark from,
                const std::vector<std::string>& tags = {}) {
    std::error_code error;
    const fs::path canonical = fs::weakly_canonical(path, error);
    const std::string key = error ? path : canonical.string();
    if (!seen_.insert(key).second) {
      // Wanted as a whole by one and in part by another, it is taken as a whole.
      for (SuiteFile& known : files_) {
        if (known.key != key) continue;
        if (tags.empty()) known.tags.clear();
        if (!known.tags.empty()) known.tags.insert(known.tags.end(), tags.begin(), tags.end());
      }
      return true;
    }
    std::uint32_t file = 0;
    const std::size_t before = loaded_.problems.size();
    auto root = read_yaml(path, file);
    if (!root) {
      if (from.known() && loaded_.problems.size() > before) {
        Problem& problem = loaded_.problems.back();
        // What has no place in the file is shown where the file is named.
        if (!problem.mark.known()) problem = {from, path + ": " + problem.message, false};
        problem.message += " (included)";
      }
      return false;
    }
    const bool is_suite = root->is_object() && root->find("suite") != nullptr;
    if (!is_suite) {
      if (!required) return false;
      if (root->is_null()) {
        say({file, 1, 1}, "the file is empty");
      } else if (!root->is_object()) {
        say({file, 1, 1}, "a suite is a map; this is " + std::string(root->kind_name()));
      } else {
        say(root->mark, "no suite: the key `suite:` is missing");
      }
      return false;
    }
    for (FieldProblem& problem : check_fields(*root, suite_fields(), "a suite"))
      say(problem.mark, std::move(problem.message));
    if (const Value* version = root->find("assay");
        version != nullptr && version->is_integer() && *version != Value(1)) {
      say(version->mark,
          fmt::format("format version {} is not known here; this assay reads version 1", to_json(*version)));
    }
    SuiteFile suite;
    suite.file = file;
    suite.path = path;
    suite.key = key;
    suite.tags = tags;
    suite.name = root->get("suite");
    if (root->find("checks") == nullptr && root->find("include") == nullptr)
      say(root->mark, "a suite needs checks, or files to include");
    if (suite.name.empty() || suite.name.find_first_of("/[]{}, \t") != std::string::npos) {
      say(root->find("suite")->mark, "a suite's name is a word without slash, comma, bracket or space");
    }
    for (const SuiteFile& other : files_) {
      if (other.name == suite.name)
        say(root->find("suite")->mark, fmt::format("the suite {} is in {} too", suite.name, other.path));
    }
    suite.root = std::move(*root);
    files_.push_back(std::move(suite));
    return true;
  }

  void follow_includes(std::size_t index) {
    const Value* include = files_[index].root.find("include");
    if (include == nullptr) return;
    const fs::path folder = fs::path(files_[index].path).parent_path();
    const Value list = *include;  // add_file may move the files
    if (!list.is_array()) return say(list.mark, "include takes a list of files");
    for (const Value& item : list.items()) {
      const Value* file = item.is_string() ? &item : item.find("file");
      std::vector<std::string> tags;
      if (const Value* wanted = item.find("tags"); wanted != nullptr && wanted->is_array()) {
        for (const Value& tag : wanted->items()) {
          if (tag.is_string()) tags.push_back(tag.string());
        }
      }
      const bool shaped =
          item.is_string() ||
          (item.is_object() && item.members().size() == (item.find("tags") != nullptr ? 2U : 1U));
      if (file == nullptr || !file->is_string() || !shaped ||
          (item.find("tags") != nullptr && tags.empty())) {
        say(item.mark, "an entry of include is a file, or {file: FILE, tags: [TAG, ...]}");
        continue;
      }
      add_file((folder / file->string()).string(), true, item.mark, tags);
    }
  }

  void take_suite(SuiteFile& file) {
    loaded_.plan.suites.push_back(file.name);
    if (const Value* written = file.root.find("deadline")) {
      const Value deadline = substitute(*written, file.vars, loaded_.problems, file.room);
      const auto parsed = deadline.is_string() ? parse_duration(deadline.string()) : std::nullopt;
      if (parsed && *parsed > Duration::zero()) {
        loaded_.plan.deadline = std::min(loaded_.plan.deadline.value_or(*parsed), *parsed);
      } else if (parsed) {
        say(written->mark, "a deadline is longer than nothing");
      } else if (is_open(*written) && !(file.open && is_open(deadline))) {
        say(written->mark,
            fmt::format("deadline takes a duration such as 45s, this is {}", to_json(deadline)));
      }
    }
    if (const Value* cap = file.defaults.find("perTarget"); cap != nullptr && cap->is_integer()) {
      if (cap->integer() < 1) {
        say(cap->mark, "perTarget is at least 1");
      } else {
        const int wanted = static_cast<int>(std::min<std::int64_t>(cap->integer(), 100'000));
        loaded_.per_target = std::min(loaded_.per_target.value_or(wanted), wanted);
      }
    }
  }

  // A runbook is a URL, or an entry of the runbooks.yaml that belongs to the file.
  void check_runbooks(const std::vector<Draft>& drafts) {
    std::map<std::string, Runbooks> read;  // by the path of runbooks.yaml
    std::map<std::string, std::string> path_of;
    for (const Draft& draft : drafts) {
      const Check& check = draft.check;
      if (check.runbook.empty() || is_url(check.runbook)) continue;
      if (!path_of.contains(check.file)) path_of[check.file] = find_runbooks(check.file);
      const std::string& path = path_of[check.file];
      if (path.empty()) {
        loaded_.problems.push_back(
            {draft.runbook_mark, fmt::format("no runbooks.yaml was found that could hold {}", check.runbook),
             true});
        continue;
      }
      if (!read.contains(path)) read[path] = read_runbooks(path, loaded_.sources, loaded_.problems);
      if (read[path].contains(check.runbook)) continue;
      std::vector<std::string> ids;
      for (const auto& [id, runbook] : read[path]) ids.push_back(id);
      const std::string hint = nearest(check.runbook, ids);
      say(draft.runbook_mark, fmt::format("{} has no runbook {}{}", path, check.runbook,
                                          hint.empty() ? "" : "; did you mean " + hint + "?"));
    }
  }

  void unknown_sets() {
    for (const std::string& name : set_names_) {
      if (declared_.contains(name) || files_.empty()) continue;
      const std::string hint = nearest(name, {declared_.begin(), declared_.end()});
      say({}, fmt::format("--set {}: no suite here declares that variable{}", name,
                          hint.empty() ? "" : "; did you mean " + hint + "?"));
    }
  }

  // Each problem once (a matrix would repeat it), in the order of files and lines.
  void settle() {
    Problems& problems = loaded_.problems;
    const auto key = [](const Problem& p) {
      return std::tuple(p.mark.file, p.mark.line, p.mark.column, p.message);
    };
    std::stable_sort(problems.begin(), problems.end(),
                     [&](const Problem& a, const Problem& b) { return key(a) < key(b); });
    problems.erase(std::unique(problems.begin(), problems.end(),
                               [&](const Problem& a, const Problem& b) { return key(a) == key(b); }),
                   problems.end());
    loaded_.ok = std::all_of(problems.begin(), problems.end(), [](const Problem& p) { return p.warning; });
  }

  const LoadOptions& options_;
  const Probes& probes_;
  Loaded loaded_;
  Vars given_;
  std::vector<std::string> set_names_;
  std::set<std::string> declared_;
  std::set<std::string> seen_;
  std::vector<SuiteFile> files_;
};

}  // namespace

Result<std::string> read_text(const std::string& path, std::size_t limit) {
  std::error_code error;
  if (fs::is_directory(path, error)) return fail("params.invalid", "setup", "this is a folder");
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail("params.invalid", "setup", std::string("cannot be read: ") + std::strerror(errno));
  std::string text;
  char buffer[65536];
  while (file.read(buffer, sizeof buffer) || file.gcount() > 0) {
    text.append(buffer, static_cast<std::size_t>(file.gcount()));
    if (text.size() > limit)
      return fail("params.invalid", "setup",
                  fmt::format("larger than {} bytes, which is the limit for such a file", limit));
  }
  return text;
}

Loaded load(const LoadOptions& options, const Probes& probes) { return Loader(options, probes).run(); }

}  // namespace assay

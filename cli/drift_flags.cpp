#include "cli/drift_flags.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "drift/sources.h"

namespace assay {
namespace {

struct Flag {
  const char* name;
  bool given;
};

// The first that is given.
template <class Flags>
const char* first_of(const Flags& flags) {
  const auto found =
      std::find_if(std::begin(flags), std::end(flags), [](const Flag& flag) { return flag.given; });
  return found == std::end(flags) ? nullptr : found->name;
}

// With a file, which says these things itself.
std::string wrong_with_file(const Args& args) {
  const auto& own = args.drift;
  const Flag flags[] = {{"--release", !own.release.empty()},
                        {"--git", !own.git.empty()},
                        {"--live", !own.live.empty()},
                        {"--release-manifest", !own.release_manifest.empty()},
                        {"--values", !args.values.empty()},
                        {"--set", !args.sets.empty()},
                        {"--namespace", !args.ns.empty()},
                        {"--revision", own.revision != "deployed"},
                        {"--manager", own.manager != "helm"},
                        {"--git-token-file", !own.git_token_file.empty()},
                        {"--git-key-file", !own.git_key_file.empty()},
                        {"--git-known-hosts", !own.git_known_hosts.empty()},
                        {"--git-ca", !own.git_ca.empty()}};
  const auto* flag = first_of(flags);
  if (flag == nullptr) return {};
  return std::string("a file of expectations says itself what is compared and how: leave out ") + flag +
         ", or the file";
}

// Flags of a source that there is not.
std::string wrong_with_git(const Args& args) {
  const auto& own = args.drift;
  const Flag chart[] = {{"--values", !args.values.empty()}, {"--set", !args.sets.empty()}};
  const Flag repository[] = {{"--git-token-file", !own.git_token_file.empty()},
                             {"--git-key-file", !own.git_key_file.empty()},
                             {"--git-known-hosts", !own.git_known_hosts.empty()},
                             {"--git-ca", !own.git_ca.empty()}};
  const auto side = drift::parse_git_side(own.git, {});
  std::error_code error;
  const auto no_chart = own.git.empty() || (!side.revision && std::filesystem::exists(side.path, error) &&
                                            !drift::is_chart(side.path));
  if (const auto* flag = first_of(chart); flag != nullptr && no_chart)
    return std::string(flag) +
           " goes with a chart: " + (own.git.empty() ? "give one by --git" : side.text() + " is none");
  if (const auto* flag = first_of(repository); flag != nullptr && !side.revision)
    return std::string(flag) + " goes with a repository: --git REPO@REV:PATH";
  return {};
}

// The first of the files and folders named that is not there.
std::string not_there(const Args& args) {
  const auto& own = args.drift;
  std::vector<std::pair<std::string, std::string>> named{{"--live", own.live},
                                                         {"--release-manifest", own.release_manifest}};
  // Those of a repository are seen once it is there.
  if (const auto side = drift::parse_git_side(own.git, {});
      !side.revision && side.path.find("://") == std::string::npos) {
    named.emplace_back("--git", side.path);
    for (const auto& file : args.values) named.emplace_back("--values", file);
  }
  for (const auto& [flag, path] : named) {
    if (path.empty()) continue;
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (!std::filesystem::exists(status)) {
      if (status.type() == std::filesystem::file_type::none)
        return flag + ": " + path + " cannot be looked at: " + error.message();
      const auto revision = flag == "--git" && path.find('@') != std::string::npos;
      return flag + ": " + path + " does not exist" + (revision ? " (a revision is REPO@REV:PATH)" : "");
    }
    if (flag != "--git" && std::filesystem::is_directory(status)) return flag + ": " + path + " is a folder";
    if (flag == "--values" && !std::filesystem::is_regular_file(status))
      return flag + ": " + path + " is no file: values are read more than once";
  }
  for (const auto& set : args.sets) {
    if (const auto equals = set.find('='); equals == std::string::npos || equals == 0)
      return "--set takes KEY=VALUE, and this is none: " + set;
  }
  return {};
}

// Flags of a cluster, where there is none, and of a release that is not read.
std::string wrong_with_dump(const Args& args) {
  const auto& own = args.drift;
  const Flag cluster[] = {
      {"--kubeconfig", !args.kubeconfig.empty()}, {"--as", !args.as.empty()},
      {"--as-group", !args.as_groups.empty()},    {"--token-file", !args.token_file.empty()},
      {"--revision", own.revision != "deployed"}, {"--secrets", own.secrets != "release"}};
  if (own.git.empty() && own.release_manifest.empty())
    return "nothing to compare --live with: give --git or --release-manifest";
  const auto* flag = first_of(cluster);
  if (flag == nullptr) return {};
  return std::string(flag) + " is for a cluster, and --live stands for it";
}

// A folder that is empty, or one that can be made.
bool takes_patches(std::filesystem::path path) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (fs::is_symlink(path, error) || fs::exists(path, error))
    return fs::is_directory(path, error) && fs::is_empty(path, error) && !error;
  path = fs::absolute(path, error);
  while (!fs::exists(path, error) && path.has_relative_path()) path = path.parent_path();
  return fs::is_directory(path, error);
}

std::string wrong_output(const Args& args) {
  const auto& own = args.drift;
  if (!own.patch.empty() && !takes_patches(own.patch))
    return "--patch takes a folder that is not there yet, or empty: " + own.patch;
  const auto only = args.json == "-"    ? "--json -"
                    : args.junit == "-" ? "--junit -"
                    : args.quiet        ? "--quiet"
                                        : nullptr;
  if (args.json == "-" && args.junit == "-") return "only one report can go to standard output";
  if (only != nullptr && args.format != "auto")
    return std::string("--format says what standard output holds, and with ") + only +
           " it holds nothing else";
  if (args.verbose && (args.quiet || args.format == "diff" || args.format == "json"))
    return "--verbose is for the text on standard output, which there is none of";
  if (own.fail_on.size() > 1 &&
      std::find(own.fail_on.begin(), own.fail_on.end(), "none") != own.fail_on.end())
    return "--fail-on none stands alone";
  return {};
}

}  // namespace

std::string wrong_drift_flags(const Args& args) {
  const auto& own = args.drift;
  if (!drift::parse_revision_choice(own.revision)) return "--revision is deployed, newest or a number from 1";
  if (auto wrong = wrong_output(args); !wrong.empty()) return wrong;
  if (!args.paths.empty()) return wrong_with_file(args);
  if (own.release.empty() && own.git.empty() && own.release_manifest.empty())
    return "nothing to compare: give a file of expectations, --release, or --git (see assay drift --help)";
  if (own.all_namespaces || own.allow_unmanaged)
    return std::string(own.all_namespaces ? "--all-namespaces" : "--allow-unmanaged") +
           " goes with a file of expectations";
  if (!own.release_manifest.empty() && own.live.empty())
    return "--release-manifest goes with --live: a cluster's releases are read from it";
  if (own.release.empty() && own.revision != "deployed") return "--revision is of a release: give --release";
  if (auto wrong = wrong_with_git(args); !wrong.empty()) return wrong;
  if (auto wrong = not_there(args); !wrong.empty()) return wrong;
  return own.live.empty() ? std::string() : wrong_with_dump(args);
}

}  // namespace assay

// The command line, read.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/time.h"

namespace assay {

enum class Command { run, agent, report, lint, list, explain, schema, drift };

// Of `assay drift` alone.
struct DriftArgs {
  std::string release;
  std::string git;
  std::string git_token_file;
  std::string git_key_file;
  std::string git_known_hosts;
  std::string git_ca;
  std::string live;
  std::string release_manifest;
  std::string revision = "deployed";
  std::string manager = "helm";
  std::string secrets = "release";
  std::string rules;
  std::string patch;
  std::vector<std::string> fail_on;
  bool all_namespaces = false;
  bool allow_unmanaged = false;
};

// One struct for all commands: a flag that a command does not have keeps its default.
struct Args {
  Command command = Command::run;
  std::vector<std::string> paths;  // suites, or the run's folder for `report`
  std::vector<std::string> values;
  std::vector<std::string> sets;
  std::vector<std::string> tags;
  std::vector<std::string> skip_tags;
  std::vector<std::string> only;
  std::string kubeconfig;
  std::string context;
  std::string ns;
  std::string as;
  std::vector<std::string> as_groups;
  std::string token_file;
  std::string image;              // assay's own, for jobs
  std::string image_pull_secret;  // for that image
  std::string out;
  int keep = 0;  // 0: nothing is pruned
  int jobs = 256;
  std::optional<int> per_target;
  Duration deadline = std::chrono::minutes(15);
  bool deadline_given = false;
  bool read_only = false;
  bool strict = false;
  std::string junit;
  std::string html;
  std::string json;
  std::string metrics;
  std::string format = "auto";
  std::optional<std::uint64_t> seed;
  bool quiet = false;
  bool verbose = false;
  bool dump = false;  // report --dump
  std::string name;   // list KIND, explain NAME
  DriftArgs drift;
};

// What to do instead of a command: print `text` and exit with `code` (help, version, a usage error).
struct EarlyExit {
  int code = 0;
  std::string text;
};

// Reads argv. Pure but for the terminal's width.
tl::expected<Args, EarlyExit> parse_args(int argc, const char* const* argv);

}  // namespace assay

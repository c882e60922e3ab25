// The only file that sees CLI11.
#include "cli/args.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <sstream>

#include "cli/version.h"
#include "core/utf8.h"
#include "drift/report.h"

namespace assay {
namespace {

constexpr const char* kExits =
    "Exit codes: 0 all as expected; 1 not as expected; 2 usage, a bad file, or a selection that leaves no "
    "check;\n"
    "3 could not tell; 130 or 143 interrupted or terminated, with the reports written.";

std::string check_duration(const std::string& text) {
  const auto duration = parse_duration(text);
  if (!duration || *duration <= Duration::zero()) return "write a duration such as 500ms, 45s or 15m";
  return {};
}

std::string check_seed(const std::string& text) {
  std::uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error != std::errc() || end != text.data() + text.size())
    return "write a whole number from 0 to 2^64-1";
  return {};
}

void suite_flags(CLI::App& app, Args& args) {
  app.add_option("--values", args.values, "File with variables; may be repeated, later ones win")
      ->type_name("FILE");
  app.add_option("--set", args.sets, "A variable; wins over files; may be repeated")->type_name("NAME=VALUE");
}

void selection_flags(CLI::App& app, Args& args) {
  app.add_option("--tag", args.tags, "Only checks with one of these tags, and what they need")
      ->type_name("TAG");
  app.add_option("--skip-tag", args.skip_tags, "No checks with one of these tags")->type_name("TAG");
  app.add_option("--only", args.only, "Only this check, and what it needs")->type_name("ID");
}

void cluster_flags(CLI::App& app, Args& args) {
  app.add_option("--kubeconfig", args.kubeconfig, "Instead of $KUBECONFIG and ~/.kube/config")
      ->type_name("FILE");
  app.add_option("--context", args.context, "Context of the kubeconfig; else its current one")
      ->type_name("NAME");
  app.add_option("-n,--namespace", args.ns, "Namespace where a check names none; else the context's")
      ->type_name("NAME");
  app.add_option("--as", args.as, "Impersonate this user")->type_name("USER");
  app.add_option("--as-group", args.as_groups, "Impersonate this group, too")->type_name("GROUP");
  app.add_option("--token-file", args.token_file, "Bearer token instead of the kubeconfig's credentials")
      ->type_name("FILE");
}

void vantage_flags(CLI::App& app, Args& args) {
  app.add_option("--image", args.image, "assay's own image, for checks that stand in a job")
      ->type_name("IMAGE");
  app.add_option("--image-pull-secret", args.image_pull_secret,
                 "Secret in the job's namespace for that image")
      ->type_name("NAME");
}

void report_flags(CLI::App& app, Args& args) {
  app.add_option("--junit", args.junit, "Copy of the JUnit report")->type_name("FILE");
  app.add_option("--html", args.html, "Copy of the HTML report")->type_name("FILE");
  app.add_option("--json", args.json, "Copy of the JSON summary")->type_name("FILE");
  app.add_option("--metrics", args.metrics, "Copy of the metrics in Prometheus' text format")
      ->type_name("FILE");
  app.add_option("--format", args.format, "What standard output holds")
      ->check(CLI::IsMember({"auto", "text", "github", "json"}))
      ->capture_default_str();
  app.add_flag("--strict", args.strict, "Warnings, flaky passes and skips by `when` count, too");
  app.add_flag("-q,--quiet", args.quiet, "Failures and the last line only");
  app.add_flag("-v,--verbose", args.verbose, "Every check as it is done");
}

// What a rule suppresses never counts.
std::vector<std::string> countable_classes() {
  auto names = drift::drift_class_names();
  std::erase(names, "suppressed");
  names.emplace_back("none");
  return names;
}

CLI::App* drift_flags(CLI::App& app, Args& args) {
  auto* drift = app.add_subcommand(
      "drift", "Compare what Git declares, the Helm release and the cluster, field by field");
  drift->add_option("PATH", args.paths, "File that says what is expected where (`releases:`)")
      ->expected(0, 1);
  auto& own = args.drift;
  drift->add_option("--release", own.release, "One release, by its name")->type_name("NAME");
  drift
      ->add_option("--git", own.git,
                   "What is declared: a chart, a file or folder of manifests, or REPO@REV:PATH")
      ->type_name("SOURCE");
  drift->add_option("--values", args.values, "Values file for the chart; may be repeated, later ones win")
      ->type_name("FILE");
  drift->add_option("--set", args.sets, "Value for the chart, as helm takes it; may be repeated")
      ->type_name("KEY=VALUE");
  drift->add_option("--git-token-file", own.git_token_file, "Token for a repository that is reached by https")
      ->type_name("FILE");
  drift->add_option("--git-key-file", own.git_key_file, "Private key for one that is reached by ssh")
      ->type_name("FILE");
  drift->add_option("--git-known-hosts", own.git_known_hosts, "Keys of hosts that are reached by ssh")
      ->type_name("FILE");
  drift->add_option("--git-ca", own.git_ca, "Authorities for https, instead of the system's")
      ->type_name("FILE");
  drift->add_option("--live", own.live, "Dump of live objects (YAML, JSON, NDJSON) instead of a cluster")
      ->type_name("FILE");
  drift
      ->add_option("--release-manifest", own.release_manifest,
                   "What `helm get manifest` printed, instead of the release")
      ->type_name("FILE");
  drift->add_option("--revision", own.revision, "Of the release: deployed, newest or a number")
      ->capture_default_str()
      ->type_name("N");
  drift->add_option("--manager", own.manager, "Field manager that Helm writes as")
      ->capture_default_str()
      ->type_name("NAME");
  drift
      ->add_option("--secrets", own.secrets,
                   "What is read of Secrets: none, Helm's own and others' metadata, or all")
      ->check(CLI::IsMember({"none", "release", "full"}))
      ->capture_default_str();
  drift->add_option("--rules", own.rules, "Differences that are known and wanted")->type_name("FILE");
  drift->add_option("--patch", own.patch, "Write patches that restore what is declared")->type_name("DIR");
  drift
      ->add_option("--fail-on", own.fail_on,
                   "Classes that count (default undeployed,manual,unrecorded,conflict,extra,missing); `none`")
      ->delimiter(',')
      ->check(CLI::IsMember(countable_classes()))
      ->type_name("CLASS");
  drift->add_flag("-A,--all-namespaces", own.all_namespaces, "Look for releases without an entry everywhere");
  drift->add_flag("--allow-unmanaged", own.allow_unmanaged, "Releases without an entry do not count");
  cluster_flags(*drift, args);
  drift->add_option("--json", args.json, "The report as JSON; - is standard output")->type_name("FILE");
  drift->add_option("--junit", args.junit, "The report as JUnit; - is standard output")->type_name("FILE");
  drift->add_option("--format", args.format, "What standard output holds: text, diff or json")
      ->check(CLI::IsMember({"auto", "text", "diff", "json"}));
  drift->add_flag("-q,--quiet", args.quiet, "Nothing on standard output");
  drift->add_flag("-v,--verbose", args.verbose, "What controllers write and what is the same, too");
  return drift;
}

}  // namespace

tl::expected<Args, EarlyExit> parse_args(int argc, const char* const* argv) {
  Args args;
  std::string deadline;
  std::uint64_t seed = 0;
  int per_target = 0;
  CLI::App app("assay tells whether shared infrastructure really works, with evidence.", "assay");
  app.footer(kExits);
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("assay ") + kVersion);
  app.get_formatter()->column_width(28);

  CLI::App* run = app.add_subcommand("run", "Run suites: files with `suite:`, or folders");
  run->add_option("PATH", args.paths, "Suites")->required();
  suite_flags(*run, args);
  selection_flags(*run, args);
  cluster_flags(*run, args);
  vantage_flags(*run, args);
  run->add_option("--out", args.out, "Folder for the run (default assay-runs/<UTC time>-<id>)")
      ->type_name("DIR");
  run->add_option("--keep", args.keep,
                  "Keep this many runs with the new one, and always the newest that was not all right")
      ->check(CLI::Range(1, 1000000))
      ->type_name("N");
  run->add_option("--jobs", args.jobs, "Attempts at once")
      ->check(CLI::Range(1, 2000))
      ->capture_default_str()
      ->type_name("N");
  CLI::Option* cap = run->add_option("--per-target", per_target,
                                     "Attempts at once for each address (16 for postgres.*, else 64)")
                         ->check(CLI::Range(1, 100000))
                         ->type_name("N");
  CLI::Option* limit =
      run->add_option("--deadline", deadline, "Bound of the whole run with its reports (default 15m)")
          ->check(check_duration)
          ->type_name("D");
  run->add_flag("--read-only", args.read_only, "Skip every check that writes");
  CLI::Option* seeded =
      run->add_option("--seed", seed, "Seed of everything random")->check(check_seed)->type_name("N");
  report_flags(*run, args);

  CLI::App* agent = app.add_subcommand(
      "agent", "Make attempts for a run elsewhere: orders on standard input, answers on standard output");
  CLI::Option* agent_limit =
      agent->add_option("--deadline", deadline, "When it ends at the latest (default 15m)")
          ->check(check_duration)
          ->type_name("D");

  CLI::App* report = app.add_subcommand("report", "Render a run's reports again, from its journal alone");
  report->add_option("RUN", args.paths, "The run's folder")->required()->expected(1);
  report->add_flag("--dump", args.dump, "Print the raw records as NDJSON");
  report_flags(*report, args);

  CLI::App* lint = app.add_subcommand("lint", "Check suites without running them");
  lint->add_option("PATH", args.paths, "Suites")->required();
  suite_flags(*lint, args);
  lint->add_flag("--strict", args.strict, "Warnings count, too");
  lint->add_option("--format", args.format, "text or github")
      ->check(CLI::IsMember({"auto", "text", "github", "json"}));

  CLI::App* list = app.add_subcommand("list", "List probes, matchers, reporters or codes");
  list->add_option("KIND", args.name, "What to list")
      ->required()
      ->check(CLI::IsMember({"probes", "matchers", "reporters", "codes"}));

  CLI::App* explain =
      app.add_subcommand("explain", "One probe, matcher, reporter or code, with parameters and an example");
  explain->add_option("NAME", args.name, "Its name")->required();

  CLI::App* drift = drift_flags(app, args);
  CLI::Option* drift_limit =
      drift->add_option("--deadline", deadline, "Bound of the whole comparison (default 15m)")
          ->check(check_duration)
          ->type_name("D");

  CLI::App* schema = app.add_subcommand("schema", "Print the JSON schema of suites, for editors");

  const auto early = [&](int code, const std::string& text) {
    return tl::unexpected<EarlyExit>(EarlyExit{code, text});
  };
  const std::string first = argc > 1 ? argv[1] : "";
  const auto commands = app.get_subcommands([](CLI::App*) { return true; });
  const bool known = first.empty() || first.starts_with('-') ||
                     std::any_of(commands.begin(), commands.end(),
                                 [&](const CLI::App* command) { return command->get_name() == first; });
  if (!known) {
    std::string names;
    for (const CLI::App* command : commands) names += (names.empty() ? "" : ", ") + command->get_name();
    return early(2, "assay: there is no command " + printable(first) + "; there are " + names + "\n");
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream problem;
    const int code = app.exit(error, out, problem);
    return early(code == 0 ? 0 : 2, code == 0 ? out.str() : problem.str());
  }
  if (*report) args.command = Command::report;
  if (*lint) args.command = Command::lint;
  if (*list) args.command = Command::list;
  if (*explain) args.command = Command::explain;
  if (*schema) args.command = Command::schema;
  if (*drift) args.command = Command::drift;
  if (*cap) args.per_target = per_target;
  if (*agent) args.command = Command::agent;
  if (*limit || *agent_limit || *drift_limit) {
    args.deadline = *parse_duration(deadline);
    args.deadline_given = true;
  }
  if (*seeded) args.seed = seed;
  return args;
}

}  // namespace assay

// assay drift
#include <fmt/format.h>

#include <set>

#include "cli/commands.h"
#include "cli/console_io.h"
#include "cli/drift_flags.h"
#include "cli/run_folder.h"
#include "cli/signals.h"
#include "core/process.h"
#include "core/process_setup.h"
#include "drift/check.h"
#include "drift/output.h"
#include "drift/patch.h"
#include "drift/plan.h"
#include "drift/unmanaged.h"
#include "engine/secrets.h"
#include "kube/kube.h"

namespace assay {
namespace {

using namespace drift;

constexpr int kUsage = 2;
constexpr int kCouldNotTell = 3;

int usage(const std::string& why) {
  complain(why);
  return kUsage;
}

// Clusters by their contexts, each configured when it is first asked for.
class Clusters {
 public:
  explicit Clusters(const Args& args) : args_(args) {}

  // The cluster of a context, of the command line's where it names none. Errors: kube.config.
  Result<DriftCluster*> get(const std::string& named) {
    auto& held = hold(named);
    const auto client = held.kube.client();
    if (!client) return Failure(client.error());
    if (!held.cluster) held.cluster.emplace(**client);
    return &*held.cluster;
  }
  Kube& kube(const std::string& named) { return hold(named).kube; }
  Network& network() { return network_; }

 private:
  struct Held {
    explicit Held(Network& network, KubeOptions options)
        : kube(network, std::move(options), process_environment()) {}
    Kube kube;
    std::optional<DriftCluster> cluster;
  };

  Held& hold(const std::string& named) {
    auto& held = all_[named.empty() ? args_.context : named];
    if (!held) {
      KubeOptions options;
      options.kubeconfig = args_.kubeconfig;
      options.context = named.empty() ? args_.context : named;
      options.as = args_.as;
      options.as_groups = args_.as_groups;
      options.token_file = args_.token_file;
      held = std::make_unique<Held>(network_, std::move(options));
    }
    return *held;
  }

  const Args& args_;
  Network network_;
  std::map<std::string, std::unique_ptr<Held>> all_;
};

// A report, in a file or on standard output.
bool write_file(const std::string& path, const std::string& text) {
  if (path == "-") {
    print(text);
    return true;
  }
  const auto written = replace_file(path, text);
  if (!written) complain(written.error().message);
  return written.has_value();
}

class DriftRun {
 public:
  DriftRun(const Args& args, const std::map<std::string, Secret>& taken) : args_(args), taken_(taken) {}

  int run() {
    if (const auto wrong = wrong_drift_flags(args_); !wrong.empty()) return usage(wrong);
    Sources sources;
    Problems problems;
    auto plan = make_plan(sources, problems);
    print_problems(problems, sources, "text");
    if (!problems.empty()) return kUsage;
    const auto schema = Schema::built_in();
    if (!schema) {
      complain(schema.error().message);
      return kCouldNotTell;
    }
    report_.started = format_utc(system_clock().utc());
    const auto signals = signal_descriptor();
    int signal = 0;
    {
      const SignalWatch watch(signals.get());
      const Context context(Deadline::in(args_.deadline), watch.stop());
      compare(plan, *schema, context);
      signal = watch.signal();
    }
    kill_all_running();
    for (const auto& rules : plan.rules) {
      const auto unmatched = rules->unmatched();
      report_.unmatched_rules.insert(report_.unmatched_rules.end(), unmatched.begin(), unmatched.end());
    }
    let_one_signal_pass(signal != 0);
    const auto written = write_reports();
    if (signal != 0) return 128 + signal;
    const auto code = drift_exit_code(report_, counts(), args_.drift.allow_unmanaged);
    return code == 0 && !written ? kCouldNotTell : code;
  }

 private:
  const DriftArgs& own() const { return args_.drift; }

  std::set<DriftClass> counts() const {
    if (own().fail_on.empty()) return default_fail_on();
    std::set<DriftClass> classes;
    for (const auto& name : own().fail_on) {
      if (const auto kind = drift_class(name)) classes.insert(*kind);
    }
    return classes;
  }

  // ---- what is to be compared

  DriftPlan make_plan(Sources& sources, Problems& problems) const {
    const DriftPlanOptions options{utc_today(), own().rules,
                                   [this](const Value& reference) { return read_local(reference, taken_); }};
    auto plan = args_.paths.empty() ? of_flags(options, sources, problems)
                                    : load_drift_plan(args_.paths.front(), options, sources, problems);
    for (auto& entry : plan.entries) {
      entry.check.secrets = secrets_read(own().secrets).value_or(SecretsRead::release);
      entry.check.keep_objects = !own().patch.empty();
    }
    return plan;
  }

  Secret secret_in(const std::string& file, Problems& problems) const {
    if (file.empty()) return {};
    auto secret = read_local_reference(Value::object({{"file", file}}));
    if (secret) return std::move(*secret);
    problems.push_back({{}, secret.error().message, false});
    return {};
  }

  DriftPlan of_flags(const DriftPlanOptions& options, Sources& sources, Problems& problems) const {
    DriftPlan plan;
    plan.rules.push_back(load_drift_rules(options.rules, options.today, sources, problems));
    DriftEntry entry;
    entry.rules = plan.rules.front().get();
    auto& check = entry.check;
    check.release = own().release;
    check.ns = args_.ns;
    check.with_release = !check.release.empty();
    check.revision = *parse_revision_choice(own().revision);
    check.manager = own().manager;
    check.chart.values = args_.values;
    check.chart.sets = args_.sets;
    check.release_file = own().release_manifest;
    check.live_file = own().live;
    if (!own().git.empty()) {
      GitAccess access;
      access.token = secret_in(own().git_token_file, problems);
      access.key = secret_in(own().git_key_file, problems);
      access.known_hosts = own().git_known_hosts;
      access.ca = own().git_ca;
      check.git = parse_git_side(own().git, std::move(access));
    }
    plan.entries.push_back(std::move(entry));
    return plan;
  }

  // ---- comparing

  void compare(DriftPlan& plan, const std::shared_ptr<const Schema>& schema, const Context& context) {
    Clusters clusters(args_);
    const auto key = MaskKey::random();
    for (auto& entry : plan.entries) {
      auto drift = one(entry, clusters, {schema, *entry.rules, key}, context);
      if (!drift) return;
      report_.releases.push_back(std::move(*drift));
    }
    if (!args_.paths.empty()) find_unmanaged(plan, clusters, context);
  }

  // The token and the key of a repository that a cluster or Vault has.
  Result<void> unlock(DriftEntry& entry, Clusters& clusters, const Context& context) const {
    const auto bound = context.within(std::chrono::seconds(10));
    for (const auto& [reference, secret] :
         {std::pair(&entry.token, &GitAccess::token), {&entry.key, &GitAccess::key}}) {
      if (reference->is_null()) continue;
      auto read =
          read_reference(*reference, taken_, clusters.network(), &clusters.kube(entry.check.context), bound);
      if (!read) return Failure(read.error());
      entry.check.git->access.*secret = std::move(*read);
    }
    return {};
  }

  Result<ReleaseDrift> one(DriftEntry& entry, Clusters& clusters, const DriftTools& tools,
                           const Context& context) const {
    auto& check = entry.check;
    if (check.context.empty()) check.context = args_.context;
    if (!check.live_file.empty()) return check_drift(check, nullptr, tools, context);
    const auto cluster = clusters.get(check.context);
    if (!cluster) {
      ReleaseDrift drift;
      drift.name = check.release;
      drift.ns = check.ns;
      drift.context = check.context;
      drift.manager = check.manager;
      drift.problems.push_back({cluster.error().code, cluster.error().message});
      return drift;
    }
    if (check.ns.empty()) check.ns = (*cluster)->client().access().ns;
    if (!args_.quiet && args_.paths.size() == 1)
      print_error(fmt::format("{}/{} ...\n", check.ns, check.release));
    const auto unlocked = unlock(entry, clusters, context);
    if (unlocked) return check_drift(check, *cluster, tools, context);
    // The release is compared all the same.
    const auto git = std::exchange(check.git, std::nullopt);
    auto drift = check_drift(check, *cluster, tools, context);
    if (!drift) return drift;
    drift->git = git->text();
    drift->problems.push_back({unlocked.error().code, "the secret of its repository could not be read: " +
                                                          unlocked.error().message});
    return drift;
  }

  // In the namespaces that the file names, or in all of its clusters. A cluster that cannot be had is said
  // already, with each of its releases.
  void find_unmanaged(const DriftPlan& plan, Clusters& clusters, const Context& context) {
    UnmanagedReleases unmanaged;
    for (const auto& entry : plan.entries) {
      if (const auto cluster = clusters.get(entry.check.context))
        unmanaged.cover((*cluster)->client().access(), entry.check.ns, entry.check.release);
    }
    for (const auto& entry : plan.entries) {
      if (const auto cluster = clusters.get(entry.check.context))
        unmanaged.look((*cluster)->client(), entry.check.context, own().all_namespaces ? "" : entry.check.ns,
                       own().secrets != "none", context, report_);
    }
  }

  // ---- saying it

  bool write_reports() const {
    auto written = true;
    if (!args_.json.empty()) written = write_file(args_.json, drift_json(report_)) && written;
    if (!args_.junit.empty()) {
      const auto text = drift_junit(report_, counts(), own().allow_unmanaged);
      written = write_file(args_.junit, text) && written;
    }
    if (!own().patch.empty()) written = write_patch_folder() && written;
    if (args_.quiet || args_.json == "-" || args_.junit == "-") return written;
    if (args_.format == "json") {
      print(drift_json(report_));
    } else if (args_.format == "diff") {
      print(drift_diff(report_));
    } else {
      print(drift_text(report_, {args_.verbose, terminal_options(args_.quiet, args_.verbose).color}));
    }
    return written;
  }

  bool write_patch_folder() const {
    const auto patches = make_patches(report_);
    for (const auto& skipped : patches.skipped) print_error(skipped + "\n");
    const auto done = write_patches(patches, own().patch);
    if (!done) complain(done.error().message);
    return done.has_value();
  }

  const Args& args_;
  const std::map<std::string, Secret>& taken_;
  DriftReport report_;
};

}  // namespace

int drift_command(const Args& args, const std::map<std::string, Secret>& taken) {
  return DriftRun(args, taken).run();
}

}  // namespace assay

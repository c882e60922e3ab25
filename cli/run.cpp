// assay run
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "cli/commands.h"
#include "cli/console_io.h"
#include "cli/probes.h"
#include "cli/run_folder.h"
#include "cli/signals.h"
#include "cli/version.h"
#include "core/process.h"
#include "core/process_setup.h"
#include "core/random.h"
#include "engine/job_vantage.h"
#include "engine/loader.h"
#include "engine/runner.h"
#include "engine/secrets.h"
#include "engine/vantage.h"
#include "journal/journal.h"
#include "kube/kube.h"
#include "reporters/reporter.h"

namespace assay {
namespace {

constexpr int kUsage = 2;
constexpr int kCouldNotTell = 3;
// Where assay looks for its own image unless --image or the suite says otherwise.
std::string default_image() { return std::string("docker.io/assay/assay:") + kVersion; }

std::string hex_id(std::uint64_t number) { return fmt::format("{:06x}", number & 0xffffff); }

// Part of the deadline that is kept for naming what was not run and for the reports, which take longer the
// more checks there are: 80 us each on two cores, after up to 60 ms for what is under way.
Duration report_reserve(Duration deadline, std::size_t checks) {
  const Duration grows = std::chrono::milliseconds(70) + std::chrono::microseconds(80) * checks;
  const Duration part = std::min<Duration>(deadline / 50, std::chrono::seconds(2));
  return std::min(std::max(part, grows), deadline / 4);
}

// Feeds one record to the results and to the console, under the journal's lock.
struct Live {
  Results results;
  std::unique_ptr<Reporter> console;
  void on(const Record& record) {
    results.on(record);
    if (console) console->on(record);
  }
};

std::unique_ptr<Reporter> make_console(const Args& args, const Results& results) {
  std::string name = args.format == "auto" ? "text" : args.format;
  ReportOptions options = terminal_options(args.quiet, args.verbose);
  return find_reporter(name)->make(results, print, options);
}

KubeOptions kube_options(const Args& args) {
  KubeOptions options;
  options.kubeconfig = args.kubeconfig;
  options.context = args.context;
  options.ns = args.ns;
  options.as = args.as;
  options.as_groups = args.as_groups;
  options.token_file = args.token_file;
  return options;
}

Value header(const std::string& id, std::uint64_t seed, const std::string& started, int argc,
             const char* const* argv) {
  Value command = Value::array();
  for (int i = 0; i < argc; ++i) command.push_back(argv[i]);
  return Value::object({{"format", "assay-journal"},
                        {"version", kJournalVersion},
                        {"assay", kVersion},
                        {"run", id},
                        {"seed", std::to_string(seed)},
                        {"started", started},
                        {"command", std::move(command)}});
}

// The plan as it is written down, and its ids taken over, so that what runs and what is recorded have the
// same names.
Value redacted_plan(Plan& plan, const Redactor& redactor) {
  for (Check& check : plan.checks) {
    check.id = redactor.redact(check.id);
    for (std::string& need : check.needs) need = redactor.redact(need);
    check.control = redactor.redact(check.control);
  }
  Value body = to_value(plan);
  redactor.redact(body);
  return body;
}

}  // namespace

int run_command(const Args& args, int argc, const char* const* argv,
                const std::map<std::string, Secret>& taken) {
  const TimePoint start = std::chrono::steady_clock::now();
  const Fd signals = signal_descriptor();
  const Probes probes = offered_probes();
  Loaded loaded = load({args.paths, args.values, args.sets, false}, probes);
  print_problems(loaded.problems, loaded.sources, args.format);
  if (!loaded.ok || (args.strict && !loaded.problems.empty())) return kUsage;
  Plan& plan = loaded.plan;
  const auto unmatched = select(plan, {args.tags, args.skip_tags, args.only, args.read_only});
  for (const std::string& word : unmatched) complain(word + " matches no check");
  if (plan.checks.empty()) complain("nothing is left to check");
  if (!unmatched.empty() || plan.checks.empty()) return kUsage;
  loaded.sources = {};  // there is nothing more to say about the files

  const std::uint64_t seed = args.seed.value_or(random_seed());
  const std::string id = hex_id(random_seed());
  const std::string started = format_utc(system_clock().utc());
  const auto folder = make_run_folder(args.out, started, id);
  if (!folder) {
    complain(folder.error().message);
    return kCouldNotTell;
  }

  Duration whole = args.deadline;
  if (plan.deadline) whole = args.deadline_given ? std::min(whole, *plan.deadline) : *plan.deadline;
  // Jobs are taken away within the deadline, too.
  const bool has_jobs = std::any_of(plan.checks.begin(), plan.checks.end(), [](const Check& check) {
    return check.skip.empty() && vantage_kind(check.from) == "job";
  });
  const Duration closing =
      has_jobs ? std::min<Duration>(std::chrono::seconds(2), whole / 10) : Duration::zero();
  const Deadline deadline(start + whole - closing - report_reserve(whole, plan.checks.size()));

  const std::string redactor_key = fmt::format("{:x}{:x}", random_seed(), random_seed());
  const Redactor redactor(redactor_key);
  SecretStore secrets;
  const auto network = std::make_shared<Network>();
  // A copy: it may be told by a thread that outlives this one's.
  const auto kube = std::make_shared<Kube>(
      *network, kube_options(args), process_environment(),
      [redactor](const Secret& credential, const std::string& name) { redactor.learn(credential, name); });
  // Before the first byte is written, a kubeconfig has told its secrets. That there is none matters only to
  // who asks for the cluster.
  [[maybe_unused]] const auto configured = kube->client();
  int early_signal = 0;
  {
    const SignalWatch watch(signals.get());
    resolve_references(plan, probes, secrets, redactor, network, Context(deadline, watch.stop()), taken,
                       kube.get());
    early_signal = watch.signal();
  }

  for (const std::string& name : redactor.weak()) {
    complain("the secret " + name +
             " is too short or too common to be kept out of every output; it is only where its place says "
             "that it is one");
  }

  auto journal = JournalWriter::create(*folder + "/journal.jsonl", start);
  if (!journal) {
    complain(journal.error().message);
    return kCouldNotTell;
  }
  auto live = std::make_unique<Live>();
  live->console = make_console(args, live->results);
  journal->listen([&live](const Record& record) { live->on(record); });
  Value head = header(id, seed, started, argc, argv);
  redactor.redact(head);
  if (!redactor.weak().empty()) {
    Value names = Value::array();
    for (const std::string& name : redactor.weak()) names.push_back(name);
    head["weak_secrets"] = std::move(names);
  }
  bool written = journal->append(kind::header, std::move(head)).has_value();
  written = journal->append(kind::plan, redacted_plan(plan, redactor)).has_value() && written;

  RunOptions options;
  options.run = id;
  options.kube = kube;
  options.jobs = args.jobs;
  options.per_target = args.per_target ? args.per_target : loaded.per_target;
  options.deadline = deadline;
  options.seed = seed;
  options.signal_fd = signals.get();
  options.signal = early_signal;
  options.budget_reason = "the run's deadline of " + format_duration(whole) + " passed";
  options.closing = closing;
  options.job = [&, vantages = 0](const std::vector<const Task*>& checks, std::shared_ptr<LocalShared> shared,
                                  HandIn hand_in) mutable -> std::unique_ptr<Executor> {
    return job_vantage({kube, id, ++vantages, args.image.empty() ? default_image() : args.image,
                        args.image_pull_secret, static_cast<std::size_t>(args.jobs), deadline, redactor_key},
                       checks, std::move(shared), std::move(hand_in));
  };
  if (auto* progress = dynamic_cast<Progress*>(live->console.get())) {
    options.started = [progress](std::string_view check, TimePoint at) { progress->started(check, at); };
    options.tick = [progress](TimePoint now) { progress->tick(now); };
  }
  const auto leave = [](int signal) {
    kill_all_running();
    ::_exit(128 + signal);
  };
  const RunOutcome outcome =
      run_plan(std::move(plan), probes, secrets, redactor, network, *journal, live->results, options, leave);
  kill_all_running();  // what attempts that were left behind have started

  Value end = Value::object();
  if (outcome.signal != 0) end["signal"] = outcome.signal;
  if (outcome.budget_spent) end["reason"] = options.budget_reason;
  written = journal->append(kind::end, std::move(end)).has_value() && written && !outcome.journal_failed;
  if (!written)
    complain(outcome.journal_error.empty() ? "the journal could not be written" : outcome.journal_error);
  let_one_signal_pass(outcome.signal != 0);
  const auto unwritten = write_reports(*folder, live->results, args);
  for (const std::string& problem : unwritten) complain(problem);
  if (args.keep > 0) prune_runs(*folder, args.keep);
  if (!args.quiet && args.format != "json") print_error("report: " + *folder + "\n");

  const int code = live->results.exit_code(args.strict);
  return code == 0 && (!written || !unwritten.empty()) ? kCouldNotTell : code;
}

}  // namespace assay

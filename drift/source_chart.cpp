// Manifests that a chart renders to.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "core/process.h"
#include "core/utf8.h"
#include "drift/cluster.h"
#include "drift/private_folder.h"
#include "drift/sources.h"

namespace assay::drift {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostOutput = 512U << 20;
constexpr std::size_t kMostMessage = 2000;

// Helm's message in one line, without the word in front and what it says of its flags.
std::string message_of(const ProcessResult& done) {
  std::string text = printable(done.error_output);
  if (const auto at = text.find("Error: "); at != std::string::npos) text.erase(0, at + 7);
  if (const auto at = text.find("\n\nUse --debug"); at != std::string::npos) text.resize(at);
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  std::replace(text.begin(), text.end(), '\t', ' ');
  if (text.empty())
    text = done.signal != 0 ? fmt::format("ended by signal {}", done.signal)
                            : fmt::format("ended with {}", done.exit_code);
  return shorten(text, kMostMessage);
}

class Chart : public ManifestSource {
 public:
  Chart(std::string path, ChartOptions options) : path_(std::move(path)), options_(std::move(options)) {}

  Result<Manifests> read(const Context& context) override {
    if (!is_chart(path_)) return fail("file.missing", "setup", path_ + " is no chart: it has no Chart.yaml");
    for (const auto& file : options_.values) {
      std::error_code error;
      if (!fs::exists(file, error)) return fail("file.missing", "setup", file + " does not exist");
      // Read more than once: for what the templates do, and by helm.
      if (!fs::is_regular_file(file, error))
        return fail("file.unreadable", "setup", file + " is no file: values are read more than once");
    }
    const auto traits = chart_traits(path_, options_.values, context);
    if (!traits) return Failure(traits.error());
    Manifests made;
    made.name = path_;
    if (const auto known = ask_capabilities(context, made); !known) return Failure(known.error());
    auto first = render(context, *traits, made);
    if (!first) return Failure(first.error());
    made.text = std::move(*first);
    if (!traits->random.empty()) {
      // Two renderings of one second would have the same time.
      if (const auto pause = context.pause(Deadline::in(std::chrono::milliseconds(1000)), "setup"); !pause)
        return Failure(pause.error());
      auto second = template_of(context, asked_cluster_);
      if (!second) return Failure(second.error());
      if (*second != made.text) made.again = std::move(*second);
    }
    return made;
  }

 private:
  // Whoever may read everything that is compared may still not read /version.
  Result<void> ask_capabilities(const Context& context, Manifests& made) {
    if (options_.cluster == nullptr) return {};
    auto version = options_.cluster->version(context);
    if (!version && !is_of_one_answer(version.error())) return Failure(version.error());
    auto kinds = options_.cluster->api_versions(context);
    if (!kinds) return Failure(kinds.error());
    if (version) kube_version_ = std::move(*version);
    if (!version) {
      made.warnings.push_back(
          "the chart is rendered for the version of Kubernetes that helm takes by itself, since the "
          "cluster's "
          "could not be read: " +
          version.error().message);
    }
    api_versions_ = std::move(*kinds);
    return {};
  }

  // With the cluster's objects for lookup, where it is used and they can be had.
  Result<std::string> render(const Context& context, const ChartTraits& traits, Manifests& made) {
    if (traits.lookups.empty()) return template_of(context, false);
    const auto places = fmt::format("the chart uses lookup ({})", fmt::join(traits.lookups, ", "));
    if (options_.cluster == nullptr) {
      made.warnings.push_back(places + ": rendered as for an empty cluster");
      return template_of(context, false);
    }
    asked_cluster_ = true;
    auto rendered = template_of(context, true);
    if (rendered) {
      made.warnings.push_back(places + ": rendered with what the cluster holds now");
      return rendered;
    }
    if (rendered.error().code != "drift.chart") return rendered;
    asked_cluster_ = false;
    auto alone = template_of(context, false);
    if (alone)
      made.warnings.push_back(places + ": rendered as for an empty cluster, since helm could not ask it: " +
                              rendered.error().message);
    return alone;
  }

  Result<std::string> template_of(const Context& context, bool with_cluster) const {
    std::vector<std::string> words = {"template", options_.release, path_, "--namespace", options_.ns};
    for (const auto& file : options_.values) words.insert(words.end(), {"--values", file});
    for (const auto& set : options_.sets) words.insert(words.end(), {"--set", set});
    if (options_.upgrade) words.emplace_back("--is-upgrade");
    if (!with_cluster) {
      words.emplace_back("--include-crds");
      if (!kube_version_.empty()) words.insert(words.end(), {"--kube-version", kube_version_});
      if (!api_versions_.empty())
        words.insert(words.end(), {"--api-versions", fmt::format("{}", fmt::join(api_versions_, ","))});
      return helm(context, std::move(words));
    }
    // What lies in crds/ belongs to no release, so a helm that asks the cluster refuses to take it over.
    auto definitions = helm(context, {"show", "crds", path_});
    if (!definitions) return definitions;
    const auto config = options_.cluster->kubeconfig();
    if (!config) return Failure(config.error());
    words.emplace_back("--dry-run=server");
    auto rendered = helm(context, std::move(words), *config);
    if (!rendered || definitions->empty()) return rendered;
    return *definitions + "\n---\n" + *rendered;
  }

  // What helm prints. `kubeconfig`, which may hold a key, is on a disk for as long as helm runs.
  Result<std::string> helm(const Context& context, std::vector<std::string> words,
                           const std::string& kubeconfig = {}) const {
    const auto home = PrivateFolder::make();
    if (!home) return Failure(home.error());
    std::string config = "/dev/null";
    if (!kubeconfig.empty()) {
      auto written = home->write("kubeconfig", kubeconfig);
      if (!written) return written;
      config = std::move(*written);
    }
    ProcessSpec spec;
    spec.argv = std::move(words);
    spec.argv.insert(spec.argv.begin(), "helm");
    // Settings, plugins and repositories of whoever calls are no part of what Git says.
    spec.without = {"HELM_", "KUBECONFIG="};
    spec.env = {{"HELM_CONFIG_HOME", home->path()}, {"HELM_CACHE_HOME", home->path()},
                {"HELM_DATA_HOME", home->path()},   {"HELM_PLUGINS", home->path()},
                {"HELM_NO_PLUGINS", "1"},           {"KUBECONFIG", config}};
    spec.max_output = kMostOutput;
    auto done = run_process(spec, context);
    if (!done && done.error().code == "command.missing")
      return fail("command.missing", "setup", "the program helm, which renders charts, is not in the PATH");
    if (!done) return Failure(done.error());
    if (done->exit_code != 0)
      return fail("drift.chart", "setup", path_ + " does not render: " + message_of(*done));
    if (done->output_truncated) return fail("drift.chart", "setup", path_ + " renders to more than 512 MiB");
    return std::move(done->output);
  }

  const std::string path_;
  const ChartOptions options_;
  std::string kube_version_;
  std::vector<std::string> api_versions_;
  bool asked_cluster_ = false;
};

}  // namespace

bool is_chart(const std::string& path) {
  std::error_code error;
  if (path.ends_with(".tgz")) return fs::is_regular_file(path, error);
  return fs::is_regular_file(path + "/Chart.yaml", error);
}

std::unique_ptr<ManifestSource> rendered_chart(std::string path, ChartOptions options) {
  return std::make_unique<Chart>(std::move(path), std::move(options));
}

}  // namespace assay::drift

#include "drift/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/text.h"
#include "drift/cluster_kinds.h"
#include "drift/detect.h"
#include "drift/random.h"
#include "drift/random_names.h"

namespace assay::drift {
namespace {

class Check {
 public:
  Check(const DriftCheck& check, DriftCluster* cluster, const DriftTools& tools, const Context& context)
      : check_(check), cluster_(cluster), tools_(tools), context_(context), schema_(tools.schema) {
    out_.name = check.release;
    out_.ns = check.ns;
    out_.context = check.context;
    facts_.manager = out_.manager = check.manager;
    facts_.keep_objects = check.keep_objects;
  }

  Result<ReleaseDrift> run() {
    if (const auto release = read_release_side(); !release) return Failure(release.error());
    if (const auto git = read_git_side(); !git) return Failure(git.error());
    if (!git_ && !release_) return finish();
    facts_.with_git = out_.with_git = git_.has_value();
    facts_.with_release = out_.with_release = release_.has_value();
    facts_.by_manifest = !facts_.with_git && release_ && !check_.release_file.empty();
    if (const auto schema = learn_kinds(); !schema) return Failure(schema.error());
    const auto compared = check_.live_file.empty() ? with_cluster() : with_dump();
    if (!compared) return Failure(compared.error());
    random_.apply(out_, facts_.with_release);
    names_.apply(out_);
    return finish();
  }

 private:
  // An error that ends this release's comparison, or all of them.
  Result<void> give_up(const Error& error, const std::string& what) {
    if (error.code == "harness.cancelled") return Failure(error);
    out_.problems.push_back({error.code, what + error.message});
    return {};
  }

  std::string namespace_of() const { return check_.ns.empty() ? "default" : check_.ns; }

  Result<Documents> documents_of(const Manifests& made) const {
    if (!made.file.empty()) return Documents::of_file(made.file, *schema_, namespace_of());
    return Documents::of_text(made.text, made.name, *schema_, namespace_of());
  }

  Result<void> take(Manifests made, std::optional<Manifests>& kept, std::optional<Documents>& documents) {
    // A pipe has its text once, and it is taken apart again where a kind is learned.
    std::error_code error;
    if (!made.file.empty() && !std::filesystem::is_regular_file(made.file, error)) {
      auto text = manifest_text(made.file);
      if (!text) return give_up(text.error(), "");
      made.text = std::move(*text);
      made.name = std::exchange(made.file, {});
    }
    auto read = documents_of(made);
    if (!read) return give_up(read.error(), "");
    out_.warnings.insert(out_.warnings.end(), made.warnings.begin(), made.warnings.end());
    documents = std::move(*read);
    kept = std::move(made);
    return {};
  }

  // ---- the release

  Result<void> read_release_side() {
    if (!check_.release_file.empty()) {
      std::error_code error;
      if (!std::filesystem::exists(check_.release_file, error))
        return give_up({"file.missing", "setup", check_.release_file + " does not exist", false}, "");
      out_.status = "from a file";
      Manifests made;
      made.name = made.file = check_.release_file;
      return take(std::move(made), release_text_, release_);
    }
    if (!check_.with_release || cluster_ == nullptr || check_.release.empty()) return {};
    Value seen = Value::object();
    Trace trace(seen);
    auto revisions = list_revisions(cluster_->client(), check_.ns, check_.release, context_, trace,
                                    check_.secrets != SecretsRead::none);
    if (!revisions) return give_up(revisions.error(), "the release could not be read: ");
    const auto* chosen = choose_revision(*revisions, check_.revision, out_.warnings);
    if (chosen == nullptr) {
      const auto which =
          check_.revision.kind == RevisionChoice::Kind::number
              ? fmt::format("revision {} of release {}", check_.revision.number, check_.release)
              : "release " + check_.release;
      return give_up(
          {"helm.no-release", "request",
           fmt::format("namespace {} holds no {}{}", check_.ns, which,
                       check_.secrets == SecretsRead::none ? " in a ConfigMap; Secrets are not read" : ""),
           false},
          "");
    }
    const auto release = read_release(cluster_->client(), *chosen, context_, trace);
    if (!release) return give_up(release.error(), "the release could not be read: ");
    out_.revision = release->revision;
    out_.status = release->status;
    out_.deployed = facts_.deployed = release->last_deployed;
    revision_ = facts_.revision = release->revision;
    if (const auto next = next_of(*revisions, *chosen); next != nullptr) {
      const auto later = read_release(cluster_->client(), *next, context_, trace);
      if (!later && later.error().code == "harness.cancelled") return Failure(later.error());
      if (later) facts_.superseded = later->last_deployed;
      // What it wrote passes as the chosen one's then.
      if (!later)
        out_.problems.push_back(
            {later.error().code, fmt::format("revision {}, which came after it, could not "
                                             "be read, and may have written, too: {}",
                                             next->revision, later.error().message)});
    }
    return take(manifests_of(*release), release_text_, release_);
  }

  // The revision that came after `chosen`, which may have failed half-way and written all the same.
  static const HelmRevision* next_of(const std::vector<HelmRevision>& revisions, const HelmRevision& chosen) {
    const HelmRevision* next = nullptr;
    for (const auto& one : revisions) {
      if (one.revision > chosen.revision) next = &one;
    }
    return next;
  }

  // ---- Git

  ChartOptions chart_options() const {
    auto options = check_.chart;
    if (!check_.release.empty()) options.release = check_.release;
    options.ns = namespace_of();
    options.upgrade = revision_ > 1;
    options.cluster = cluster_;
    return options;
  }

  Result<void> read_git_side() {
    if (!check_.git) return {};
    out_.git = check_.git->text();
    auto made = git_side(*check_.git, chart_options())->read(context_);
    if (!made) return give_up(made.error(), "");
    out_.git = made->name;
    out_.git_commit = made->commit;
    return take(std::move(*made), git_text_, git_);
  }

  // ---- kinds that no table knows

  void definitions_in(const std::optional<Documents>& documents, std::vector<Node>& found) {
    if (!documents) return;
    for (const auto& document : documents->all()) {
      if (document.id.kind != "CustomResourceDefinition") continue;
      texts_.push_back(std::make_unique<std::string>());
      if (const auto tree = documents->read(document, *texts_.back(), definitions_); tree)
        found.push_back(*tree);
    }
  }

  // Whether objects have namespaces is known by their kinds alone, so the documents are taken apart again
  // where there are new ones.
  Result<void> learn_kinds() {
    const auto before = schema_;
    std::vector<Node> found;
    definitions_in(git_, found);
    definitions_in(release_, found);
    if (!found.empty()) schema_ = schema_->with_crds(found);
    if (cluster_ != nullptr) {
      auto known = with_cluster_kinds(schema_, *cluster_, desired(), context_, out_.warnings);
      if (!known) return give_up(known.error(), "");
      schema_ = std::move(*known);
    }
    if (schema_ == before) return {};
    for (auto* side : {&git_, &release_}) {
      if (!*side) continue;
      auto again = documents_of(side == &git_ ? *git_text_ : *release_text_);
      if (!again) return give_up(again.error(), "");
      *side = std::move(*again);
    }
    return {};
  }

  Desired desired() const { return {git_ ? &*git_ : nullptr, release_ ? &*release_ : nullptr}; }

  // ---- comparing

  void find_random() {
    if (!git_text_ || git_text_->again.empty()) return;
    const auto second = Documents::of_text(git_text_->again, git_text_->name, *schema_, namespace_of());
    if (!second) return;
    random_ = RandomFields::between(*git_, *second, *schema_);
    names_ = RandomNames::between(*git_, *second);
    if (release_) facts_.without_git = names_.find_in(desired());
  }

  // "shop/crds/x.yaml", "shop/charts/db/crds/x.yaml": what lies in the folder crds/ of a chart.
  static bool is_in_crds(std::string_view source) {
    const auto next = [&] {
      const auto slash = source.find('/');
      if (slash == std::string_view::npos) return std::string_view();
      const auto folder = source.substr(0, slash);
      source.remove_prefix(slash + 1);
      return folder;
    };
    next();
    auto folder = next();
    while (folder == "charts" && !next().empty()) folder = next();
    return folder == "crds";
  }

  // `helm get manifest` prints neither hooks nor a chart's crds/, so a file of it says nothing of them.
  void find_left_out() {
    if (!git_ || !release_ || check_.release_file.empty()) return;
    Arena arena;
    for (const auto& document : git_->all()) {
      const auto key = document.id.key();
      if (release_->find(key) != nullptr) continue;
      std::string text;
      arena.reset();
      const auto in_crds = document.id.kind == "CustomResourceDefinition" && is_in_crds(document.source);
      const auto tree = in_crds ? Result<Node>(Node()) : git_->read(document, text, arena);
      if (in_crds || (tree && tree->find({"metadata", "annotations", "helm.sh/hook"}) != nullptr))
        facts_.without_release.insert(key);
    }
    if (facts_.without_release.empty()) return;
    out_.warnings.push_back(
        fmt::format("{} of Git {} not in {}: compared without the release, as of `helm get manifest`, which "
                    "prints no hooks and no crds/",
                    plural(facts_.without_release.size(), "object"),
                    facts_.without_release.size() == 1 ? "is" : "are", release_->name()));
  }

  Result<void> with_dump() {
    find_random();
    find_left_out();
    std::error_code error;
    if (!std::filesystem::exists(check_.live_file, error))
      return give_up({"file.missing", "setup", check_.live_file + " does not exist", false}, "");
    const auto live = Documents::of_file(check_.live_file, *schema_, namespace_of());
    if (!live) return give_up(live.error(), "");
    Arena arena;
    for (const auto& document : live->all()) {
      if (document.id.kind != "HorizontalPodAutoscaler") continue;
      std::string text;
      arena.reset();
      const auto tree = live->read(document, text, arena);
      if (tree) facts_.autoscaled.insert(scale_target(document.id, *tree));
      if (!tree) unread_autoscaler(tree.error().message);
    }
    const auto* doubt = live->doubt({"autoscaling/v2", "HorizontalPodAutoscaler", {}, {}});
    if (doubt != nullptr && !scalable(kinds_of(desired(), SecretsRead::none)).empty())
      unread_autoscaler(doubt->message);
    const Detector detector(schema_, tools_.rules, facts_, tools_.key);
    const auto done = detect(desired(), *live, detector, tools_.workers, context_, out_);
    if (!done) return give_up(done.error(), "");
    return {};
  }

  void unread_autoscaler(const std::string& why) {
    out_.warnings.push_back(
        "an autoscaler may not have been read, so what it scales looks changed by hand: " + why);
  }

  // Where something can be scaled.
  static std::set<std::string> scalable(const std::vector<LiveKind>& kinds) {
    std::set<std::string> namespaces;
    for (const auto& kind : kinds) {
      if (!kind.ns.empty() && (kind.kind == "Deployment" || kind.kind == "StatefulSet" ||
                               kind.kind == "ReplicaSet" || kind.kind == "ReplicationController"))
        namespaces.insert(kind.ns);
    }
    return namespaces;
  }

  Result<void> with_cluster() {
    find_random();
    const auto resources = cluster_->resources(context_);
    if (!resources) return give_up(resources.error(), "");
    LiveReader reader(cluster_->client(), **resources, check_.secrets, check_.release, check_.ns);
    const auto kinds = kinds_of(desired(), check_.secrets);
    auto autoscaled = reader.autoscaled(scalable(kinds), context_, out_.warnings);
    if (!autoscaled) return give_up(autoscaled.error(), "live objects could not be read: ");
    facts_.autoscaled = std::move(*autoscaled);
    const Detector detector(schema_, tools_.rules, facts_, tools_.key);
    LiveComparison comparison(desired(), detector);
    const auto read = reader.read(kinds, comparison, context_, out_);
    if (!read) return read;
    comparison.finish(out_);
    if (check_.secrets == SecretsRead::none) drop_secrets();
    return {};
  }

  void drop_secrets() {
    const auto dropped = std::erase_if(out_.objects, [](const ObjectDrift& object) {
      return object.id.kind == "Secret" && object.id.api_version == "v1";
    });
    if (dropped > 0)
      out_.warnings.push_back(fmt::format("{} Secret{} not looked at (--secrets none)", dropped,
                                          dropped == 1 ? " was" : "s were"));
  }

  Result<ReleaseDrift> finish() {
    const auto asked = !check_.release_file.empty() ||
                       (check_.with_release && cluster_ != nullptr && !check_.release.empty());
    out_.release_unread = asked && !out_.with_release;
    return std::move(out_);
  }

  const DriftCheck& check_;
  DriftCluster* cluster_;
  const DriftTools& tools_;
  const Context& context_;
  std::shared_ptr<const Schema> schema_;
  DeployFacts facts_;
  ReleaseDrift out_;
  int revision_ = 0;
  std::optional<Manifests> git_text_, release_text_;
  std::optional<Documents> git_, release_;
  Arena definitions_;
  std::vector<std::unique_ptr<std::string>> texts_;
  RandomFields random_;
  RandomNames names_;
};

}  // namespace

Result<ReleaseDrift> check_drift(const DriftCheck& check, DriftCluster* cluster, const DriftTools& tools,
                                 const Context& context) {
  return Check(check, cluster, tools, context).run();
}

}  // namespace assay::drift

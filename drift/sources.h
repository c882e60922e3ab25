// Where the desired sides come from.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/context.h"
#include "core/result.h"
#include "core/secret.h"
#include "kube/release.h"

namespace assay::drift {

// Manifests as text, with what they are called.
struct Manifests {
  std::string name;    // "charts/infra at main (3f2a9c1)", "desired.yaml"
  std::string commit;  // of a Git revision
  std::string text;    // documents with "# Source:" comments; hooks and crds/ included
  std::string file;    // where they are one file on this machine: its path, and `text` is empty
  std::string again;   // a second rendering of a chart that makes something new each time; empty: none
  std::vector<std::string> warnings;
};

// One place that manifests come from. Errors say what could not be had and why; drift.chart: helm's own
// message, with its file; drift.git: git's own; file.missing, file.unreadable; deadline, harness.cancelled.
class ManifestSource {
 public:
  virtual ~ManifestSource() = default;
  virtual Result<Manifests> read(const Context& context) = 0;
};

// ---- files

// A file, or a folder with all .yaml, .yml and .json files in and below it, in the order of their paths;
// hidden ones are left out, and symbolic links to folders with a warning. What is called so and is no file,
// or a link that leads to none, is file.unreadable.
std::unique_ptr<ManifestSource> manifest_files(std::string path);
// The whole of one file. Errors: file.missing, file.unreadable.
Result<std::string> manifest_text(const std::string& path);

// ---- charts

class DriftCluster;

// How a chart is rendered; nothing of it is of use to other sources.
struct ChartOptions {
  std::string release = "release-name";
  std::string ns = "default";
  std::vector<std::string> values;  // files
  std::vector<std::string> sets;    // "key=value", as helm's --set
  bool upgrade = false;             // .Release.IsUpgrade instead of .Release.IsInstall
  // What templates see in .Capabilities, and where lookup finds objects; asked when a chart is rendered and
  // not before. Null: what helm has of itself, and nothing. A version that may not be read is helm's own,
  // too, and that is a warning.
  DriftCluster* cluster = nullptr;
};

// A folder with a Chart.yaml, or a packed chart, rendered by the program `helm` with its hooks and CRDs. Asks
// no network for anything but that cluster. Where its templates use functions that make something new each
// time (random texts, certificates, the time), it is rendered twice, so that what differs can be told apart.
std::unique_ptr<ManifestSource> rendered_chart(std::string path, ChartOptions options);
bool is_chart(const std::string& path);

// What a chart's templates do that a rendering outside of an install cannot repeat.
struct ChartTraits {
  std::vector<std::string> lookups;  // "templates/secret.yaml:3"
  std::vector<std::string> random;   // "randAlphaNum in templates/secret.yaml:7"
};
// Links are followed, and every folder is looked at once. Errors: deadline, harness.cancelled.
Result<ChartTraits> chart_traits(const std::string& path, const std::vector<std::string>& values,
                                 const Context& context);

// ---- Git

// What stands in "REPO@REV:PATH".
struct GitRevision {
  std::string repository;  // a folder, or a URL (https, ssh, file, or user@host:path)
  std::string ref = "HEAD";
  std::string path;  // in it; empty: the whole
};
// Nothing where `text` is not of that form.
std::optional<GitRevision> parse_git_revision(const std::string& text);

// A repository for messages and reports: without the password in its URL, and without the user of any URL but
// one of ssh, which may be a token.
std::string without_password(std::string url);

// How to get in. A token is given to the host of an https URL alone, and then no redirect is followed; a host
// that is reached by ssh is believed only by `known_hosts`.
struct GitAccess {
  Secret token;
  std::string user = "x-access-token";  // that a token goes with
  Secret key;                           // a private key of ssh
  std::string known_hosts;              // a file
  std::string ca;                       // a file with authorities for https, instead of the system's
};

// One revision, checked out into a private folder without hooks, filters, submodules or the configuration of
// system and user.
class GitCheckout {
 public:
  // Errors: drift.git, with git's own message.
  static Result<GitCheckout> make(const GitRevision& revision, const GitAccess& access,
                                  const Context& context);
  GitCheckout(GitCheckout&&) noexcept;
  GitCheckout& operator=(GitCheckout&&) noexcept;
  ~GitCheckout();

  const std::string& path() const;
  const std::string& commit() const;  // in full

 private:
  struct Data;
  explicit GitCheckout(std::unique_ptr<Data> data);
  std::unique_ptr<Data> data_;
};

// ---- the side that Git stands for

// Manifests or a chart, here or in a repository.
struct GitSide {
  std::string path;  // here; not used with a revision
  std::optional<GitRevision> revision;
  GitAccess access;
  // For messages and reports: "charts/shop", "https://git.example.org/x.git@main:charts/shop"; no secret.
  std::string text() const;
};
// Of "REPO@REV:PATH", or of a path on this machine where something is there, or where it is not of that form.
GitSide parse_git_side(const std::string& text, GitAccess access);
// `options.values` that are no absolute paths start at the repository's root where there is one. Errors of
// its read() also: params.invalid where there are values for what is no chart.
std::unique_ptr<ManifestSource> git_side(GitSide side, ChartOptions options);

// ---- the release

// Which of a release's revisions.
struct RevisionChoice {
  enum class Kind { deployed, newest, number };
  Kind kind = Kind::deployed;  // the newest that is deployed; where none is, the newest at all
  int number = 0;
};
// "deployed", "newest" or a number.
std::optional<RevisionChoice> parse_revision_choice(const std::string& text);

// The manifests of a release as its hooks, its templates and its chart's own crds/ were stored.
Manifests manifests_of(const HelmRelease& release);

// Of the revisions of one release, newest first, the one that is meant, or null. What is to be known of the
// others (a newer one that failed or is pending) is said in `warnings`.
const HelmRevision* choose_revision(const std::vector<HelmRevision>& revisions, const RevisionChoice& choice,
                                    std::vector<std::string>& warnings);

}  // namespace assay::drift

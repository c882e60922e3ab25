// The side that Git stands for: manifests or a chart, here or of a revision.
#include <fmt/format.h>

#include <filesystem>

#include "drift/sources.h"

namespace assay::drift {
namespace {

namespace fs = std::filesystem;

Failure refused(std::string why) { return fail("drift.git", "setup", std::move(why)); }

// What cannot be read, and why.
class Refused : public ManifestSource {
 public:
  explicit Refused(Failure why) : why_(std::move(why)) {}
  Result<Manifests> read(const Context&) override { return why_; }

 private:
  const Failure why_;
};

std::unique_ptr<ManifestSource> local(const std::string& path, ChartOptions options) {
  if (is_chart(path)) return rendered_chart(path, std::move(options));
  std::error_code error;
  if (fs::exists(path, error) && (!options.values.empty() || !options.sets.empty()))
    return std::make_unique<Refused>(
        fail("params.invalid", "setup", path + " is no chart, and takes no values"));
  return manifest_files(path);
}

class Revision : public ManifestSource {
 public:
  Revision(GitSide side, ChartOptions options) : side_(std::move(side)), options_(std::move(options)) {}

  Result<Manifests> read(const Context& context) override {
    const auto& revision = *side_.revision;
    auto checkout = GitCheckout::make(revision, side_.access, context);
    if (!checkout) return Failure(checkout.error());
    const auto within = [&](const std::string& path) {
      return path.empty() ? checkout->path() : checkout->path() + "/" + path;
    };
    for (const auto& part : fs::path(revision.path)) {
      if (part == "..") return refused(revision.path + " leads out of the repository");
    }
    std::error_code error;
    if (!fs::exists(within(revision.path), error))
      return refused(fmt::format("{} at {} has no {}", without_password(revision.repository), revision.ref,
                                 revision.path));
    auto options = options_;
    for (auto& file : options.values) {
      if (!fs::path(file).is_absolute()) file = within(file);
    }
    auto made = local(within(revision.path), std::move(options))->read(context);
    if (!made) {
      auto error_of = made.error();
      shorten_paths(error_of.message, checkout->path());
      return Failure(std::move(error_of));
    }
    if (!made->file.empty()) {
      // The checkout is gone when this returns.
      auto text = manifest_text(made->file);
      if (!text) return Failure(text.error());
      made->text = std::move(*text);
      made->file.clear();
    }
    for (auto& warning : made->warnings) shorten_paths(warning, checkout->path());
    made->commit = checkout->commit();
    made->name = side_.text() + " (" + made->commit.substr(0, 12) + ")";
    return made;
  }

 private:
  static void shorten_paths(std::string& text, const std::string& root) {
    for (auto at = text.find(root + "/"); at != std::string::npos; at = text.find(root + "/", at))
      text.erase(at, root.size() + 1);
    for (auto at = text.find(root); at != std::string::npos; at = text.find(root, at))
      text.replace(at, root.size(), "the repository");
  }

  const GitSide side_;
  const ChartOptions options_;
};

}  // namespace

std::string GitSide::text() const {
  if (!revision) return path.find("://") == std::string::npos ? path : without_password(path);
  return without_password(revision->repository) + "@" + revision->ref +
         (revision->path.empty() ? "" : ":" + revision->path);
}

GitSide parse_git_side(const std::string& text, GitAccess access) {
  GitSide side;
  side.path = text;
  side.access = std::move(access);
  std::error_code error;
  if (!fs::exists(text, error)) side.revision = parse_git_revision(text);
  return side;
}

std::unique_ptr<ManifestSource> git_side(GitSide side, ChartOptions options) {
  if (side.revision) return std::make_unique<Revision>(std::move(side), std::move(options));
  if (side.path.find("://") != std::string::npos)
    return std::make_unique<Refused>(
        refused(side.text() + " is a URL without a revision: write REPO@REV:PATH"));
  return local(side.path, std::move(options));
}

}  // namespace assay::drift

// Manifests in files.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "drift/sources.h"

namespace assay::drift {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool is_manifest(const fs::path& path) {
  const auto extension = path.extension();
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

Failure unreadable(const std::string& path) {
  const int why = errno;
  return fail(why == ENOENT ? "file.missing" : "file.unreadable", "setup",
              path + " cannot be read: " + std::strerror(why));
}

class Files : public ManifestSource {
 public:
  explicit Files(std::string path) : path_(std::move(path)) {}

  Result<Manifests> read(const Context& context) override {
    Manifests found;
    found.name = path_;
    std::error_code error;
    const auto status = fs::status(path_, error);
    if (status.type() == fs::file_type::not_found)
      return fail("file.missing", "setup", path_ + " does not exist");
    if (!fs::is_directory(status)) {
      found.file = path_;
      return found;
    }
    auto files = list(found.warnings);
    if (!files) return Failure(files.error());
    if (files->empty()) return fail("drift.manifest", "setup", path_ + " holds no .yaml, .yml or .json file");
    for (const auto& file : *files) {
      if (!fs::is_regular_file(file, error))
        return fail("file.unreadable", "setup", file.string() + " is no file, or a link that leads to none");
      if (const auto time = context.check("setup"); !time) return Failure(time.error());
      if (const auto added = add(file, found.text); !added) return Failure(added.error());
    }
    return found;
  }

 private:
  Result<std::vector<fs::path>> list(std::vector<std::string>& warnings) const {
    std::vector<fs::path> files;
    std::error_code error;
    fs::recursive_directory_iterator walk(path_, error);
    const fs::recursive_directory_iterator end;
    while (!error && walk != end) {
      if (walk->path().filename().string().starts_with('.')) {
        walk.disable_recursion_pending();
      } else if (walk->is_symlink(error) && walk->is_directory(error)) {
        warnings.push_back(walk->path().string() + " is a link to a folder, and is not followed");
      } else if (!is_manifest(walk->path()) && walk->is_symlink(error) && !walk->exists(error)) {
        warnings.push_back(walk->path().string() + " is a link that leads nowhere");
      } else if (is_manifest(walk->path()) && !walk->is_directory(error)) {
        // Also one that is none or leads nowhere: what it should declare is not to be missed without a word.
        files.push_back(walk->path());
      }
      error.clear();
      walk.increment(error);
    }
    if (error) return fail("file.unreadable", "setup", path_ + " cannot be read: " + error.message());
    std::sort(files.begin(), files.end());
    return files;
  }

  Result<void> add(const fs::path& file, std::string& text) const {
    const auto content = manifest_text(file.string());
    if (!content) return Failure(content.error());
    std::string_view own = *content;
    if (own.starts_with(kByteOrderMark)) own.remove_prefix(kByteOrderMark.size());
    text += "---\n# Source: " + file.lexically_relative(path_).generic_string() + "\n";
    text += own;
    if (!own.ends_with('\n')) text += '\n';
    return {};
  }

  const std::string path_;
};

}  // namespace

Result<std::string> manifest_text(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return unreadable(path);
  std::ostringstream content;
  if (stream.peek() != std::ifstream::traits_type::eof()) content << stream.rdbuf();
  if (stream.bad() || content.bad()) return unreadable(path);
  return std::move(content).str();
}

std::unique_ptr<ManifestSource> manifest_files(std::string path) {
  return std::make_unique<Files>(std::move(path));
}

}  // namespace assay::drift

// What a chart's templates do that cannot be repeated.
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "drift/sources.h"
#include "kube/gunzip.h"

namespace assay::drift {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostText = 64U << 20;

// Of Sprig and Helm (https://helm.sh/docs/chart_template_guide/function_list/).
constexpr auto kRandom = std::to_array<std::string_view>({"ago",
                                                          "bcrypt",
                                                          "encryptAES",
                                                          "genCA",
                                                          "genCAWithKey",
                                                          "genPrivateKey",
                                                          "genSelfSignedCert",
                                                          "genSelfSignedCertWithKey",
                                                          "genSignedCert",
                                                          "genSignedCertWithKey",
                                                          "htpasswd",
                                                          "now",
                                                          "randAlpha",
                                                          "randAlphaNum",
                                                          "randAscii",
                                                          "randBytes",
                                                          "randInt",
                                                          "randNumeric",
                                                          "shuffle",
                                                          "uuidv4"});

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

class Scan {
 public:
  // Looks at every action, "{{ ... }}", of a text.
  void text(const std::string& name, std::string_view text) {
    for (std::size_t at = text.find("{{"); at != std::string_view::npos; at = text.find("{{", at)) {
      const auto end = std::min(text.find("}}", at), text.size());
      action(name, text, at, end);
      at = end;
    }
  }
  ChartTraits traits;

 private:
  void action(const std::string& name, std::string_view text, std::size_t at, std::size_t end) {
    const auto comment = text.find("/*", at);
    if (comment != std::string_view::npos && comment <= at + 4) return;
    while (at < end) {
      if (!is_word(text[at])) {
        ++at;
        continue;
      }
      const auto begin = at;
      while (at < end && is_word(text[at])) ++at;
      // ".Values.now" and "$now" are no functions.
      if (begin > 0 && (text[begin - 1] == '.' || text[begin - 1] == '$')) continue;
      const auto word = text.substr(begin, at - begin);
      const auto random = std::find(kRandom.begin(), kRandom.end(), word) != kRandom.end();
      if (word != "lookup" && !random) continue;
      const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(begin), '\n');
      const auto place = name + ":" + std::to_string(line);
      if (random) {
        traits.random.push_back(std::string(word) + " in " + place);
      } else {
        traits.lookups.push_back(place);
      }
    }
  }
};

std::string read_all(const fs::path& path) {
  const std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return std::move(content).str();
}

void scan_file(Scan& scan, const fs::path& path, const std::string& name) {
  std::error_code error;
  if (const auto size = fs::file_size(path, error); error || size > kMostText) return;
  const auto content = read_all(path);
  if (path.extension() != ".tgz") {
    scan.text(name, content);
    return;
  }
  // A packed chart: lines of the archive mean nothing, so only that it does so is told.
  const auto unpacked = gunzip(content, kMostText);
  if (!unpacked) return;
  Scan inner;
  inner.text(name, *unpacked);
  for (auto& [from, to] : {std::pair(&inner.traits.lookups, &scan.traits.lookups),
                           std::pair(&inner.traits.random, &scan.traits.random)}) {
    for (auto& one : *from) to->push_back(one.substr(0, one.rfind(':')));
  }
}

}  // namespace

ChartTraits chart_traits(const std::string& path, const std::vector<std::string>& values) {
  Scan scan;
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    scan_file(scan, path, fs::path(path).filename().string());
  } else {
    std::vector<fs::path> files;
    fs::recursive_directory_iterator walk(path, fs::directory_options::follow_directory_symlink, error);
    for (const fs::recursive_directory_iterator end; !error && walk != end; walk.increment(error)) {
      if (walk.depth() > 32) walk.disable_recursion_pending();
      if (walk->is_regular_file(error)) files.push_back(walk->path());
    }
    std::sort(files.begin(), files.end());
    for (const auto& file : files) {
      const auto name = file.lexically_relative(path).generic_string();
      if (name.starts_with("templates/") || name.find("/templates/") != std::string::npos ||
          file.extension() == ".tgz" || file.filename() == "values.yaml")
        scan_file(scan, file, name);
    }
  }
  for (const auto& file : values) scan_file(scan, file, file);
  for (auto* list : {&scan.traits.lookups, &scan.traits.random}) {
    list->erase(std::unique(list->begin(), list->end()), list->end());
  }
  return std::move(scan.traits);
}

}  // namespace assay::drift

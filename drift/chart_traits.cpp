// What a chart's templates do that cannot be repeated.
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <tuple>

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

void scan_file(Scan& scan, const fs::path& path, const std::string& name) {
  std::error_code error;
  if (const auto size = fs::file_size(path, error); error || size > kMostText) return;
  const auto content = manifest_text(path.string());
  if (!content) return;  // helm says what is wrong with it
  if (path.extension() != ".tgz") {
    scan.text(name, *content);
    return;
  }
  // A packed chart: lines of the archive mean nothing, so only that it does so is told.
  const auto unpacked = gunzip(*content, kMostText);
  if (!unpacked) return;
  Scan inner;
  inner.text(name, *unpacked);
  for (auto& [from, to] : {std::pair(&inner.traits.lookups, &scan.traits.lookups),
                           std::pair(&inner.traits.random, &scan.traits.random)}) {
    for (auto& one : *from) to->push_back(one.substr(0, one.rfind(':')));
  }
}

// The files of a chart that are templates or may hold some. Links are followed, as helm does, but no folder
// is looked at twice, wherever links lead: once as a place of templates, once as any other.
class ChartFiles {
 public:
  explicit ChartFiles(const Context& context) : context_(context) {}

  // What lies in and below `folder`, which is called `name` ("", "templates/a/").
  Result<void> find(const std::string& folder, const std::string& name, bool templates) {
    if (const auto time = context_.check("setup"); !time) return time;
    struct stat status {};
    if (::stat(folder.c_str(), &status) != 0 ||
        !visited_.insert({status.st_dev, status.st_ino, templates}).second)
      return {};
    std::error_code error;
    fs::directory_iterator walk(folder, error);
    for (const fs::directory_iterator end; !error && walk != end; walk.increment(error)) {
      const auto own = walk->path().filename().string();
      std::error_code unknown;  // of a link that leads nowhere
      if (walk->is_directory(unknown)) {
        const auto below = find(folder + "/" + own, name + own + "/", templates || own == "templates");
        if (!below) return below;
      } else if (walk->is_regular_file(unknown) &&
                 (templates || own.ends_with(".tgz") || own == "values.yaml")) {
        files_.push_back(name + own);
      }
    }
    return {};
  }

  std::vector<std::string> sorted() {
    std::sort(files_.begin(), files_.end());
    return std::move(files_);
  }

 private:
  const Context& context_;
  std::set<std::tuple<dev_t, ino_t, bool>> visited_;
  std::vector<std::string> files_;
};

}  // namespace

Result<ChartTraits> chart_traits(const std::string& path, const std::vector<std::string>& values,
                                 const Context& context) {
  Scan scan;
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    scan_file(scan, path, fs::path(path).filename().string());
  } else {
    ChartFiles files(context);
    if (const auto found = files.find(path, "", false); !found) return Failure(found.error());
    for (const auto& file : files.sorted()) {
      if (const auto time = context.check("setup"); !time) return Failure(time.error());
      scan_file(scan, path + "/" + file, file);
    }
  }
  for (const auto& file : values) scan_file(scan, file, file);
  for (auto* list : {&scan.traits.lookups, &scan.traits.random}) {
    list->erase(std::unique(list->begin(), list->end()), list->end());
  }
  return std::move(scan.traits);
}

}  // namespace assay::drift

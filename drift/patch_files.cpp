#include "drift/patch_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/fd.h"
#include "core/text.h"
#include "drift/patch.h"

namespace assay::drift {
namespace {

constexpr std::size_t kLongest = 200;

Failure cannot(const std::string& what, const std::string& path) {
  const int number = errno;
  return fail("drift.patch", "",
              fmt::format("cannot {} {}: {}", what, one_line(path), std::strerror(number)));
}

// Makes the folder `name` in the one that is open, and opens it.
Result<Fd> open_folder(int parent, const std::string& name, const std::string& shown) {
  if (::mkdirat(parent, name.c_str(), 0750) != 0 && errno != EEXIST) return cannot("make", shown);
  Fd fd(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (fd.get() < 0) return cannot("open", shown);
  return fd;
}

Result<void> write_file(int folder, const std::string& name, std::string_view text,
                        const std::string& shown) {
  const Fd fd(::openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640));
  if (fd.get() < 0) return cannot("make", shown);
  while (!text.empty()) {
    const auto written = ::write(fd.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return cannot("write", shown);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

std::string FileNames::take(std::string_view text) {
  std::string name(text.substr(0, kLongest));
  std::replace_if(
      name.begin(), name.end(),
      [](char c) {
        return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                 c == '.');
      },
      '_');
  if (name.empty() || name.front() == '.' || name.front() == '-') name = fmt::format("_{}", name);
  const auto lower = [](std::string word) {
    std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return std::tolower(c); });
    return word;
  };
  std::string candidate = name;
  for (int number = 2; !taken_.insert(lower(candidate)).second; ++number)
    candidate = fmt::format("{}_{}", name, number);
  return candidate;
}

Result<void> write_patches(const Patches& patches, const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(folder).parent_path(), error);
  if (::mkdir(folder.c_str(), 0750) != 0 && errno != EEXIST) return cannot("make", folder);
  const Fd root(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (root.get() < 0) return cannot("open", folder);
  if (!std::filesystem::is_empty(folder, error) || error)
    return fail("drift.patch", "", one_line(folder) + " is not empty; patches go into a folder of their own");
  for (const PatchFile& file : patches.files) {
    // Three parts, each of FileNames or of our own.
    const auto first = file.path.find('/');
    const auto second = file.path.find('/', first + 1);
    auto release = open_folder(root.get(), file.path.substr(0, first), folder + "/" + file.path);
    if (!release) return tl::unexpected(release.error());
    auto kind = open_folder(release->get(), file.path.substr(first + 1, second - first - 1),
                            folder + "/" + file.path);
    if (!kind) return tl::unexpected(kind.error());
    auto written = write_file(kind->get(), file.path.substr(second + 1), file.text, folder + "/" + file.path);
    if (!written) return written;
  }
  return {};
}

}  // namespace assay::drift

#include "drift/private_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "core/fd.h"

namespace assay::drift {
namespace {

Failure refused(const std::string& path) {
  return fail("harness.internal", "setup", path + " cannot be made: " + std::strerror(errno));
}

}  // namespace

Result<PrivateFolder> PrivateFolder::make() {
  std::error_code ignored;
  auto parent = std::filesystem::temp_directory_path(ignored);
  if (ignored) parent = "/tmp";
  std::string pattern = (parent / "assay-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) return refused(pattern);
  return PrivateFolder(std::move(pattern));
}

PrivateFolder::PrivateFolder(PrivateFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}

PrivateFolder& PrivateFolder::operator=(PrivateFolder&& other) noexcept {
  if (this != &other) {
    remove();
    path_ = std::exchange(other.path_, {});
  }
  return *this;
}

PrivateFolder::~PrivateFolder() { remove(); }

void PrivateFolder::remove() noexcept {
  if (path_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Result<std::string> PrivateFolder::write(const std::string& name, std::string_view text) const {
  std::string path = path_ + "/" + name;
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file) return refused(path);
  while (!text.empty()) {
    const auto written = ::write(file.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return refused(path);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return path;
}

Result<std::string> PrivateFolder::folder(const std::string& name) const {
  std::string path = path_ + "/" + name;
  if (::mkdir(path.c_str(), S_IRWXU) != 0) return refused(path);
  return path;
}

}  // namespace assay::drift

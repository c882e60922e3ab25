// A place on disk for what nobody else may read.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace assay::drift {

// A folder of mode 0700 below $TMPDIR (or /tmp), removed with all that is in it when this goes away.
class PrivateFolder {
 public:
  // Errors: harness.internal.
  static Result<PrivateFolder> make();

  PrivateFolder(PrivateFolder&& other) noexcept;
  PrivateFolder& operator=(PrivateFolder&& other) noexcept;
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;
  ~PrivateFolder();

  const std::string& path() const { return path_; }
  // A file in it of mode 0600; its path. Errors: harness.internal.
  Result<std::string> write(const std::string& name, std::string_view text) const;
  // A folder in it of mode 0700; its path. Errors: harness.internal.
  Result<std::string> folder(const std::string& name) const;

 private:
  explicit PrivateFolder(std::string path) : path_(std::move(path)) {}
  void remove() noexcept;

  std::string path_;
};

}  // namespace assay::drift

#include "drift/bytes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace assay::drift {
namespace {

constexpr std::size_t kPiece = 256U << 10;

Failure unreadable(const std::string& path, int error) {
  return fail(error == ENOENT ? "file.missing" : "file.unreadable", "read",
              fmt::format("{}: {}", path, std::generic_category().message(error)));
}

}  // namespace

Bytes Bytes::of(std::string text) {
  Bytes bytes;
  bytes.size_ = text.size();
  bytes.text_ = std::move(text);
  return bytes;
}

Result<Bytes> Bytes::open(const std::string& path) {
  Bytes bytes;
  bytes.path_ = path;
  bytes.fd_ = Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!bytes.fd_) return unreadable(path, errno);
  struct stat status {};
  if (::fstat(bytes.fd_.get(), &status) != 0) return unreadable(path, errno);
  if (S_ISREG(status.st_mode)) {
    bytes.size_ = static_cast<std::uint64_t>(status.st_size);
    return bytes;
  }
  // A pipe can be read only once, from its beginning.
  std::string all;
  while (true) {
    const auto had = all.size();
    all.resize(had + kPiece);
    const auto got = ::read(bytes.fd_.get(), all.data() + had, kPiece);
    if (got < 0 && errno != EINTR) return unreadable(path, errno);
    all.resize(had + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) return of(std::move(all));
  }
}

Result<void> Bytes::read(std::uint64_t offset, std::size_t count, std::string& out) const {
  const auto there =
      static_cast<std::size_t>(std::min<std::uint64_t>(count, size_ - std::min(offset, size_)));
  if (!fd_) {
    out.assign(text_, static_cast<std::size_t>(std::min(offset, size_)), there);
    return {};
  }
  out.resize(there);
  for (std::size_t done = 0; done < there;) {
    const auto got = ::pread(fd_.get(), out.data() + done, there - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unreadable(path_, errno);
    if (got == 0) return fail("file.unreadable", "read", path_ + " has become shorter meanwhile");
    done += static_cast<std::size_t>(got);
  }
  return {};
}

std::string_view ByteStream::at_hand() const {
  if (const auto* all = bytes_.memory(); all != nullptr) return std::string_view(*all).substr(at_);
  return std::string_view(buffer_).substr(at_);
}

bool ByteStream::more() {
  if (bytes_.memory() != nullptr || !result_) return false;
  buffer_.erase(0, at_);
  begin_ += at_;
  at_ = 0;
  const auto had = buffer_.size();
  if (begin_ + had >= bytes_.size()) return false;
  // A line that is longer than a piece is not looked through again for each of its pieces.
  const auto count = std::max(kPiece, had);
  if (had == 0) {
    result_ = bytes_.read(begin_, count, buffer_);
    return result_.has_value();
  }
  std::string piece;
  result_ = bytes_.read(begin_ + had, count, piece);
  buffer_ += piece;
  return result_.has_value();
}

bool ByteStream::line(std::string_view& out) {
  std::size_t searched = 0;
  while (true) {
    const auto text = at_hand();
    const auto end = text.find('\n', searched);
    if (end != std::string_view::npos) {
      out = text.substr(0, end);
      at_ += end + 1;
      return true;
    }
    searched = text.size();
    if (more()) continue;
    out = at_hand();
    at_ += out.size();
    return !out.empty();
  }
}

void ByteStream::seek(std::uint64_t offset) {
  if (bytes_.memory() != nullptr) {
    at_ = static_cast<std::size_t>(offset);
    return;
  }
  if (offset >= begin_ && offset <= begin_ + buffer_.size()) {
    at_ = static_cast<std::size_t>(offset - begin_);
    return;
  }
  buffer_.clear();
  begin_ = offset;
  at_ = 0;
}

}  // namespace assay::drift

// file: what lies at a path, seen from where assay runs.
#include <fcntl.h>
#include <openssl/evp.h>
#include <pwd.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "core/utf8.h"
#include "probes/cut.h"
#include "probes/host.h"

namespace assay {
namespace {

std::string_view type_of(mode_t mode) {
  if (S_ISREG(mode)) return "file";
  if (S_ISDIR(mode)) return "directory";
  if (S_ISLNK(mode)) return "link";
  if (S_ISFIFO(mode)) return "fifo";
  if (S_ISSOCK(mode)) return "socket";
  return "device";
}

std::string owner_of(uid_t id) {
  passwd entry{};
  passwd* found = nullptr;
  char room[4096];
  if (::getpwuid_r(id, &entry, room, sizeof room, &found) == 0 && found != nullptr) return found->pw_name;
  return std::to_string(id);
}

struct FreeDigest {
  void operator()(EVP_MD_CTX* digest) const { EVP_MD_CTX_free(digest); }
};

std::string finish(EVP_MD_CTX* digest) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_DigestFinal_ex(digest, bytes, &size);
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    constexpr char kDigits[] = "0123456789abcdef";
    hex += kDigits[bytes[i] >> 4];
    hex += kDigits[bytes[i] & 15];
  }
  return hex;
}

// Reads to the end, asking between two pieces whether there is time left. A file system that does not answer
// (a dead NFS server) blocks in read(2) itself, which nothing can interrupt.
Result<void> read_content(int fd, const std::string& path, Attempt& attempt) {
  const std::unique_ptr<EVP_MD_CTX, FreeDigest> digest(EVP_MD_CTX_new());
  EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr);
  std::string head;
  std::uint64_t bytes = 0;
  const auto room = std::make_unique<char[]>(64 << 10);
  while (true) {
    if (const auto ok = attempt.context.check("request"); !ok) return ok;
    const auto got = ::read(fd, room.get(), 64 << 10);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail("file.unreadable", "request", path + ": " + std::strerror(errno));
    if (got == 0) break;
    const auto size = static_cast<std::size_t>(got);
    EVP_DigestUpdate(digest.get(), room.get(), size);
    bytes += size;
    head.append(room.get(), std::min(size, kShown - head.size()));
  }
  const std::string sha256 = finish(digest.get());
  attempt.seen["sha256"] = sha256;
  attempt.seen["text"] = bytes > head.size() ? cut_marker(head, bytes, sha256) : Value(to_utf8(head));
  return {};
}

Result<void> observe_file(Attempt& attempt) {
  Reader reader = attempt.reader();
  const std::string path = reader.text("path");
  if (const auto ok = reader.ok(); !ok) return ok;
  Value& seen = attempt.seen;
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno != ENOENT && errno != ENOTDIR)
      return fail("file.unreadable", "request", path + ": " + std::strerror(errno));
    seen["exists"] = false;
    return {};
  }
  char mode[8];
  std::snprintf(mode, sizeof mode, "%04o", static_cast<unsigned>(status.st_mode & 07777));
  seen["exists"] = true;
  seen["type"] = type_of(status.st_mode);
  seen["size"] = static_cast<std::int64_t>(status.st_size);
  seen["mode"] = mode;
  seen["owner"] = owner_of(status.st_uid);
  if (!S_ISREG(status.st_mode)) return {};
  // What was a file may be a pipe by now: opening it must not wait for a writer.
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return fail("file.unreadable", "request", path + ": " + std::strerror(errno));
  return read_content(fd.get(), path, attempt);
}

}  // namespace

Probe file_probe() {
  Probe file;
  file.name = "file";
  file.summary = "what lies at a path on the machine where assay runs";
  file.network = false;
  file.params = {{"path", Type::text, "the file; links are followed", true, {}, "/etc/ssl/ca.pem", {}, {}}};
  file.observes = {
      {"exists",
       Type::boolean,
       "something lies there; false is an observation, not an error",
       false,
       {},
       "",
       {},
       {}},
      {"type",
       Type::text,
       "what it is",
       false,
       {},
       "",
       {},
       {"file", "directory", "fifo", "socket", "device"}},
      {"size", Type::size, "bytes", false, {}, "", {}, {}},
      {"mode", Type::text, "permissions in octal", false, {}, "0640", {}, {}},
      {"owner", Type::text, "the owner's name, or number where it has none", false, {}, "", {}, {}},
      {"sha256", Type::text, "digest of a file's content", false, {}, "", {}, {}},
      {"text",
       Type::text,
       "a file's content; a longer one than 16 KiB is cut and marked so",
       false,
       {},
       "",
       {},
       {}},
  };
  file.defaults = {{"exists", true}};
  file.example = "path: /etc/ssl/ca.pem";
  file.observe = observe_file;
  return file;
}

}  // namespace assay

#include "core/secret.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace assay {
namespace {
constexpr std::size_t kMaxFile = 1 << 20;
constexpr std::string_view kKinds[] = {"env", "file", "secret", "vault"};

Result<std::string> read_file(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0) {
    return fail("secret.unresolved", "setup", "cannot read " + path + ": " + std::strerror(errno));
  }
  if (!S_ISREG(info.st_mode)) return fail("secret.unresolved", "setup", path + " is not a regular file");
  std::string text;
  char buffer[4096];
  while (true) {
    const auto got = ::read(fd.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      return fail("secret.unresolved", "setup", "cannot read " + path + ": " + std::strerror(errno));
    if (got == 0) break;
    text.append(buffer, static_cast<std::size_t>(got));
    if (text.size() > kMaxFile) return fail("secret.unresolved", "setup", path + " is larger than 1 MiB");
  }
  OPENSSL_cleanse(buffer, sizeof buffer);
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}
}  // namespace

Secret::~Secret() {
  if (!text_.empty()) OPENSSL_cleanse(text_.data(), text_.size());
}

bool is_reference(const Value& value) {
  if (!value.is_object() || value.members().empty()) return false;
  const std::string& first = value.members().front().key;
  bool known = false;
  for (const auto kind : kKinds) known = known || first == kind;
  if (!known) return false;
  if (value.members().size() == 1) return true;
  return value.members().size() == 2 && first == "env" && value.members()[1].key == "default";
}

std::string reference_name(const Value& reference) {
  const Member& member = reference.members().front();
  if (member.value.is_string()) return "{" + member.key + ": " + member.value.string() + "}";
  std::string text = "{" + member.key + ": {";
  bool first = true;
  if (member.value.is_object()) {
    for (const Member& part : member.value.members()) {
      if (!first) text += ", ";
      first = false;
      text += part.key + ": " + (part.value.is_string() ? part.value.string() : to_json(part.value));
    }
  }
  return text + "}}";
}

void SecretStore::put(const Value& reference, Result<Secret> outcome) {
  outcomes_.insert_or_assign(reference_name(reference), std::move(outcome));
}

bool SecretStore::has(const Value& reference) const { return outcomes_.contains(reference_name(reference)); }

Result<Secret> SecretStore::get(const Value& reference) const {
  const auto found = outcomes_.find(reference_name(reference));
  if (found == outcomes_.end()) {
    return fail("secret.unresolved", "setup", reference_name(reference) + " was not resolved before the run");
  }
  return found->second;
}

void SecretStore::each(const std::function<void(std::string_view, const Secret&)>& visit) const {
  for (const auto& [name, outcome] : outcomes_) {
    if (outcome) visit(name, *outcome);
  }
}

Result<Secret> read_local_reference(const Value& reference) {
  const Member& member = reference.members().front();
  if (!member.value.is_string()) {
    return fail("secret.unresolved", "setup", reference_name(reference) + " has no source here");
  }
  if (member.key == "env") {
    // getenv is safe here: nothing in assay changes the environment once threads run.
    if (const char* text = std::getenv(member.value.string().c_str())) return Secret(text);
    if (const Value* fallback = reference.find("default")) {
      return Secret(fallback->is_string() ? fallback->string() : to_json(*fallback));
    }
    return fail("secret.unresolved", "setup", "the environment has no " + member.value.string());
  }
  if (member.key == "file") {
    auto text = read_file(member.value.string());
    if (!text) return Failure(text.error());
    return Secret(std::move(*text));
  }
  return fail("secret.unresolved", "setup", reference_name(reference) + " has no source here");
}

}  // namespace assay

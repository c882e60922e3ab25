#include "core/known_secrets.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <cctype>
#include <cstring>

#include "core/base64.h"
#include "core/literals.h"
#include "core/utf8.h"

namespace assay {
namespace {

constexpr std::size_t kStrong = 8;
constexpr std::string_view kCommon[] = {"postgres",  "password",   "changeme",     "assay123",
                                        "localhost", "username",   "kubernetes",   "default1",
                                        "internal",  "prometheus", "administrator"};

std::uint64_t window_of(const char* at) {
  std::uint64_t window = 0;
  std::memcpy(&window, at, 6);
  return window;
}

std::size_t bit_of(std::uint64_t window) {
  return static_cast<std::size_t>((window * 0x9e3779b97f4a7c15ULL) >> 48);
}

std::string base64(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(length));
  return out;
}

// What a base64 text shows of `literal` when `shift` bytes stand before it: only the characters that depend
// on the literal alone.
std::string base64_core(std::string_view literal, std::size_t shift) {
  std::string padded(shift, '\0');
  padded += literal;
  const std::string text = base64(padded);
  const std::size_t first = shift == 0 ? 0 : shift + 1;
  const std::size_t bits = padded.size() * 8;
  const std::size_t whole = bits / 6;
  return whole > first ? text.substr(first, whole - first) : std::string();
}

std::string url_escape(std::string_view text, bool lower) {
  const char* hex = lower ? "0123456789abcdef" : "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                       (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' || byte == '.' ||
                       byte == '~';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += hex[byte >> 4];
      out += hex[byte & 15];
    }
  }
  return out;
}

std::string hex_of(std::string_view text, bool lower) {
  const char* hex = lower ? "0123456789abcdef" : "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    out += hex[static_cast<unsigned char>(c) >> 4];
    out += hex[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

std::string json_escape(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out.substr(1, out.size() - 2);
}

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  while (true) {
    const auto at = text.find(from);
    if (at == std::string_view::npos) break;
    out += text.substr(0, at);
    out += to;
    text.remove_prefix(at + from.size());
  }
  out += text;
  return out;
}

std::string shell_escape(std::string_view text) { return replace_all(text, "'", "'\\''"); }

std::string backslash_escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::strchr(" !\"#$&'()*,;<>?[\\]^`{|}~", c) != nullptr && c != '\0') out += '\\';
    out += c;
  }
  return out;
}

constexpr std::string_view kCut = "…";  // as shorten() leaves it
// A shorter end of a cut text is more likely chance than the beginning of a secret, and tells next to
// nothing.
constexpr std::size_t kPart = 4;
constexpr std::size_t kPartBits = 20;

// Of kPart bytes (Fibonacci hashing; Knuth, The Art of Computer Programming 3, 6.4).
std::size_t part_of(const char* bytes) {
  std::uint32_t part = 0;
  std::memcpy(&part, bytes, sizeof part);
  return (part * 2654435769U) >> (32 - kPartBits);
}

bool is_common(std::string_view text) {
  return std::find(std::begin(kCommon), std::end(kCommon), text) != std::end(kCommon);
}

bool word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-'; }

// Does the text before `at` end in something that announces a secret: `password=`, `"token": "`, `-a `,
// `user:` of a URL?
bool announced(std::string_view text, std::size_t at, std::size_t end) {
  static constexpr std::string_view kNames[] = {"password",    "passwd",     "pwd",     "pass", "secret",
                                                "token",       "apikey",     "api_key", "auth", "masterauth",
                                                "requirepass", "credential", "key"};
  std::size_t i = at;
  const auto skip = [&](std::string_view set) {
    while (i > 0 && set.find(text[i - 1]) != std::string_view::npos) --i;
  };
  if (end < text.size() && text[end] == '@' && i > 0 && text[i - 1] == ':') {
    return text.substr(0, i).rfind("://") != std::string_view::npos;
  }
  skip("\"'\\ \t");
  if (i > 0 && (text[i - 1] == '=' || text[i - 1] == ':')) {
    --i;
    skip("\"'\\ \t");
  } else if (i == at) {
    return false;
  }
  const std::size_t stop = i;
  while (i > 0 && word(text[i - 1])) --i;
  std::string name(text.substr(i, stop - i));
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return std::any_of(std::begin(kNames), std::end(kNames),
                     [&](std::string_view known) { return name.ends_with(known); });
}

// What stands after the scheme of a header's value (RFC 9110, section 11.4), and the password of Basic.
void add_credentials(std::string_view text, std::vector<std::string>& found) {
  const auto space = text.find(' ');
  if (space == std::string_view::npos || text.find(' ', space + 1) != std::string_view::npos) return;
  const std::string scheme = lower_ascii(text.substr(0, space));
  if (scheme != "bearer" && scheme != "basic" && scheme != "token" && scheme != "apikey") return;
  const std::string_view credentials = text.substr(space + 1);
  found.emplace_back(credentials);
  if (scheme != "basic") return;
  const std::string pair = decode_base64(credentials).value_or(std::string());
  if (const auto colon = pair.find(':'); colon != std::string::npos) found.push_back(pair.substr(colon + 1));
}

// The password in "host=db password='it\'s' user=app"
// (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE).
void add_conninfo_password(std::string_view text, std::vector<std::string>& found) {
  constexpr std::string_view kName = "password";
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  for (auto at = text.find(kName); at != std::string_view::npos; at = text.find(kName, at + kName.size())) {
    // "sslpassword" is one, too.
    std::string_view rest = text.substr(at + kName.size());
    const auto equals = rest.find_first_not_of(kSpace);
    if (equals == std::string_view::npos || rest[equals] != '=') continue;
    const auto begin = rest.find_first_not_of(kSpace, equals + 1);
    if (begin == std::string_view::npos) return;
    rest.remove_prefix(begin);
    const bool quoted = rest.front() == '\'';
    if (quoted) rest.remove_prefix(1);
    std::string password;
    for (std::size_t i = 0; i < rest.size(); ++i) {
      if (quoted ? rest[i] == '\'' : kSpace.find(rest[i]) != std::string_view::npos) break;
      if (rest[i] == '\\' && i + 1 < rest.size()) ++i;
      password += rest[i];
    }
    found.push_back(std::move(password));
  }
}

}  // namespace

KnownSecrets::KnownSecrets(std::string_view key) : key_(key), bitmap_(kBits / 64, 0) {}

std::string KnownSecrets::token(std::string_view literal) const {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
       reinterpret_cast<const unsigned char*>(literal.data()), literal.size(), digest, &length);
  return "[redacted:" + hex_of({reinterpret_cast<const char*>(digest), 4}, true) + "]";
}

void KnownSecrets::add_pattern(std::string pattern, const std::string& token_text) {
  if (pattern.size() < kWindow) return;
  const std::uint64_t window = window_of(pattern.data());
  for (const auto index : by_window_[window]) {
    if (patterns_[index].text == pattern) return;
  }
  bitmap_[bit_of(window) / 64] |= 1ULL << (bit_of(window) % 64);
  parts_.resize(std::size_t{1} << kPartBits);
  for (std::size_t i = 0; i + kPart <= pattern.size(); ++i) parts_[part_of(pattern.data() + i)] = true;
  auto& bucket = by_window_[window];
  bucket.push_back(static_cast<std::uint32_t>(patterns_.size()));
  patterns_.push_back({std::move(pattern), token_text});
  std::sort(bucket.begin(), bucket.end(),
            [&](auto a, auto b) { return patterns_[a].text.size() > patterns_[b].text.size(); });
}

void KnownSecrets::add(const Secret& secret, std::string_view name) {
  add_one(secret.reveal(), name);
  std::vector<std::string> inside = secrets_in_urls(secret.reveal());
  add_credentials(secret.reveal(), inside);
  add_conninfo_password(secret.reveal(), inside);
  for (std::string& part : inside) {
    add_one(part, name);
    Secret(std::move(part));
  }
}

void KnownSecrets::add_one(const std::string& literal, std::string_view name) {
  if (literal.empty()) return;
  const std::string same = token(literal);
  if (literal.size() < kStrong || is_common(literal)) {
    const bool known = std::any_of(weak_.begin(), weak_.end(),
                                   [&](const Weak& one) { return one.text == literal && one.name == name; });
    if (!known) weak_.push_back({literal, same, std::string(name)});
  } else {
    add_pattern(literal, same);
    add_pattern(json_escape(literal), same);
    add_pattern(json_escape(json_escape(literal)), same);
    add_pattern(url_escape(literal, true), same);
    add_pattern(url_escape(literal, false), same);
    add_pattern(shell_escape(literal), same);
    add_pattern(backslash_escape(literal), same);
    add_pattern(hex_of(literal, true), same);
    add_pattern(hex_of(literal, false), same);
  }
  // In base64 even a short secret is long enough not to shred anything, if it fills the window.
  for (std::size_t shift = 0; shift < 3; ++shift) {
    const std::string core = base64_core(literal, shift);
    if (core.size() < kStrong) continue;
    add_pattern(core, same);
    std::string url = replace_all(core, "+", "-");
    add_pattern(replace_all(url, "/", "_"), same);
  }
  if (literal.find('\n') == std::string::npos) return;
  for (std::size_t start = 0; start < literal.size();) {
    const std::size_t end = std::min(literal.find('\n', start), literal.size());
    std::string_view line(literal.data() + start, end - start);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() >= kStrong && !line.starts_with("-----")) add_pattern(std::string(line), same);
    start = end + 1;
  }
}

std::vector<std::string> KnownSecrets::weak() const {
  std::vector<std::string> names;
  for (const Weak& one : weak_) {
    if (std::find(names.begin(), names.end(), one.name) == names.end()) names.push_back(one.name);
  }
  return names;
}

std::string KnownSecrets::redact(std::string_view text) const {
  if (patterns_.empty() && weak_.empty()) return std::string(text);
  std::string out;
  std::size_t copied = 0;
  for (std::size_t i = 0; i + kWindow <= text.size();) {
    const std::uint64_t window = window_of(text.data() + i);
    const std::size_t bit = bit_of(window);
    if ((bitmap_[bit / 64] >> (bit % 64) & 1) == 0) {
      ++i;
      continue;
    }
    const auto bucket = by_window_.find(window);
    const Pattern* hit = nullptr;
    if (bucket != by_window_.end()) {
      for (const auto index : bucket->second) {
        if (text.substr(i).starts_with(patterns_[index].text)) {
          hit = &patterns_[index];
          break;
        }
      }
    }
    if (hit == nullptr) {
      ++i;
      continue;
    }
    out += text.substr(copied, i - copied);
    out += hit->token;
    i += hit->text.size();
    copied = i;
  }
  out += text.substr(copied);
  if (!weak_.empty()) out = redact_positions(std::move(out));
  for (auto cut = out.rfind(kCut); cut != std::string::npos && cut > 0; cut = out.rfind(kCut, cut - 1))
    redact_before(out, cut);
  return out;
}

// A text was cut at `cut`: takes away the longest beginning of a secret that stands before it.
void KnownSecrets::redact_before(std::string& text, std::size_t cut) const {
  const std::string_view head(text.data(), cut);
  // Most texts end in nothing that any secret has in it.
  if (cut < kPart || parts_.empty() || !parts_[part_of(text.data() + cut - kPart)]) return;
  std::size_t longest = 0;
  const Pattern* hit = nullptr;
  for (const Pattern& pattern : patterns_) {
    for (std::size_t size = std::min(pattern.text.size(), cut); size >= kPart && size > longest; --size) {
      if (head[cut - size] != pattern.text.front() ||
          head.substr(cut - size) != std::string_view(pattern.text).substr(0, size))
        continue;
      longest = size;
      hit = &pattern;
    }
  }
  if (hit != nullptr) text.replace(cut - longest, longest, hit->token);
}

std::string KnownSecrets::redact_positions(std::string text) const {
  for (const Weak& weak : weak_) {
    for (std::size_t at = text.find(weak.text); at != std::string::npos;) {
      const std::size_t end = at + weak.text.size();
      const bool alone = (at == 0 || !word(text[at - 1])) && (end == text.size() || !word(text[end]));
      if (alone && announced(text, at, end)) {
        text.replace(at, weak.text.size(), weak.token);
        at += weak.token.size();
      } else {
        at = end;
      }
      at = text.find(weak.text, at);
    }
  }
  return text;
}

void KnownSecrets::redact(Value& value) const {
  if (patterns_.empty() && weak_.empty()) return;
  if (value.is_string()) {
    value.string() = redact(value.string());
  } else if (value.is_array()) {
    for (Value& item : value.items()) redact(item);
  } else if (value.is_object()) {
    if (Value* head = value.find("head");
        head != nullptr && head->is_string() && value.get_bool("truncated")) {
      head->string() = redact(head->string());
      redact_before(head->string(), head->string().size());
    }
    for (Member& member : value.members()) {
      member.key = redact(member.key);
      // The key names the position for a weak secret.
      if (member.value.is_string() && !weak_.empty()) {
        const std::string prefix = member.key + "=";
        member.value.string() = redact(prefix + member.value.string()).substr(prefix.size());
      } else {
        redact(member.value);
      }
    }
  }
}

}  // namespace assay

// Takes secrets out of everything before it is written anywhere.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/secret.h"
#include "core/value.h"

namespace assay {

// Does a name (of a header, a variable, a key) say that its value is a secret: DB_PASSWORD, X-Vault-Token,
// Authorization, Cookie, apiKey?
bool says_secret(std::string_view name);

// The secrets that stand inside a text which is none as a whole: of every URL in it the password (user:pass@)
// and the values of query parameters whose names say secret; as written, and percent-decoded where that is
// something else.
std::vector<std::string> secrets_in_urls(std::string_view text);

// Replaces every known secret, in each of its encodings (as it is; base64 and base64url at the three shifts;
// URL-, JSON- and shell-escaped; hexadecimal), by a token that is the same for the same secret within one
// run:
// "[redacted:3f2a91c0]". Secrets shorter than 8 bytes and common words are replaced only where the position
// says secret (key=value, URL userinfo), since replacing them everywhere would shred a text; see weak(). The
// beginning of a secret goes, too, where a text was cut in it: before "…", and at the end of the `head` of a
// marker {truncated: true, head}. Build it first, then share it: all const members are safe from any thread.
// What becomes known only then goes in through learn().
class Redactor {
 public:
  // `key` makes the tokens of this run; the same key gives the same tokens.
  explicit Redactor(std::string_view key);

  // Adds a secret; `name` is what a person may read (the reference's name). Lines of a multi-line secret (a
  // PEM file) are added one by one too, and so is what it carries inside: the credentials after "Bearer " or
  // "Basic ", the password of a URL or of a connection string of libpq.
  void add(const Secret& secret, std::string_view name);

  // Adds a secret that became known while the redactor is in use (a token that was renewed): this one and all
  // its copies, whenever they were made, know it from then on.
  void learn(const Secret& secret, std::string_view name) const;

  std::string redact(std::string_view text) const;
  // Redacts every string and key in the tree, in place.
  void redact(Value& value) const;
  // True when nothing of a known secret is in `text`.
  bool clean(std::string_view text) const { return redact(text) == text; }

  // Names of the secrets that are too short or too common to be replaced everywhere, each once, in the order
  // added. What they say can be shown to anybody.
  const std::vector<std::string>& weak() const { return weak_; }

 private:
  struct Learned;
  std::shared_ptr<const Redactor> learned() const;
  std::string redact_own(std::string_view text) const;
  void redact_own(Value& value) const;
  void add_one(const std::string& literal, std::string_view name);
  void add_pattern(std::string pattern, const std::string& token);
  std::string token(std::string_view literal) const;
  std::string redact_positions(std::string text) const;
  void redact_before(std::string& text, std::size_t cut) const;

  struct Pattern {
    std::string text;
    std::string token;
  };
  static constexpr std::size_t kWindow = 6;
  static constexpr std::size_t kBits = 1U << 16;

  std::string key_;
  std::vector<Pattern> patterns_;
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> by_window_;  // longest pattern first
  std::vector<std::uint64_t> bitmap_;
  std::vector<Pattern> weak_literals_;
  std::vector<std::string> weak_;
  std::shared_ptr<Learned> learned_;
};

}  // namespace assay

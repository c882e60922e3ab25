// Takes secrets out of everything before it is written anywhere.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/secret.h"
#include "core/value.h"

namespace assay {

// Replaces every secret that it has learned, in each of its encodings (as it is; base64 and base64url at the
// three shifts; URL-, JSON- and shell-escaped; hexadecimal), by a token that is the same for the same secret
// within one run: "[redacted:3f2a91c0]". Secrets shorter than 8 bytes and common words are replaced only
// where the position says secret (key=value, URL userinfo), since replacing them everywhere would shred a
// text; see weak(). The beginning of a secret goes, too, where a text was cut in it: before "…", and at the
// end of the `head` of a marker {truncated: true, head}.
//
// Copies know the same secrets, whenever they were made. Safe from any thread.
class Redactor {
 public:
  // `key` makes the tokens of this run; the same key gives the same tokens.
  explicit Redactor(std::string_view key);

  // Takes in a secret, also one that becomes known only while the redactor is in use (a token that was
  // renewed); `name` is what a person may read (the reference's name). Lines of a multi-line secret (a PEM
  // file) are taken in one by one too, and so is what it carries inside: the credentials after "Bearer " or
  // "Basic ", the password of a URL or of a connection string of libpq.
  void learn(const Secret& secret, std::string_view name) const;

  std::string redact(std::string_view text) const;
  // Redacts every string and key in the tree, in place.
  void redact(Value& value) const;
  // True when nothing of a known secret is in `text`.
  bool clean(std::string_view text) const { return redact(text) == text; }

  // Names of the secrets that are too short or too common to be replaced everywhere, each once, in the order
  // learned. What they say can be shown to anybody.
  std::vector<std::string> weak() const;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace assay

// Secrets that stand in a text which is none as a whole.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace assay {

// Does a name (of a header, a variable, a key) say that its value is a secret: DB_PASSWORD, X-Vault-Token,
// Authorization, Cookie, apiKey?
bool says_secret(std::string_view name);

// Of every URL in a text the password (user:pass@) and the values of query parameters whose names say secret;
// as written, and percent-decoded where that is something else.
std::vector<std::string> secrets_in_urls(std::string_view text);

// A secret of a command line, and which argument it stands in.
struct ArgumentSecret {
  std::size_t at = 0;
  std::string text;
};

// Those of `--password=x`, `PGPASSWORD=x` and `--password x`. An argument that is no text here (a reference)
// is given as an empty one.
std::vector<ArgumentSecret> secrets_in_arguments(const std::vector<std::string_view>& arguments);

}  // namespace assay

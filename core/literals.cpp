#include "core/literals.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "core/utf8.h"

namespace assay {
namespace {

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ptr == text.data() + i + 3) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// The name of an option or a variable.
bool is_name(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
  });
}

}  // namespace

bool says_secret(std::string_view written) {
  static constexpr std::string_view kEnds[] = {"password", "passwd",        "passphrase",  "secret",
                                               "token",    "authorization", "credential",  "credentials",
                                               "cookie",   "apikey",        "requirepass", "masterauth",
                                               "jwt",      "accesskey",     "secretkey",   "privatekey"};
  static constexpr std::string_view kWords[] = {
      "pass",           "pwd",         "auth",        "dsn",
      "api_key",        "access_key",  "secret_key",  "private_key",
      "encryption_key", "signing_key", "account_key", "auth_key",
      "shared_key",     "master_key",  "secret_id",   "subscription_key"};
  std::string name = lower_ascii(written);
  for (char& c : name) {
    if (c == '-' || c == '.') c = '_';
  }
  const auto is_word = [&](std::string_view word) {
    return name.ends_with(word) && (name.size() == word.size() || name[name.size() - word.size() - 1] == '_');
  };
  return std::any_of(std::begin(kEnds), std::end(kEnds),
                     [&](std::string_view end) { return name.ends_with(end); }) ||
         std::any_of(std::begin(kWords), std::end(kWords), is_word);
}

std::vector<std::string> secrets_in_urls(std::string_view text) {
  std::vector<std::string> found;
  const auto keep = [&](std::string_view secret) {
    if (secret.empty()) return;
    found.emplace_back(secret);
    if (std::string decoded = percent_decoded(secret); decoded != secret) found.push_back(std::move(decoded));
  };
  for (auto at = text.find("://"); at != std::string_view::npos; at = text.find("://", at + 3)) {
    std::string_view url = text.substr(at + 3);
    url = url.substr(0, url.find_first_of(" \t\r\n\"'<>"));
    const std::string_view authority = url.substr(0, url.find_first_of("/?#"));
    const auto user = authority.rfind('@');
    const auto colon = authority.find(':');
    // In the Web's a token may stand there alone; what is as short as a name is one.
    constexpr std::size_t kToken = 16;
    const auto scheme = text.substr(0, at);
    if (user != std::string_view::npos && colon < user) keep(authority.substr(colon + 1, user - colon - 1));
    if (user != std::string_view::npos && colon > user && user >= kToken &&
        (scheme.ends_with("http") || scheme.ends_with("https")))
      keep(authority.substr(0, user));
    const auto question = url.find('?');
    if (question == std::string_view::npos) continue;
    std::string_view query = url.substr(question + 1);
    query = query.substr(0, query.find('#'));
    while (!query.empty()) {
      const std::string_view one = query.substr(0, query.find_first_of("&;"));
      query.remove_prefix(std::min(query.size(), one.size() + 1));
      const auto equals = one.find('=');
      if (equals == std::string_view::npos) continue;
      const std::string_view name = one.substr(0, equals);
      // "X-Amz-Signature"
      if (says_secret(name) || name == "sig" || lower_ascii(name).ends_with("signature"))
        keep(one.substr(equals + 1));
    }
  }
  return found;
}

std::vector<ArgumentSecret> secrets_in_arguments(const std::vector<std::string_view>& arguments) {
  std::vector<ArgumentSecret> found;
  const auto keep = [&](std::size_t at, std::string_view text) {
    if (!text.empty()) found.push_back({at, std::string(text)});
  };
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view text = arguments[i];
    const std::size_t begin = std::min(text.find_first_not_of('-'), text.size());
    const std::size_t equals = std::min(text.find('='), text.size());
    if (equals <= begin) continue;
    const std::string_view name = text.substr(begin, equals - begin);
    if (!is_name(name) || !says_secret(name)) continue;
    if (equals < text.size()) {
      keep(i, text.substr(equals + 1));
    } else if (begin > 0 && i + 1 < arguments.size() && !arguments[i + 1].starts_with('-')) {
      keep(i + 1, arguments[i + 1]);
    }
  }
  return found;
}

}  // namespace assay

// URLs of http and https (RFC 3986). Ours and not libcurl's, because what is resolved, dialled and verified
// is decided from it before libcurl sees it, and because it needs less stack than a page (libcurl's takes
// two).
#include <algorithm>
#include <charconv>

#include "core/utf8.h"
#include "net/http.h"

namespace assay {
namespace {

struct Parts {
  std::string scheme;  // empty: none was written
  std::string authority;
  bool has_authority = false;
  std::string path;
  std::string query;  // with its question mark
};

bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

Parts split(std::string_view text) {
  Parts parts;
  text = text.substr(0, text.find('#'));
  const auto colon = text.find(':');
  if (colon != std::string_view::npos && colon > 0 && is_alpha(text[0]) &&
      std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon),
                  [](char c) { return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; })) {
    parts.scheme = lower_ascii(text.substr(0, colon));
    text.remove_prefix(colon + 1);
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    const auto end = std::min(text.find_first_of("/?"), text.size());
    parts.authority = text.substr(0, end);
    parts.has_authority = true;
    text.remove_prefix(end);
  }
  const auto question = std::min(text.find('?'), text.size());
  parts.path = text.substr(0, question);
  parts.query = text.substr(question);
  return parts;
}

// Section 5.2.4.
std::string without_dots(std::string_view path) {
  std::string result;
  while (!path.empty()) {
    const auto end = path.find('/', 1);
    const std::string_view segment = path.substr(0, end);
    const bool last = end == std::string_view::npos;
    path = last ? std::string_view() : path.substr(end);
    if (segment == "/.." || segment == "/.") {
      if (segment == "/..") result.erase(std::min(result.rfind('/'), result.size()));
      if (last) result += '/';
    } else {
      result += segment;
    }
  }
  return result;
}

// A name (letters, digits, hyphens, dots, underscores) or an address; nothing that two readers could read in
// two ways.
bool good_host(const std::string& host, bool in_brackets) {
  if (in_brackets) return host.find(':') != std::string::npos && SocketAddress::numeric(host, 1).has_value();
  if (host.empty() || host.size() > 253) return false;
  if (SocketAddress::numeric(host, 1)) return true;
  const bool name = std::all_of(host.begin(), host.end(), [](char c) {
    return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_';
  });
  // "127.1" or "0x7f.1" is an address to some and a name to others.
  const auto dot = host.find_last_of('.', host.size() - 2);
  const std::string_view last = std::string_view(host).substr(dot == std::string::npos ? 0 : dot + 1);
  return name && !is_digit(last.front());
}

bool read_authority(const Parts& parts, HttpUrl& url) {
  std::string_view rest = parts.authority;
  const bool in_brackets = rest.starts_with('[');
  const auto end = in_brackets ? rest.find(']') : rest.find(':');
  if (in_brackets && end == std::string_view::npos) return false;
  url.host = lower_ascii(in_brackets ? rest.substr(1, end - 1) : rest.substr(0, end));
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(in_brackets ? end + 1 : end);
  url.port = parts.scheme == "https" ? 443 : 80;
  if (!rest.empty()) {
    if (!rest.starts_with(':')) return false;
    rest.remove_prefix(1);
    if (!rest.empty()) {
      const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), url.port);
      if (read.ec != std::errc() || read.ptr != rest.data() + rest.size() || url.port == 0) return false;
    }
  }
  return good_host(url.host, in_brackets);
}

}  // namespace

Result<HttpUrl> parse_http_url(const std::string& text, const HttpUrl* base) {
  if (std::any_of(text.begin(), text.end(),
                  [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; })) {
    return fail("params.invalid", "setup", "a URL has no spaces or control characters");
  }
  Parts parts = split(text);
  if (base != nullptr && parts.scheme.empty()) {  // section 5.2.2
    const Parts from = split(base->text);
    parts.scheme = from.scheme;
    if (!parts.has_authority) {
      parts.authority = from.authority;
      parts.has_authority = true;
      if (parts.path.empty()) {
        parts.path = from.path;
        if (parts.query.empty()) parts.query = from.query;
      } else {
        if (!parts.path.starts_with('/'))
          parts.path = from.path.substr(0, from.path.rfind('/') + 1) + parts.path;
        parts.path = without_dots(parts.path);
      }
    }
  }
  HttpUrl url;
  url.scheme = parts.scheme;
  if ((url.scheme != "http" && url.scheme != "https") || !parts.has_authority) {
    return fail("params.invalid", "setup", "not a URL of http or https");
  }
  if (parts.authority.find('@') != std::string::npos) {
    return fail("params.invalid", "setup", "credentials do not belong into a URL; use headers or token");
  }
  if (!read_authority(parts, url)) return fail("params.invalid", "setup", "the URL names no host and port");
  if (parts.path.empty()) parts.path = "/";
  const bool usual = url.port == (url.scheme == "https" ? 443 : 80);
  const std::string six = url.host.find(':') != std::string::npos ? "[" + url.host + "]" : url.host;
  url.authority = usual ? six : six + ":" + std::to_string(url.port);
  url.path = parts.path + parts.query;
  url.text = url.scheme + "://" + url.authority + url.path;
  return url;
}

std::string escape_url(std::string_view text, bool keep_slashes) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~' ||
        (keep_slashes && c == '/')) {
      result += c;
    } else {
      result += '%';
      result += kHex[byte >> 4];
      result += kHex[byte & 15];
    }
  }
  return result;
}

}  // namespace assay

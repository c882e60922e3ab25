#include "drift/image.h"

#include <algorithm>

#include "drift/text_scan.h"

namespace assay::drift {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_word(char c) { return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z'); }

// Lower-case letters and digits, with ".", "_", "__" or dashes between them; several of these with "/"
// between.
bool is_path(std::string_view text) {
  const auto separates = [](char c) { return c == '.' || c == '_' || c == '-' || c == '/'; };
  auto before = '/';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = text[i];
    if (!is_lower(c) && !is_digit(c) && !separates(c)) return false;
    const auto dashes = before == '-' && c == '-';
    const auto underlines = before == '_' && c == '_' && (i < 2 || text[i - 2] != '_');
    if (separates(c) && separates(before) && !dashes && !underlines) return false;
    before = c;
  }
  return !text.empty() && !separates(before);
}

// Whether the first part of a name is a host: it has a dot, a port or a capital letter, or is localhost.
bool is_host(std::string_view part) {
  return part == "localhost" || part.find_first_of(".:") != std::string_view::npos ||
         std::ranges::any_of(part, [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool is_tag(std::string_view text) {
  return !text.empty() && text.size() <= 128 && text[0] != '.' && text[0] != '-' &&
         std::ranges::all_of(text, [](char c) { return is_word(c) || c == '.' || c == '_' || c == '-'; });
}

bool is_digest(std::string_view text) {
  const auto colon = text.find(':');
  return colon != std::string_view::npos && colon > 0 && text.size() - colon > 32;
}

}  // namespace

std::string_view pull_policy(std::string_view image) {
  constexpr std::string_view kAlways = "Always";
  constexpr std::string_view kIfNotPresent = "IfNotPresent";
  const auto at = image.find('@');
  const auto digested = at != std::string_view::npos;
  if (digested && !is_digest(image.substr(at + 1))) return kIfNotPresent;
  auto name = image.substr(0, at);
  std::string_view tag;
  const auto colon = name.rfind(':');
  const auto tagged = colon != std::string_view::npos && name.find('/', colon) == std::string_view::npos;
  if (tagged) {
    tag = name.substr(colon + 1);
    name = name.substr(0, colon);
    if (!is_tag(tag)) return kIfNotPresent;
  }
  const auto bare_digest = name.size() == 64 && std::ranges::all_of(name, [](char c) {
                             return is_digit(c) || (c >= 'a' && c <= 'f');
                           });
  if (bare_digest && !tagged && !digested) return kIfNotPresent;
  if (const auto slash = name.find('/'); slash != std::string_view::npos && is_host(name.substr(0, slash)))
    name.remove_prefix(slash + 1);
  if (!is_path(name)) return kIfNotPresent;
  return tag == "latest" || (!tagged && !digested) ? kAlways : kIfNotPresent;
}

}  // namespace assay::drift

#include "drift/goyaml.h"

#include <algorithm>
#include <array>

namespace assay::drift {

bool has_escaped_slash(std::string_view text, std::size_t from) {
  auto at = from;
  for (; at < text.size() && text[at] != '"'; ++at)
    if (text[at] == '#') at = std::min(text.find_first_of("\r\n", at), text.size());
  for (++at; at < text.size() && text[at] != '"'; at += text[at] == '\\' ? 2 : 1)
    if (text.substr(at, 2) == "\\/") return true;
  return false;
}

bool is_tag_before_comma(std::string_view text, std::size_t end) {
  if (end >= text.size() || text[end] != ',') return false;
  const auto before = text.substr(0, end);
  const auto word = before.find_last_of(" \t\r\n") + 1;
  return before.substr(word).find('!') != std::string_view::npos;
}

std::optional<std::size_t> mark_within(std::string_view text) {
  constexpr std::string_view kMark = "\ufeff";
  constexpr std::array<std::string_view, 5> kBreaks{"\n", "\r", "\u0085", "\u2028", "\u2029"};
  for (auto at = text.find(kMark); at != std::string_view::npos; at = text.find(kMark, at + 1)) {
    const auto ends = [&](std::string_view end) { return text.substr(0, at).ends_with(end); };
    if (at == 0 || std::any_of(kBreaks.begin(), kBreaks.end(), ends)) return at;
  }
  return std::nullopt;
}

std::string without_escaped_quotes(std::string_view text, std::size_t at) {
  std::string out(text.substr(0, at));
  while (at < text.size() && text[at] != '"') {
    if (text[at] == '\\') {
      if (text.substr(at, 2) != "\\'") out += '\\';
      ++at;
    }
    if (at < text.size()) out += text[at++];
  }
  return out.append(text.substr(at));
}

}  // namespace assay::drift

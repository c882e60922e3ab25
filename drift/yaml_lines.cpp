#include "drift/yaml_lines.h"

#include <algorithm>
#include <optional>

#include "drift/scalar.h"

namespace assay::drift {
namespace {

bool is_key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '.' || c == '/';
}

struct Line {
  std::string_view key, value;
};

// "key: value" with a plain key.
std::optional<Line> split(std::string_view text) {
  const auto end =
      static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_key_character) - text.begin());
  if (end == 0 || end == text.size() || text[end] != ':') return std::nullopt;
  auto value = text.substr(end + 1);
  if (!value.empty() && value[0] != ' ') return std::nullopt;
  const auto first = value.find_first_not_of(' ');
  value = first == std::string_view::npos ? std::string_view() : value.substr(first);
  while (value.ends_with(' ')) value.remove_suffix(1);
  return Line{text.substr(0, end), value};
}

bool is_dash(std::string_view text) { return text == "-" || text.starts_with("- "); }

// A value that may go on in lines which begin further to the left than they should.
bool goes_on(std::string_view value) {
  if (value.empty()) return false;
  const auto last = value.back();
  switch (value[0]) {
    case '"':
    case '\'':
      return value.size() < 2 || last != value[0] || value.ends_with("\\\"");
    case '{':
      return last != '}';
    case '[':
      return last != ']';
    case '&':
    case '*':
    case '!':
      return true;
    default:
      return false;
  }
}

}  // namespace

void YamlLines::line(std::size_t indent, std::string_view text) {
  if (found.odd) return;
  if (ended_ && indent > ended_at_) found.odd = true;
  ended_ = false;
  if (indent < root_) {
    found.odd = true;
  } else if (indent == root_) {
    root_key(text);
  } else if (place_ == Place::metadata) {
    if (child_ == 0) child_ = indent;
    if (indent < child_) found.odd = true;
    if (indent == child_) metadata_key(text);
  }
}

void YamlLines::root_key(std::string_view text) {
  if (is_dash(text)) {
    // The items of a list under the key before, which may stand that far to the left.
    if (place_ == Place::metadata) found.odd = true;
    return;
  }
  const auto line = split(text);
  place_ = Place::other;
  if (!line) {
    found.odd = true;
    return;
  }
  const auto [key, value] = *line;
  if (key == "apiVersion" || key == "kind") {
    auto& out = key == "kind" ? found.kind : found.api_version;
    found.odd = !out.empty() || !scalar(value, out);
    ended_ = true;
    ended_at_ = root_;
  } else if (key == "metadata") {
    found.odd = metadata_seen_ || !value.empty();
    metadata_seen_ = true;
    place_ = Place::metadata;
  } else if (key == "items") {
    // Of an item's own items nothing is known until it is read.
    found.odd = found.items || in_list_ || (!value.empty() && value != "[]");
    found.items = true;
    place_ = Place::items;
  } else if (goes_on(value)) {
    found.odd = true;
  }
}

void YamlLines::metadata_key(std::string_view text) {
  if (is_dash(text)) return;
  const auto line = split(text);
  if (!line) {
    // A quoted key or a text that goes on.
    found.odd = true;
    return;
  }
  const auto [key, value] = *line;
  if (key == "name" || key == "namespace") {
    auto& out = key == "name" ? found.name : found.ns;
    found.odd = !out.empty() || !scalar(value, out);
    ended_ = true;
    ended_at_ = child_;
  } else if (goes_on(value)) {
    found.odd = true;
  }
}

bool YamlLines::scalar(std::string_view value, std::string& out) {
  if (value.empty()) return false;
  if (value[0] == '"' || value[0] == '\'') {
    if (value.size() < 3 || value.back() != value[0]) return false;
    const auto inside = value.substr(1, value.size() - 2);
    if (inside.find_first_of("\"'\\") != std::string_view::npos) return false;
    out = inside;
    return true;
  }
  const auto plain =
      std::all_of(value.begin(), value.end(), [](char c) { return is_key_character(c) || c == ':'; });
  if (!plain || value[0] == '-' || value.ends_with(':') || value[0] == ':') return false;
  if (!resolve_plain(value).is_string()) return false;
  out = value;
  return true;
}

}  // namespace assay::drift

#include "drift/plan_text.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "core/secret.h"
#include "core/yaml.h"

namespace assay::drift {
namespace {

void hide(std::string& text, std::size_t begin, std::size_t end) {
  for (std::size_t i = begin; i < std::min(end, text.size()); ++i) {
    if (text[i] != '\n' && text[i] != '\r') text[i] = '*';
  }
}

bool is_secret(std::string_view key) { return key == "token" || key == "key"; }

void scalars(const Value& value, std::vector<std::string>& found) {
  if (value.is_array()) {
    for (const auto& item : value.items()) scalars(item, found);
  } else if (value.is_object()) {
    for (const auto& member : value.members()) scalars(member.value, found);
  } else {
    found.push_back(value.is_string() ? value.string() : to_json(value));
  }
}

void secrets_of(const Value& value, std::vector<std::string>& found) {
  if (value.is_array()) {
    for (const auto& item : value.items()) secrets_of(item, found);
  }
  if (!value.is_object()) return;
  for (const auto& member : value.members()) {
    if (is_secret(member.key) && !is_reference(member.value)) {
      scalars(member.value, found);
    } else {
      secrets_of(member.value, found);
    }
  }
}

// Every line of it, wherever it stands: a text may be folded over several.
void hide_all(std::string& text, const std::string& secret) {
  for (std::size_t at = 0; at < secret.size();) {
    const auto end = std::min(secret.find('\n', at), secret.size());
    const auto line = secret.substr(at, end - at);
    for (auto found = line.empty() ? std::string::npos : text.find(line); found != std::string::npos;
         found = text.find(line, found + line.size()))
      hide(text, found, found + line.size());
    at = end + 1;
  }
}

// What is no YAML may hold one all the same: the rest of the line behind such a key.
void hide_behind_keys(std::string& text) {
  constexpr std::string_view kWord = "abcdefghijklmnopqrstuvwxyz_ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (auto colon = text.find(':'); colon != std::string::npos; colon = text.find(':', colon + 1)) {
    auto end = colon;
    while (end > 0 && (text[end - 1] == ' ' || text[end - 1] == '"' || text[end - 1] == '\'')) --end;
    auto begin = end;
    while (begin > 0 && kWord.find(text[begin - 1]) != std::string_view::npos) --begin;
    if (!is_secret(std::string_view(text).substr(begin, end - begin))) continue;
    hide(text, colon + 1, text.find('\n', colon));
  }
}

void hide_passwords(std::string& text) {
  for (auto scheme = text.find("://"); scheme != std::string::npos; scheme = text.find("://", scheme + 3)) {
    const auto end = std::min(text.find_first_of(" \t\r\n\"'", scheme), text.size());
    const auto at = text.rfind('@', end - 1);
    if (at != std::string::npos && at > scheme) hide(text, scheme + 3, at);
  }
}

}  // namespace

std::string without_secrets(std::string text) {
  if (const auto root = parse_yaml(text, 0)) {
    std::vector<std::string> found;
    secrets_of(*root, found);
    for (const auto& secret : found) hide_all(text, secret);
  } else {
    hide_behind_keys(text);
  }
  hide_passwords(text);
  return text;
}

}  // namespace assay::drift

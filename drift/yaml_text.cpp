#include "drift/yaml_text.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "core/text.h"
#include "core/utf8.h"

namespace assay::drift {
namespace {

// What YAML 1.1 takes for something else than a text.
constexpr std::array<std::string_view, 9> kWords{"y", "yes", "n", "no", "on", "off", "true", "false", "null"};

bool is_word(std::string_view text) {
  return std::any_of(kWords.begin(), kWords.end(), [&](std::string_view word) {
    return std::equal(word.begin(), word.end(), text.begin(), text.end(),
                      [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
  });
}

bool is_plain(std::string_view text) {
  constexpr std::string_view kAllowed = "_./@+-=,() :";
  if (text.empty() || text.back() == ' ' || text.back() == ':' || is_word(text)) return false;
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (!letter(text.front()) && text.front() != '/') return false;
  if (text.find(": ") != std::string_view::npos) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || kAllowed.find(c) != std::string_view::npos;
  });
}

// Characters that are harmless and that YAML does not take as they are: the byte-order mark, U+FFFE, U+FFFF.
bool is_odd(std::string_view c) { return c == "\xEF\xBB\xBF" || c == "\xEF\xBF\xBE" || c == "\xEF\xBF\xBF"; }

bool has_odd(std::string_view text) {
  for (auto at = text.find('\xEF'); at != std::string_view::npos; at = text.find('\xEF', at + 1)) {
    if (is_odd(text.substr(at, 3))) return true;
  }
  return false;
}

// Whether a literal block holds `text` byte for byte, without a line that a log reader takes for a command.
bool is_block(std::string_view text) {
  if (text.find('\n') == std::string_view::npos || text.find("##") != std::string_view::npos) return false;
  if (text.front() == '\n' || text.front() == ' ' || visible(text) != text || has_odd(text)) return false;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const auto line = text.substr(at, end - at);
    const auto start = line.find_first_not_of(' ');
    if (start == std::string_view::npos) {
      if (!line.empty()) return false;
    } else if (line[start] == '\t' || line.substr(start).starts_with("::")) {
      return false;
    }
    at = end + 1;
  }
  return true;
}

// In double quotes. JSON's escapes are YAML's too; what JSON leaves as it is and a terminal does not is
// spelled out.
std::string quoted(std::string_view text) {
  std::string json;
  append_json_string(json, text);
  std::string out;
  for (std::string_view rest = json; !rest.empty();) {
    const auto length = std::max<std::size_t>(utf8_length(rest), 1);
    const auto c = rest.substr(0, length);
    const bool plain = length == 1 ? c[0] != 0x7f : visible(c) == c && !is_odd(c);
    if (rest.starts_with("##")) {
      out += "\\x23";
    } else if (plain) {
      out += c;
    } else if (length == 1) {
      out += "\\x7f";
    } else {
      // All such characters have two or three bytes.
      unsigned code =
          length == 2 ? static_cast<unsigned char>(c[0]) & 0x1fU : static_cast<unsigned char>(c[0]) & 0x0fU;
      for (const char byte : c.substr(1)) code = code << 6 | (static_cast<unsigned char>(byte) & 0x3fU);
      constexpr std::string_view kDigits = "0123456789abcdef";
      out += "\\u";
      for (int shift = 12; shift >= 0; shift -= 4) out += kDigits[code >> shift & 0xfU];
    }
    rest.remove_prefix(length);
  }
  return out;
}

void append_block(std::string& out, std::string_view text, std::size_t indent) {
  const bool ends = text.back() == '\n';
  const bool keeps = ends && text.size() > 1 && text[text.size() - 2] == '\n';
  out += keeps ? "|+\n" : ends ? "|\n" : "|-\n";
  if (ends) text.remove_suffix(1);
  for (;;) {
    const auto end = std::min(text.find('\n'), text.size());
    if (end != 0) out.append(indent, ' ').append(text.substr(0, end));
    out += '\n';
    if (end == text.size()) return;
    text.remove_prefix(end + 1);
  }
}

void append_member(std::string& out, const Member& member, std::size_t indent);
void append_item(std::string& out, const Value& item, std::size_t indent);

// What stands after "key:" or "-", from its space on.
void append_rest(std::string& out, const Value& value, std::size_t indent) {
  if (value.is_object() && !value.members().empty()) {
    out += '\n';
    for (const Member& member : value.members()) append_member(out, member, indent + 2);
  } else if (value.is_array() && !value.items().empty()) {
    out += '\n';
    for (const Value& item : value.items()) append_item(out, item, indent);
  } else if (value.is_string() && is_block(value.string())) {
    out += ' ';
    append_block(out, value.string(), indent + 2);
  } else {
    out += ' ';
    out += value.is_string() ? yaml_text(value.string()) : to_json(value);
    out += '\n';
  }
}

void append_member(std::string& out, const Member& member, std::size_t indent) {
  out.append(indent, ' ');
  out += yaml_text(member.key);
  out += ':';
  append_rest(out, member.value, indent);
}

void append_item(std::string& out, const Value& item, std::size_t indent) {
  const bool map = item.is_object() && !item.members().empty();
  const bool list = item.is_array() && !item.items().empty();
  if (!map && !list) {
    out.append(indent, ' ');
    out += '-';
    append_rest(out, item, indent);
    return;
  }
  // The first line of what it holds stands beside the dash.
  const auto dash = out.size() + indent;
  append_yaml(out, item, indent + 2);
  out[dash] = '-';
}

}  // namespace

std::string yaml_text(std::string_view text) { return is_plain(text) ? std::string(text) : quoted(text); }

void append_yaml_comment(std::string& out, std::string_view text) {
  std::string line = one_line(text);
  for (auto at = line.find('\xEF'); at != std::string::npos; at = line.find('\xEF', at + 1)) {
    if (is_odd(std::string_view(line).substr(at, 3))) line.replace(at, 3, "\xEF\xBF\xBD");
  }
  out += "# " + line + "\n";
}

void append_yaml(std::string& out, const Value& value, std::size_t indent) {
  if (value.is_object() && !value.members().empty()) {
    for (const Member& member : value.members()) append_member(out, member, indent);
  } else if (value.is_array() && !value.items().empty()) {
    for (const Value& item : value.items()) append_item(out, item, indent);
  } else {
    out.append(indent, ' ');
    out += value.is_string() ? yaml_text(value.string()) : to_json(value);
    out += '\n';
  }
}

}  // namespace assay::drift

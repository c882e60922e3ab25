#include "core/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "core/utf8.h"

namespace assay {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// The code point of a well-formed character.
char32_t decode(std::string_view c) {
  const auto byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(c[i])); };
  switch (c.size()) {
    case 1:
      return byte(0);
    case 2:
      return (byte(0) & 0x1f) << 6 | (byte(1) & 0x3f);
    case 3:
      return (byte(0) & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f);
    default:
      return (byte(0) & 0x07) << 18 | (byte(1) & 0x3f) << 12 | (byte(2) & 0x3f) << 6 | (byte(3) & 0x3f);
  }
}

// Bytes that need no care anywhere.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 0x7f; ++c) plain[c] = true;
  plain['\n'] = plain['\t'] = true;
  return plain;
}();

// How many bytes at the beginning of `text` are plain.
std::size_t plain_run(std::string_view text) {
  std::size_t run = 0;
  while (run < text.size() && kPlain[static_cast<unsigned char>(text[run])]) ++run;
  return run;
}

// Appends `text` to `out`; whatever is not plain goes through `special(character, code point)`. A byte that
// is no part of a character comes as U+FFFD.
template <class Special>
void append_cleaned(std::string& out, std::string_view text, Special special) {
  out.reserve(out.size() + text.size());
  while (!text.empty()) {
    const std::size_t run = plain_run(text);
    out.append(text.substr(0, run));
    text.remove_prefix(run);
    if (text.empty()) return;
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      out += kReplacement;
    } else {
      special(text.substr(0, length), decode(text.substr(0, length)));
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
}

bool turns_direction(char32_t c) {
  return c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
         (c >= 0x2066 && c <= 0x2069);
}

// Breaks "##[" and "##name[" so that no log reader sees a command.
void disarm(std::string& text) {
  for (std::size_t at = text.find("##"); at != std::string::npos; at = text.find("##", at + 1)) {
    std::size_t end = at + 2;
    while (end < text.size() && std::isalpha(static_cast<unsigned char>(text[end]))) ++end;
    if (end < text.size() && text[end] == '[') text.replace(at + 1, 1, "\\x23");
  }
}

}  // namespace

std::string visible(std::string_view text) {
  std::string out;
  append_cleaned(out, text, [&](std::string_view bytes, char32_t c) {
    if (c < 0xa0) {
      for (const char byte : bytes) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    } else if (turns_direction(c)) {
      out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(c));
    } else {
      out += bytes;
    }
  });
  return out;
}

std::string one_line(std::string_view text) {
  std::string out = visible(text);
  std::replace(out.begin(), out.end(), '\t', ' ');
  for (std::size_t at = out.find('\n'); at != std::string::npos; at = out.find('\n', at))
    out.replace(at, 1, "\\n");
  disarm(out);
  return out;
}

std::string one_line(std::string_view text, std::size_t bytes) { return shorten(one_line(text), bytes); }

std::size_t columns(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0;
  return count;
}

std::string fit(std::string_view text, std::size_t width) {
  if (columns(text) <= width) return std::string(text);
  if (width == 0) return {};
  std::size_t end = 0;
  for (std::size_t taken = 0; taken + 1 < width; ++taken)
    end += std::max<std::size_t>(utf8_length(text.substr(end)), 1);
  return std::string(text.substr(0, end)) + "…";
}

std::string xml_text(std::string_view text) {
  std::string out;
  append_cleaned(out, text, [&](std::string_view bytes, char32_t c) {
    if (c == '\r') {
      out += '\n';
      return;
    }
    out += c < 0xa0 || c == 0xfffe || c == 0xffff ? kReplacement : bytes;
  });
  constexpr std::string_view kAttachment = "[[ATTACHMENT";
  for (std::size_t at = out.find(kAttachment); at != std::string::npos; at = out.find(kAttachment, at + 1)) {
    out.insert(at + 1, " ");
  }
  return out;
}

std::string html_text(std::string_view text) {
  std::string cleaned;
  std::string_view rest = text;
  if (plain_run(text) < text.size()) rest = cleaned = visible(text);
  std::string out;
  out.reserve(rest.size() + rest.size() / 4);
  const auto special = [](char c) { return c == '&' || c == '<' || c == '>' || c == '"' || c == '\''; };
  while (!rest.empty()) {
    const auto run = static_cast<std::size_t>(std::find_if(rest.begin(), rest.end(), special) - rest.begin());
    out.append(rest.substr(0, run));
    rest.remove_prefix(run);
    if (rest.empty()) break;
    switch (rest.front()) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += "&#39;";
    }
    rest.remove_prefix(1);
  }
  return out;
}

std::string format_seconds(double value) { return format_duration(from_seconds(value)); }

std::string scalar_text(const Value* value) {
  if (value == nullptr || value->is_null()) return {};
  return value->is_string() ? value->string() : to_json(*value);
}

std::string plural(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace assay

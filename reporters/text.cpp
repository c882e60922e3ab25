#include "reporters/text.h"

#include <fmt/format.h>

#include <cmath>

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

// Calls `visit(character, code point)` for each character; a byte that is none comes as U+FFFD.
template <class Visit>
void each_character(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      visit(kReplacement, char32_t{0xfffd});
      text.remove_prefix(1);
    } else {
      visit(text.substr(0, length), decode(text.substr(0, length)));
      text.remove_prefix(length);
    }
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
  std::string plain;
  plain.reserve(text.size());
  each_character(text, [&](std::string_view bytes, char32_t c) {
    if (turns_direction(c)) {
      plain += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(c));
    } else {
      plain += bytes;
    }
  });
  return printable(plain);
}

std::string one_line(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : visible(text)) {
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c == '\t' ? ' ' : c;
    }
  }
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
  out.reserve(text.size());
  each_character(text, [&](std::string_view bytes, char32_t c) {
    const bool control = (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || (c >= 0x7f && c < 0xa0);
    out += control || c == 0xfffe || c == 0xffff ? kReplacement : bytes;
  });
  constexpr std::string_view kAttachment = "[[ATTACHMENT";
  for (std::size_t at = out.find(kAttachment); at != std::string::npos; at = out.find(kAttachment, at + 1)) {
    out.insert(at + 1, " ");
  }
  return out;
}

std::string html_text(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for (const char c : visible(text)) {
    switch (c) {
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
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string format_seconds(double value) {
  return format_duration(Duration(static_cast<Duration::rep>(std::llround(value * 1e9))));
}

std::string scalar_text(const Value* value) {
  if (value == nullptr || value->is_null()) return {};
  return value->is_string() ? value->string() : to_json(*value);
}

std::string plural(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace assay

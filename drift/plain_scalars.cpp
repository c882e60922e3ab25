#include "drift/plain_scalars.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "drift/scalar.h"
#include "drift/text_scan.h"

namespace assay::drift {

bool PlainScalars::scalar(std::string_view& text, Found& found) {
  const char* const from = at_;
  if (*at_ == '"' || *at_ == '\'') {
    found.quoted = true;
    if (!(*at_ == '"' ? double_quoted(text) : single_quoted(text))) return false;
    found.key = at_ != end_ && *at_ == ':';
    if (found.key && at_ + 1 != end_ && at_[1] != ' ' && at_[1] != '\n') return give_up();
  } else {
    found.quoted = false;
    if (!plain(text, found.key)) return false;
  }
  if (!found.key) return true;
  if (at_ - from > kLongestKey) return give_up();
  ++at_;
  return true;
}

bool PlainScalars::plain(std::string_view& text, bool& key) {
  const char* const from = at_;
  key = false;
  if (at_ + 1 != end_ && at_[0] == '-' && (at_[1] == ' ' || at_[1] == '\n')) return give_up();
  while (true) {
    at_ = first_of(
        at_, end_,
        [](std::uint64_t word) {
          return bytes_equal(word, ':') | bytes_equal(word, '#') | bytes_equal(word, '\n') |
                 bytes_equal(word, '\t');
        },
        [](char c) { return c == ':' || c == '#' || c == '\n' || c == '\t'; });
    if (at_ == end_ || *at_ == '\n') break;
    if (*at_ == '\t') return give_up();
    if (*at_ == ':' && (at_ + 1 == end_ || at_[1] == ' ' || at_[1] == '\n')) {
      key = true;
      break;
    }
    if (*at_ == ':' && at_[1] == '\t') return give_up();
    if (*at_ == '#' && at_[-1] == ' ') break;
    ++at_;
  }
  const char* to = at_;
  while (to[-1] == ' ') --to;
  text = {from, static_cast<std::size_t>(to - from)};
  return true;
}

bool PlainScalars::single_quoted(std::string_view& text) {
  const char* const from = ++at_;
  const auto stop = [&] {
    at_ = first_of(
        at_, end_, [](std::uint64_t word) { return bytes_equal(word, '\'') | bytes_equal(word, '\n'); },
        [](char c) { return c == '\'' || c == '\n'; });
    return at_ != end_ && *at_ == '\'';
  };
  bool doubled = false;
  while (true) {
    if (!stop()) return give_up();
    if (at_ + 1 == end_ || at_[1] != '\'') break;
    doubled = true;
    at_ += 2;
  }
  text = {from, static_cast<std::size_t>(at_ - from)};
  ++at_;
  if (!doubled) return true;
  auto* const copy = arena_.array<char>(text.size());
  char* to = copy;
  for (std::size_t i = 0; i < text.size(); ++i) {
    *to++ = text[i];
    if (text[i] == '\'') ++i;
  }
  text = {copy, static_cast<std::size_t>(to - copy)};
  return true;
}

bool PlainScalars::double_quoted(std::string_view& text) {
  const char* const from = ++at_;
  const auto next = [](const char* at, const char* end) {
    return first_of(
        at, end,
        [](std::uint64_t word) {
          return bytes_equal(word, '"') | bytes_equal(word, '\\') | bytes_equal(word, '\n');
        },
        [](char c) { return c == '"' || c == '\\' || c == '\n'; });
  };
  const char* close = next(at_, end_);
  while (close != end_ && *close == '\\' && end_ - close > 1) close = next(close + 2, end_);
  if (close == end_ || *close != '"') return give_up();
  text = {from, static_cast<std::size_t>(close - from)};
  at_ = close + 1;
  if (text.find('\\') == std::string_view::npos) return true;
  // No escape is shorter than what it stands for.
  auto* const copy = arena_.array<char>(text.size());
  char* to = copy;
  for (const char* at = from; at != close;) {
    if (*at != '\\') {
      *to++ = *at++;
      continue;
    }
    if (!escape(at, close, to)) return give_up();
  }
  text = {copy, static_cast<std::size_t>(to - copy)};
  return true;
}

bool PlainScalars::escape(const char*& at, const char* close, char*& to) {
  int digits = 0;
  const char c = at[1];
  at += 2;
  switch (c) {
    case '0':
      *to++ = '\0';
      return true;
    case 'a':
      *to++ = '\a';
      return true;
    case 'b':
      *to++ = '\b';
      return true;
    case 't':
      *to++ = '\t';
      return true;
    case 'n':
      *to++ = '\n';
      return true;
    case 'v':
      *to++ = '\v';
      return true;
    case 'f':
      *to++ = '\f';
      return true;
    case 'r':
      *to++ = '\r';
      return true;
    case 'e':
      *to++ = '\x1b';
      return true;
    case ' ':
    case '"':
    case '/':
    case '\\':
      *to++ = c;
      return true;
    case 'x':
      digits = 2;
      break;
    case 'u':
      digits = 4;
      break;
    case 'U':
      digits = 8;
      break;
    default:
      return false;
  }
  if (close - at < digits) return false;
  std::uint32_t code = 0;
  for (int i = 0; i < digits; ++i, ++at) {
    const auto letter = static_cast<char>(*at | 0x20);
    const bool digit = *at >= '0' && *at <= '9';
    if (!digit && (letter < 'a' || letter > 'f')) return false;
    code = code << 4 | static_cast<std::uint32_t>(digit ? *at - '0' : letter - 'a' + 10);
  }
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return false;
  to = put_utf8(code, to);
  return true;
}

bool PlainScalars::literal(std::ptrdiff_t parent, Node& out) {
  ++at_;
  char chomp = ' ';
  if (at_ != end_ && (*at_ == '-' || *at_ == '+')) chomp = *at_++;
  spaces();
  if (at_ == end_ || *at_ != '\n') return give_up();
  const char* const body = ++at_;
  // The first line that is not blank says how far in they stand.
  std::ptrdiff_t indent = 0;
  std::ptrdiff_t blank = 0;
  for (const char* line = body;;) {
    const char* at = line;
    while (at != end_ && *at == ' ') ++at;
    indent = at - line;
    if (at == end_ || *at == '\t') return give_up();
    if (*at != '\n') break;
    blank = std::max(blank, indent);
    line = at + 1;
  }
  if (indent <= parent || blank > indent) return give_up();
  const char* end = body;
  while (end != end_) {
    const char* at = end;
    while (at != end_ && *at == ' ' && at - end < indent) ++at;
    if (at != end_ && at - end < indent && *at != '\n') {
      if (*at == '\t') return give_up();
      break;
    }
    end = after_line(at);
  }
  auto* const text = arena_.array<char>(static_cast<std::size_t>(end - body));
  char* to = text;
  for (const char* line = body; line != end;) {
    const char* at = line;
    while (at != end && *at == ' ' && at - line < indent) ++at;
    line = after_line(at);
    std::memcpy(to, at, static_cast<std::size_t>(line - at));
    to += line - at;
  }
  if (chomp != '+') {
    const bool newline = to != text && to[-1] == '\n';
    while (to != text && to[-1] == '\n') --to;
    if (chomp == ' ' && newline && to != text) ++to;
  }
  out = Node::of(std::string_view(text, static_cast<std::size_t>(to - text)));
  from_line(end);
  return (!odd_ && indent_ <= parent) || give_up();
}

bool PlainScalars::flow_scalar(std::string_view& text, bool& quoted) {
  if (at_ == end_) return give_up();
  quoted = *at_ == '"' || *at_ == '\'';
  if (quoted) return *at_ == '"' ? double_quoted(text) : single_quoted(text);
  const char* const from = at_;
  const auto simple = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == '/';
  };
  while (at_ != end_ && simple(*at_)) ++at_;
  text = {from, static_cast<std::size_t>(at_ - from)};
  return (!text.empty() && text[0] != '-') || give_up();
}

}  // namespace assay::drift

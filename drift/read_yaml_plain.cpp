// The part of YAML that manifests are mostly written in: block maps and lists, scalars on one line, literal
// blocks, short flow collections. Where a text has anything else, or anything that is wrong, it gives up.
#include <array>
#include <optional>

#include "drift/reader.h"
#include "drift/scalar.h"
#include "drift/text_scan.h"
#include "drift/tree_builder.h"

namespace assay::drift {
namespace {

constexpr std::ptrdiff_t kLongestKey = 1000;  // libyaml takes none above 1024

// Bytes below 0x20 but tab and newline, DEL, and code points that libyaml does not read or takes for line
// breaks.
bool is_simple(std::string_view text) {
  const char* const end = text.data() + text.size();
  const char* at = text.data();
  const auto odd = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n') || byte >= 0x7f;
  };
  while (true) {
    at = first_of(
        at, end,
        [](std::uint64_t word) {
          // Newlines become bytes that are not less.
          const auto shown = word | each_equal(word, '\n') >> 2;
          return bytes_less(shown, 0x20) | bytes_equal(shown, 0x7f) | (word & kHighBits);
        },
        odd);
    if (at == end) return true;
    if (*at == '\t') {
      ++at;
      continue;
    }
    const auto rest = std::string_view(at, static_cast<std::size_t>(end - at));
    const auto length = utf8_length(rest);
    if (length < 2) return false;
    const auto character = rest.substr(0, length);
    const bool c1 = length == 2 && at[0] == '\xc2' && static_cast<unsigned char>(at[1]) < 0xa0;
    if (c1 || character == "\u2028" || character == "\u2029" || character == "\ufeff" ||
        character == "\uffff" || character == "\ufffe")
      return false;
    at += length;
  }
}

// What a plain scalar does not begin with here, though some may elsewhere.
bool begins_plain(char c) {
  constexpr std::string_view kNot = ",[]{}#&*!|>'\"%@`?:\n \t";
  return kNot.find(c) == std::string_view::npos;
}

class PlainReader {
 public:
  PlainReader(std::string_view text, Arena& arena, const ReadLimits& limits)
      : at_(text.data()),
        end_(at_ + text.size()),
        line_(at_),
        arena_(arena),
        limits_(limits),
        builder_(arena) {}

  std::optional<Node> read() {
    if (!is_simple({at_, static_cast<std::size_t>(end_ - at_)})) return std::nullopt;
    from_line(at_);
    if (odd_) return std::nullopt;
    Node root;
    if (indent_ < 0) return root;
    if (!block(-1, root, 1) || odd_ || indent_ >= 0) return std::nullopt;
    return root;
  }

 private:
  bool give_up() {
    odd_ = true;
    return false;
  }

  // ---- lines

  // Goes to the first character that says something at or after `line`, where a line begins.
  void from_line(const char* line) {
    while (true) {
      line_ = line;
      const char* at = line;
      while (at != end_ && *at == ' ') ++at;
      if (at == end_) {
        at_ = end_;
        indent_ = -1;
        return;
      }
      if (*at == '\n') {
        line = at + 1;
        continue;
      }
      if (*at == '#') {
        line = after_line(at);
        continue;
      }
      at_ = at;
      indent_ = at - line_;
      if (*at == '\t') odd_ = true;
      if (indent_ == 0 && end_ - at >= 3 &&
          (std::string_view(at, 3) == "---" || std::string_view(at, 3) == "..."))
        odd_ = true;
      return;
    }
  }

  const char* after_line(const char* at) const {
    const auto* newline =
        static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end_ - at)));
    return newline == nullptr ? end_ : newline + 1;
  }

  void spaces() {
    while (at_ != end_ && *at_ == ' ') ++at_;
  }

  // Whether nothing but a comment follows in this line; then it goes on to the next.
  bool line_ends() {
    const char* const from = at_;
    spaces();
    if (at_ != end_ && *at_ == '#' && (at_ != from || at_ == line_ || at_[-1] == ' '))
      at_ = after_line(at_);
    else if (at_ != end_ && *at_ == '\n')
      ++at_;
    else if (at_ != end_)
      return false;
    from_line(at_);
    return true;
  }

  bool at_dash() const { return *at_ == '-' && (at_ + 1 == end_ || at_[1] == ' ' || at_[1] == '\n'); }

  // ---- blocks

  bool counted(int depth, bool collection) {
    if (++nodes_ > limits_.nodes) return give_up();
    return !collection || depth <= limits_.depth || give_up();
  }

  // What begins at the beginning of this line, further in than `parent`.
  bool block(std::ptrdiff_t parent, Node& out, int depth) {
    if (at_dash()) return list(out, depth);
    return map_or_scalar(parent, out, depth);
  }

  // What begins here, at the column indent_.
  bool map_or_scalar(std::ptrdiff_t parent, Node& out, int depth) {
    std::string_view text;
    Found found{};
    if (*at_ == '"' || *at_ == '\'' || begins_plain(*at_)) {
      if (!scalar(text, found)) return false;
      if (found.key) return map(text, found, out, depth);
      // A text alone is no manifest; as a list's item it is usual.
      if (parent < 0) return give_up();
      if (!counted(depth, false)) return false;
      out = found.quoted ? Node::of(text) : value_of(text);
      return ended(parent);
    }
    if (parent < 0) return give_up();
    return inline_value(parent, out, depth);
  }

  // After a scalar or a flow collection: nothing more in its line, and nothing that goes on with it.
  bool ended(std::ptrdiff_t parent) {
    if (!line_ends()) return give_up();
    return (!odd_ && indent_ <= parent) || give_up();
  }

  bool list(Node& out, int depth) {
    if (!counted(depth, true)) return false;
    const auto indent = indent_;
    const auto mark = builder_.items();
    while (indent_ == indent && at_dash()) {
      ++at_;
      Node item;
      const char* const after = at_;
      spaces();
      if (at_ == end_ || *at_ == '\n' || (*at_ == '#' && at_ != after)) {
        if (!line_ends()) return give_up();
        if (odd_) return false;
        if (indent_ > indent) {
          if (!block(indent, item, depth + 1)) return false;
        } else if (!counted(depth, false)) {
          return false;
        }
      } else {
        if (*at_ == '\t') return give_up();
        indent_ = at_ - line_;
        if (!block(indent, item, depth + 1)) return false;
      }
      builder_.put(item);
    }
    if (indent_ > indent) return give_up();
    out = builder_.close_list(mark);
    return true;
  }

  struct Found {
    bool key = false;  // it is one, and at_ stands after its colon
    bool quoted = false;
  };

  bool map(std::string_view first, Found found, Node& out, int depth) {
    if (!counted(depth, true)) return false;
    const auto indent = indent_;
    const auto mark = builder_.entries();
    auto key = first;
    while (true) {
      ++nodes_;
      if (!found.quoted && !plain_key(key)) return false;
      Node value;
      if (!value_after_key(indent, value, depth)) return false;
      builder_.put(key, value);
      if (indent_ != indent) break;
      if (at_dash() || !(*at_ == '"' || *at_ == '\'' || begins_plain(*at_))) return give_up();
      if (!scalar(key, found)) return false;
      if (!found.key) return give_up();
    }
    if (indent_ > indent) return give_up();
    std::optional<std::string_view> twice;
    out = builder_.close_map(mark, twice);
    return !twice || give_up();
  }

  bool plain_key(std::string_view& key) {
    if (key == "<<") return give_up();
    if (!may_be_more_than_text(key[0])) return true;
    const auto text = key_of(resolve_plain(key), arena_);
    if (!text) return give_up();
    key = *text;
    return true;
  }

  bool value_after_key(std::ptrdiff_t indent, Node& out, int depth) {
    spaces();
    if (at_ == end_ || *at_ == '\n' || (*at_ == '#' && at_[-1] == ' ')) {
      if (!line_ends()) return give_up();
      if (odd_) return false;
      if (indent_ > indent) return block(indent, out, depth + 1);
      if (indent_ == indent && at_dash()) return list(out, depth + 1);
      return counted(depth, false);
    }
    return inline_value(indent, out, depth + 1);
  }

  // A value that begins in the line of its key or dash.
  bool inline_value(std::ptrdiff_t indent, Node& out, int depth) {
    switch (*at_) {
      case '|':
        return counted(depth, false) && literal(indent, out);
      case '{':
      case '[':
        return flow(out, depth) && ended(indent);
      default:
        break;
    }
    if (*at_ != '"' && *at_ != '\'' && (!begins_plain(*at_) || at_dash())) return give_up();
    std::string_view text;
    Found found;
    if (!scalar(text, found)) return false;
    if (found.key || !counted(depth, false)) return give_up();
    out = found.quoted ? Node::of(text) : value_of(text);
    return ended(indent);
  }

  Node value_of(std::string_view text) {
    if (!may_be_more_than_text(text[0])) return Node::of(text);
    const auto node = resolve_plain(text);
    if (!is_json(node)) odd_ = true;
    return as_json(node);
  }

  // ---- scalars

  // Reads one, and the colon after it where it is a key.
  bool scalar(std::string_view& text, Found& found) {
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

  bool plain(std::string_view& text, bool& key) {
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

  bool single_quoted(std::string_view& text) {
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

  bool double_quoted(std::string_view& text) {
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

  static bool escape(const char*& at, const char* close, char*& to) {
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

  // "|", with a sign or without. Its lines stand further in than `parent`.
  bool literal(std::ptrdiff_t parent, Node& out) {
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

  // ---- flow collections, on one line, of scalars that are simple

  bool flow(Node& out, int depth) {
    if (!counted(depth, true)) return false;
    const bool map = *at_ == '{';
    const char close = map ? '}' : ']';
    const auto mark = map ? builder_.entries() : builder_.items();
    ++at_;
    spaces();
    if (at_ != end_ && *at_ == close) {
      ++at_;
      return closed(map, mark, out);
    }
    while (true) {
      std::string_view key;
      if (map) {
        bool quoted = false;
        if (!flow_scalar(key, quoted)) return false;
        if (at_ == end_ || *at_ != ':' || at_ + 1 == end_ || at_[1] != ' ') return give_up();
        if (static_cast<std::ptrdiff_t>(key.size()) > kLongestKey) return give_up();
        ++nodes_;
        if (!quoted && !plain_key(key)) return false;
        ++at_;
        spaces();
      }
      if (at_ == end_) return give_up();
      Node value;
      if (*at_ == '{' || *at_ == '[') {
        if (!flow(value, depth + 1)) return false;
      } else {
        std::string_view text;
        bool quoted = false;
        if (!flow_scalar(text, quoted) || !counted(depth, false)) return give_up();
        value = quoted ? Node::of(text) : value_of(text);
      }
      map ? builder_.put(key, value) : builder_.put(value);
      spaces();
      if (at_ != end_ && *at_ == close) {
        ++at_;
        return closed(map, mark, out);
      }
      if (at_ == end_ || *at_ != ',' || at_ + 1 == end_ || at_[1] != ' ') return give_up();
      ++at_;
      spaces();
    }
  }

  bool closed(bool map, std::size_t mark, Node& out) {
    if (!map) {
      out = builder_.close_list(mark);
      return true;
    }
    std::optional<std::string_view> twice;
    out = builder_.close_map(mark, twice);
    return !twice || give_up();
  }

  bool flow_scalar(std::string_view& text, bool& quoted) {
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

  const char* at_;
  const char* const end_;
  const char* line_;            // where the line that at_ is in begins
  std::ptrdiff_t indent_ = -1;  // of at_ in it, where a block begins there; -1: nothing is left
  bool odd_ = false;
  Arena& arena_;
  const ReadLimits& limits_;
  TreeBuilder builder_;
  std::size_t nodes_ = 0;
};

}  // namespace

std::optional<Node> read_yaml_plain(std::string_view text, Arena& arena, const ReadLimits& limits) {
  return PlainReader(text, arena, limits).read();
}

}  // namespace assay::drift

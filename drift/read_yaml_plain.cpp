// The part of YAML that manifests are mostly written in: block maps and lists, scalars on one line, literal
// blocks, short flow collections. Where a text has anything else, or anything that is wrong, it gives up.
#include <optional>

#include "drift/plain_scalars.h"
#include "drift/reader.h"
#include "drift/scalar.h"
#include "drift/text_scan.h"
#include "drift/tree_builder.h"

namespace assay::drift {
namespace {

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

class PlainReader : private PlainScalars {
 public:
  PlainReader(std::string_view text, Arena& arena, const ReadLimits& limits)
      : PlainScalars(text, arena), limits_(limits), builder_(arena) {}

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

  const ReadLimits& limits_;
  TreeBuilder builder_;
  std::size_t nodes_ = 0;
};

}  // namespace

std::optional<Node> read_yaml_plain(std::string_view text, Arena& arena, const ReadLimits& limits) {
  return PlainReader(text, arena, limits).read();
}

}  // namespace assay::drift

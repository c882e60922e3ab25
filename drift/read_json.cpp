#include <fmt/format.h>

#include <charconv>

#include "drift/reader.h"
#include "drift/scalar.h"
#include "drift/text_scan.h"
#include "drift/tree_builder.h"

namespace assay::drift {
namespace {

class JsonReader {
 public:
  JsonReader(std::string_view text, Arena& arena, const ReadLimits& limits)
      : begin_(text.data()),
        at_(begin_),
        end_(begin_ + text.size()),
        arena_(arena),
        limits_(limits),
        builder_(arena) {}

  Result<Node> read() {
    const std::string_view text(begin_, static_cast<std::size_t>(end_ - begin_));
    if (const auto good = utf8_prefix(text); good != text.size()) {
      at_ = begin_ + good;
      refuse("bytes that are not UTF-8");
      return failure();
    }
    Node root;
    if (!value(root, 0)) return failure();
    spaces();
    if (at_ != end_) {
      refuse("not JSON: something follows its end");
      return failure();
    }
    return root;
  }

 private:
  bool refuse(std::string_view why) {
    if (why_.empty()) why_ = why;
    return false;
  }

  Result<Node> failure() const {
    const std::string_view before(begin_, static_cast<std::size_t>(at_ - begin_));
    const auto line =
        limits_.line + static_cast<std::uint32_t>(std::count(before.begin(), before.end(), '\n'));
    const auto column = before.size() - (before.rfind('\n') + 1) + 1;
    return fail("drift.manifest", "read", fmt::format("{}:{}: {}", line, column, why_));
  }

  void spaces() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }

  bool value(Node& out, int depth) {
    spaces();
    if (at_ == end_) return refuse("not JSON: it ends in the middle");
    if (++nodes_ > limits_.nodes) return refuse(fmt::format("more than {} nodes", limits_.nodes));
    switch (*at_) {
      case '{':
        return object(out, depth + 1);
      case '[':
        return array(out, depth + 1);
      case '"': {
        std::string_view text;
        if (!string(text)) return false;
        out = Node::of(text);
        return true;
      }
      case 't':
        return word("true", Node::of(true), out);
      case 'f':
        return word("false", Node::of(false), out);
      case 'n':
        return word("null", Node(), out);
      default:
        return number(out);
    }
  }

  bool word(std::string_view text, Node meaning, Node& out) {
    if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(text))
      return refuse("not JSON: no value begins so");
    at_ += text.size();
    out = meaning;
    return true;
  }

  bool deep(int depth) {
    return depth <= limits_.depth || refuse(fmt::format("nested deeper than {} levels", limits_.depth));
  }

  bool object(Node& out, int depth) {
    if (!deep(depth)) return false;
    ++at_;
    const auto mark = builder_.entries();
    spaces();
    if (at_ != end_ && *at_ == '}') {
      ++at_;
      return close(mark, out);
    }
    while (true) {
      spaces();
      if (at_ == end_ || *at_ != '"') return refuse("not JSON: a key in quotes is missing");
      std::string_view key;
      if (!string(key)) return false;
      spaces();
      if (at_ == end_ || *at_ != ':') return refuse("not JSON: the colon after a key is missing");
      ++at_;
      Node one;
      if (!value(one, depth)) return false;
      builder_.put(key, one);
      spaces();
      if (at_ == end_ || (*at_ != ',' && *at_ != '}')) return refuse("not JSON: a comma or } is missing");
      if (*at_++ == '}') return close(mark, out);
    }
  }

  bool close(std::size_t mark, Node& out) {
    std::optional<std::string_view> twice;
    out = builder_.close_map(mark, twice);
    return !twice || refuse(fmt::format("the key {} stands twice in the object that ends here", *twice));
  }

  bool array(Node& out, int depth) {
    if (!deep(depth)) return false;
    ++at_;
    const auto mark = builder_.items();
    spaces();
    if (at_ != end_ && *at_ == ']') {
      ++at_;
      out = builder_.close_list(mark);
      return true;
    }
    while (true) {
      Node one;
      if (!value(one, depth)) return false;
      builder_.put(one);
      spaces();
      if (at_ == end_ || (*at_ != ',' && *at_ != ']')) return refuse("not JSON: a comma or ] is missing");
      if (*at_++ == ']') break;
    }
    out = builder_.close_list(mark);
    return true;
  }

  bool string(std::string_view& out) {
    const char* const from = ++at_;
    at_ = json_string_stop(at_, end_);
    if (at_ != end_ && *at_ == '"') {
      out = {from, static_cast<std::size_t>(at_ - from)};
      ++at_;
      return true;
    }
    // With escapes it only becomes shorter. First its end, so that no more memory is taken than it needs.
    const char* close = at_;
    while (close != end_ && *close == '\\') close = json_string_stop(std::min(close + 2, end_), end_);
    if (close == end_ || *close != '"') {
      at_ = close;
      return refuse(close == end_ ? "not JSON: a string has no end"
                                  : "not JSON: a control character in a string");
    }
    auto* const text = arena_.array<char>(static_cast<std::size_t>(close - from));
    char* to = text;
    const char* copied = from;
    while (at_ != close) {
      to = std::copy(copied, at_, to);
      if (!escape(to)) return false;
      copied = at_;
      at_ = json_string_stop(at_, close);
    }
    to = std::copy(copied, at_, to);
    ++at_;
    out = {text, static_cast<std::size_t>(to - text)};
    return true;
  }

  bool escape(char*& to) {
    switch (at_[1]) {
      case '"':
      case '\\':
      case '/':
        *to++ = at_[1];
        break;
      case 'b':
        *to++ = '\b';
        break;
      case 'f':
        *to++ = '\f';
        break;
      case 'n':
        *to++ = '\n';
        break;
      case 'r':
        *to++ = '\r';
        break;
      case 't':
        *to++ = '\t';
        break;
      case 'u':
        return unicode(to);
      default:
        return refuse("not JSON: an escape that it does not know");
    }
    at_ += 2;
    return true;
  }

  // The code unit that `at` describes (\uXXXX), or nothing.
  std::optional<std::uint32_t> unit(const char* at) const {
    if (end_ - at < 6 || at[0] != '\\' || at[1] != 'u') return std::nullopt;
    std::uint32_t code = 0;
    const auto read = std::from_chars(at + 2, at + 6, code, 16);
    if (read.ec != std::errc() || read.ptr != at + 6) return std::nullopt;
    return code;
  }

  bool unicode(char*& to) {
    const auto first = unit(at_);
    if (!first) return refuse("not JSON: \\u wants four hexadecimal digits");
    auto code = *first;
    at_ += 6;
    if (code >= 0xd800 && code <= 0xdfff) {
      const auto second = unit(at_);
      if (code < 0xdc00 && second && *second >= 0xdc00 && *second <= 0xdfff) {
        code = 0x10000 + ((code - 0xd800) << 10) + (*second - 0xdc00);
        at_ += 6;
      } else {
        code = 0xfffd;
      }
    }
    to = put_utf8(code, to);
    return true;
  }

  bool number(Node& out) {
    const char* const from = at_;
    const auto digits = [&] {
      const char* const first = at_;
      while (at_ != end_ && is_digit(*at_)) ++at_;
      return at_ != first;
    };
    if (*at_ == '-') ++at_;
    const bool zero = at_ != end_ && *at_ == '0';
    if (!digits()) return refuse("not JSON: no value begins so");
    const char* const whole = *from == '-' ? from + 1 : from;
    if (zero && at_ - whole > 1) return refuse("not JSON: a number with zeros before it");
    bool real = false;
    if (at_ != end_ && *at_ == '.') {
      real = true;
      ++at_;
      if (!digits()) return refuse("not JSON: a number without digits after its point");
    }
    if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
      real = true;
      ++at_;
      if (at_ != end_ && (*at_ == '-' || *at_ == '+')) ++at_;
      if (!digits()) return refuse("not JSON: a number without digits in its exponent");
    }
    std::int64_t integer = 0;
    if (!real && std::from_chars(from, at_, integer).ec == std::errc()) {
      out = Node::of(integer);
      return true;
    }
    const auto read = read_real({from, static_cast<std::size_t>(at_ - from)});
    if (!read) return refuse("a number that is too large");
    out = Node::of(*read);
    return true;
  }

  const char* begin_;
  const char* at_;
  const char* end_;
  Arena& arena_;
  const ReadLimits& limits_;
  TreeBuilder builder_;
  std::size_t nodes_ = 0;
  std::string why_;
};

}  // namespace

Result<Node> read_json(std::string_view text, Arena& arena, const ReadLimits& limits) {
  return JsonReader(text, arena, limits).read();
}

}  // namespace assay::drift

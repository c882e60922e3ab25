// The only file that sees nlohmann::json: its SAX parser fills our tree.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/utf8.h"
#include "core/value.h"

namespace assay {
namespace {

class Builder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Builder(int max_depth) : max_depth_(max_depth) {}

  bool null() override { return put(Value()); }
  bool boolean(bool value) override { return put(Value(value)); }
  bool number_integer(number_integer_t value) override { return put(Value(value)); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value > static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max())) {
      return put(Value(static_cast<double>(value)));
    }
    return put(Value(static_cast<std::int64_t>(value)));
  }
  bool number_float(number_float_t value, const string_t&) override { return put(Value(value)); }
  bool string(string_t& value) override { return put(Value(std::move(value))); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Value::object()); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(Value::array()); }
  bool end_array() override { return close(); }
  bool key(string_t& value) override {
    key_ = std::move(value);
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    error = "not JSON at byte " + std::to_string(position);
    return false;
  }

  Value root;
  std::string error;

 private:
  Value* place(Value value) {
    if (stack_.empty()) {
      root = std::move(value);
      return &root;
    }
    Value& parent = *stack_.back();
    if (parent.is_array()) {
      parent.items().push_back(std::move(value));
      return &parent.items().back();
    }
    parent.members().push_back(Member{std::move(key_), std::move(value), {}});
    return &parent.members().back().value;
  }
  bool put(Value value) {
    place(std::move(value));
    return true;
  }
  bool open(Value value) {
    if (static_cast<int>(stack_.size()) >= max_depth_) {
      error = "nested deeper than " + std::to_string(max_depth_) + " levels";
      return false;
    }
    stack_.push_back(place(std::move(value)));
    return true;
  }
  bool close() {
    if (stack_.back()->is_object()) keep_last(stack_.back()->members());
    stack_.pop_back();
    return true;
  }

  // A repeated key takes the last value, as most readers do. Sorted look-up, so that large objects stay
  // cheap.
  static void keep_last(Value::Object& members) {
    std::vector<std::pair<std::string_view, std::size_t>> keys;
    keys.reserve(members.size());
    for (std::size_t i = 0; i < members.size(); ++i) keys.emplace_back(members[i].key, i);
    std::sort(keys.begin(), keys.end());
    std::vector<bool> drop(members.size(), false);
    bool any = false;
    for (std::size_t i = 1; i < keys.size(); ++i) {
      if (keys[i].first == keys[i - 1].first) drop[keys[i - 1].second] = any = true;
    }
    if (!any) return;
    Value::Object kept;
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (!drop[i]) kept.push_back(std::move(members[i]));
    }
    members = std::move(kept);
  }

  int max_depth_;
  std::vector<Value*> stack_;  // a parent is not touched while a child is open, so the pointers stay good
  std::string key_;
};

void append_indent(std::string& out, int spaces) {
  out += '\n';
  out.append(static_cast<std::size_t>(spaces), ' ');
}

void append_integer(std::string& out, std::int64_t value) {
  char buffer[24];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
}

void append_number(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  const std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";  // stays a real when read again
}

// Characters that stand for themselves in a JSON string.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 0x7f; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();

void append(std::string& out, const Value& value, int indent, int level) {
  switch (value.kind()) {
    case Value::Kind::null:
      out += "null";
      return;
    case Value::Kind::boolean:
      out += value.boolean() ? "true" : "false";
      return;
    case Value::Kind::integer:
      append_integer(out, value.integer());
      return;
    case Value::Kind::real:
      append_number(out, value.number());
      return;
    case Value::Kind::string:
      append_json_string(out, value.string());
      return;
    case Value::Kind::array: {
      out += '[';
      bool first = true;
      for (const Value& item : value.items()) {
        if (!first) out += ',';
        first = false;
        if (indent > 0) append_indent(out, indent * (level + 1));
        append(out, item, indent, level + 1);
      }
      if (indent > 0 && !first) append_indent(out, indent * level);
      out += ']';
      return;
    }
    case Value::Kind::object: {
      out += '{';
      bool first = true;
      for (const Member& member : value.members()) {
        if (!first) out += ',';
        first = false;
        if (indent > 0) append_indent(out, indent * (level + 1));
        append_json_string(out, member.key);
        out += indent > 0 ? ": " : ":";
        append(out, member.value, indent, level + 1);
      }
      if (indent > 0 && !first) append_indent(out, indent * level);
      out += '}';
      return;
    }
  }
}

}  // namespace

Result<Value> parse_json(std::string_view text, int max_depth) {
  Builder builder(max_depth);
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) {
    return fail("http.body", "transfer", builder.error.empty() ? "not JSON" : builder.error);
  }
  return std::move(builder.root);
}

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  const auto escape = [&](unsigned char c) {
    out += "\\u00";
    out += kHex[c >> 4];
    out += kHex[c & 15];
  };
  out += '"';
  std::size_t plain = 0;  // from here on nothing was written yet, and nothing needs an escape
  const auto flush = [&](std::size_t end) { out.append(text.substr(plain, end - plain)); };
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (kPlain[c]) {
      ++i;
      continue;
    }
    std::size_t length = 1;
    if (c >= 0x80) {
      length = utf8_length(text.substr(i));
      // C1 controls: a terminal on which a journal is read would obey them.
      const bool control = length == 2 && c == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0;
      if (length != 0 && !control) {
        i += length;
        continue;
      }
      flush(i);
      if (control) {
        escape(static_cast<unsigned char>(text[i + 1]));
      } else {
        out += "\xEF\xBF\xBD";
        length = 1;
      }
    } else {
      flush(i);
      switch (c) {
        case '"':
          out += "\\\"";
          break;
        case '\\':
          out += "\\\\";
          break;
        case '\n':
          out += "\\n";
          break;
        case '\r':
          out += "\\r";
          break;
        case '\t':
          out += "\\t";
          break;
        default:
          escape(c);
      }
    }
    i += length;
    plain = i;
  }
  flush(text.size());
  out += '"';
}

void append_json(std::string& out, const Value& value, int indent, int level) {
  append(out, value, indent, level);
}

std::string to_json(const Value& value, int indent) {
  std::string out;
  append(out, value, indent, 0);
  return out;
}

}  // namespace assay

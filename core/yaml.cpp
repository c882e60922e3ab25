// The only file that sees libyaml.
#include "core/yaml.h"

#include <yaml.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <new>
#include <optional>
#include <set>

#include "core/utf8.h"

namespace assay {
namespace {

Mark to_mark(const yaml_mark_t& mark, std::uint32_t file) { return {file, mark.line + 1, mark.column + 1}; }

std::string_view text_of(const yaml_char_t* text) {
  return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
}

bool digits(std::string_view text, std::string_view set) {
  return !text.empty() && text.find_first_not_of(set) == std::string_view::npos;
}

bool is_int(std::string_view text) {
  if (text.starts_with("0x")) return digits(text.substr(2), "0123456789abcdefABCDEF");
  if (text.starts_with("0o")) return digits(text.substr(2), "01234567");
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return digits(text, "0123456789");
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool is_float(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  const auto exponent = text.find_first_of("eE");
  if (exponent != std::string_view::npos) {
    std::string_view power = text.substr(exponent + 1);
    if (power.starts_with('-') || power.starts_with('+')) power.remove_prefix(1);
    if (!digits(power, "0123456789")) return false;
    text = text.substr(0, exponent);
  }
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) return digits(text, "0123456789");
  const std::string_view whole = text.substr(0, dot);
  const std::string_view part = text.substr(dot + 1);
  if (whole.empty()) return digits(part, "0123456789");
  return digits(whole, "0123456789") && (part.empty() || digits(part, "0123456789"));
}

// The builder's way to end the parse; caught at the seam below.
struct Refused {
  Problem problem;
};

[[noreturn]] void refuse(Mark mark, std::string message) { throw Refused{{mark, std::move(message), false}}; }

[[noreturn]] void refuse_tag(Mark mark, std::string_view tag) {
  refuse(mark, "the tag " + std::string(tag) + " is not known here");
}

Value scalar_of(std::string text, bool plain, std::string_view tag, Mark mark) {
  if (!plain || !tag.empty()) {
    if (!tag.empty() && tag != YAML_STR_TAG) refuse_tag(mark, tag);
    Value value(std::move(text));
    value.mark = mark;
    value.mark.quoted = 1;
    return value;
  }
  const auto typed = [&](Value typed_value) {
    typed_value.mark = mark;
    return typed_value;
  };
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL")
    return typed(nullptr);
  if (text == "true" || text == "True" || text == "TRUE") return typed(true);
  if (text == "false" || text == "False" || text == "FALSE") return typed(false);
  if (is_int(text)) {
    std::int64_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size() || std::to_string(number) != text) {
      refuse(mark, "the number " + text +
                       " does not read back as written: quote it, or write it in plain decimals");
    }
    return typed(number);
  }
  if (is_float(text)) {
    const double number = std::strtod(text.c_str(), nullptr);
    if (to_json(Value(number)) != text) {
      refuse(mark, "the number " + text + " reads as " + to_json(Value(number)) +
                       ": quote it if it is a text such as a version");
    }
    return typed(number);
  }
  return typed(std::move(text));
}

class TreeBuilder {
 public:
  TreeBuilder(std::uint32_t file, const YamlLimits& limits) : file_(file), limits_(limits) {}

  void on(const yaml_event_t& event) {
    const Mark mark = to_mark(event.start_mark, file_);
    switch (event.type) {
      case YAML_DOCUMENT_START_EVENT:
        if (documents_++ > 0) refuse(mark, "a second document: one file holds one");
        return;
      case YAML_ALIAS_EVENT:
        return alias(std::string(text_of(event.data.alias.anchor)), mark);
      case YAML_SCALAR_EVENT: {
        const auto& scalar = event.data.scalar;
        std::string text(reinterpret_cast<const char*>(scalar.value), scalar.length);
        return put(
            scalar_of(std::move(text), scalar.style == YAML_PLAIN_SCALAR_STYLE, text_of(scalar.tag), mark),
            text_of(scalar.anchor));
      }
      case YAML_SEQUENCE_START_EVENT:
        return open(Value::array(), mark, text_of(event.data.sequence_start.tag),
                    text_of(event.data.sequence_start.anchor));
      case YAML_MAPPING_START_EVENT:
        return open(Value::object(), mark, text_of(event.data.mapping_start.tag),
                    text_of(event.data.mapping_start.anchor));
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        return close();
      default:
        return;
    }
  }

  Value root;

 private:
  struct Level {
    Value value;
    std::set<std::string, std::less<>> keys;  // of a map with many
    std::optional<Member> member;             // the key that waits for its value
    std::string anchor;
    std::size_t nodes_before = 0;
  };
  struct Anchored {
    Value value;
    std::size_t nodes = 0;
  };

  void count(std::size_t more, Mark mark) {
    nodes_ += more;
    if (nodes_ > limits_.nodes) {
      refuse(mark, "more than " + std::to_string(limits_.nodes) + " nodes once aliases are expanded");
    }
  }

  void alias(const std::string& anchor, Mark mark) {
    const bool inside = std::any_of(levels_.begin(), levels_.end(),
                                    [&](const Level& level) { return level.anchor == anchor; });
    if (inside) refuse(mark, "an alias inside of its own anchor");
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) refuse(mark, "not YAML: the anchor " + anchor + " is not defined");
    count(known->second.nodes, mark);
    put(known->second.value, {}, true);
  }

  void open(Value value, Mark mark, std::string_view tag, std::string_view anchor) {
    value.mark = mark;
    if (!tag.empty() && tag != "!") refuse_tag(mark, tag);
    if (static_cast<int>(levels_.size()) >= limits_.depth) {
      refuse(value.mark, "nested deeper than " + std::to_string(limits_.depth) + " levels");
    }
    if (!levels_.empty() && levels_.back().value.is_object() && !levels_.back().member) {
      refuse(value.mark, "a key must be a text");
    }
    Level level;
    level.anchor = anchor;
    level.nodes_before = nodes_;
    level.value = std::move(value);
    levels_.push_back(std::move(level));
  }

  void close() {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    const std::size_t nodes = nodes_ - level.nodes_before + 1;
    if (!level.anchor.empty()) anchors_[level.anchor] = {level.value, nodes};
    put(std::move(level.value), {});
  }

  void put(Value value, std::string_view anchor, bool counted = false) {
    if (!counted) count(1, value.mark);
    if (!anchor.empty()) anchors_[std::string(anchor)] = {value, 1};
    if (levels_.empty()) {
      root = std::move(value);
      return;
    }
    Level& level = levels_.back();
    if (level.value.is_array()) {
      level.value.items().push_back(std::move(value));
    } else if (!level.member) {
      key(level, value);
    } else {
      level.member->value = std::move(value);
      level.value.members().push_back(std::move(*level.member));
      level.member.reset();
    }
  }

  void key(Level& level, const Value& value) {
    if (!value.is_scalar()) refuse(value.mark, "a key must be a text");
    Member member;
    member.mark = value.mark;
    member.key = value.is_string() ? value.string() : to_json(value);
    if (value.is_string() && value.mark.quoted == 0 && member.key == "<<")
      refuse(value.mark, "merge keys are not part of YAML 1.2");
    if (const Member* other = twin(level, member.key); other != nullptr) {
      refuse(value.mark, "the key " + member.key + " stands twice (first on line " +
                             std::to_string(other->mark.line) + ")");
    }
    level.member = std::move(member);
  }

  // The member of that key which is there already, or null. Most maps are small, and a set costs more than
  // looking.
  static const Member* twin(Level& level, const std::string& key) {
    constexpr std::size_t kFew = 16;
    const Value::Object& members = level.value.members();
    const auto look = [&]() -> const Member* {
      const auto found =
          std::find_if(members.begin(), members.end(), [&](const Member& one) { return one.key == key; });
      return found == members.end() ? nullptr : &*found;
    };
    if (members.size() < kFew) return look();
    if (level.keys.empty()) {
      for (const Member& member : members) level.keys.insert(member.key);
    }
    return level.keys.insert(key).second ? nullptr : look();
  }

  std::uint32_t file_;
  YamlLimits limits_;
  std::vector<Level> levels_;
  std::map<std::string, Anchored> anchors_;
  std::size_t nodes_ = 0;
  int documents_ = 0;
};

// What is no text, or has a line break that YAML 1.2 does not know and libyaml, which is older, does: lines
// would be counted differently from one place to the other.
std::optional<Problem> unreadable(std::string_view text, std::uint32_t file) {
  std::uint32_t line = 1;
  const auto problem = [&](std::string message) {
    return Problem{{file, line, 1}, std::move(message), false};
  };
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c < 0x7f) {
      ++i;
      continue;
    }
    const std::size_t length = utf8_length(text.substr(i));
    if (length == 0) return problem("not UTF-8");
    if (c == 0 || (c < 0x20 && c != '\t' && c != '\n' && c != '\r'))
      return problem("a control character; not a YAML file");
    const std::string_view character = text.substr(i, length);
    if ((c == '\r' && text.substr(i + 1, 1) != "\n") || character == "\u0085" || character == "\u2028" ||
        character == "\u2029") {
      return problem(
          "a line break that is no newline; in a text in double quotes it can be written as an escape");
    }
    if (c == '\n') ++line;
    i += length;
  }
  return std::nullopt;
}

class Parser {
 public:
  explicit Parser(std::string_view text) {
    if (yaml_parser_initialize(&parser_) == 0) throw std::bad_alloc();
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const yaml_char_t*>(text.data()), text.size());
  }
  ~Parser() { yaml_parser_delete(&parser_); }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  // Hands every event to `builder`; false where the text is no YAML.
  bool run(TreeBuilder& builder) {
    struct Event : yaml_event_t {
      ~Event() { yaml_event_delete(this); }
    };
    while (true) {
      Event event{};
      if (yaml_parser_parse(&parser_, &event) == 0) return false;
      if (event.type == YAML_STREAM_END_EVENT) return true;
      builder.on(event);
    }
  }

  // Why, and where, after false.
  Problem problem(std::uint32_t file) const {
    if (parser_.error == YAML_MEMORY_ERROR) throw std::bad_alloc();
    std::string message = "not YAML: ";
    if (parser_.context != nullptr) message += std::string(parser_.context) + ", ";
    message += parser_.problem == nullptr ? "unreadable" : parser_.problem;
    return {to_mark(parser_.problem_mark, file), std::move(message), false};
  }

 private:
  yaml_parser_t parser_{};
};

}  // namespace

Parsed parse_yaml(std::string_view text, std::uint32_t file, const YamlLimits& limits) {
  if (text.size() > limits.bytes) {
    return tl::unexpected<Problem>(Problem{{file, 0, 0},
                                           "the file has " + std::to_string(text.size()) +
                                               " bytes; at most " + std::to_string(limits.bytes) +
                                               " are read",
                                           false});
  }
  if (auto wrong = unreadable(text, file)) return tl::unexpected<Problem>(std::move(*wrong));
  TreeBuilder builder(file, limits);
  try {
    Parser parser(text);
    if (!parser.run(builder)) return tl::unexpected<Problem>(parser.problem(file));
  } catch (const Refused& refused) {
    return tl::unexpected<Problem>(refused.problem);
  }
  return std::move(builder.root);
}

}  // namespace assay

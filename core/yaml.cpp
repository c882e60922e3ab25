// The only file that sees yaml-cpp.
#include "core/yaml.h"

#include <yaml-cpp/emitterstyle.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <charconv>
#include <istream>
#include <map>
#include <optional>
#include <streambuf>
#include <unordered_set>

#include "core/utf8.h"

namespace assay {
namespace {

Mark to_mark(const YAML::Mark& mark, std::uint32_t file) {
  return {file, static_cast<std::uint64_t>(mark.line + 1), static_cast<std::uint64_t>(mark.column + 1)};
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

// A handler's way to end the parse; caught at the seam below.
struct Refused {
  Problem problem;
};

[[noreturn]] void refuse(Mark mark, std::string message) { throw Refused{{mark, std::move(message), false}}; }

Value scalar_of(const std::string& text, const std::string& tag, Mark mark) {
  Value value(text);
  value.mark = mark;
  const bool plain = tag == "?" || tag.empty();
  if (tag == "!" || tag == "tag:yaml.org,2002:str") {
    value.mark.quoted = 1;
    return value;
  }
  if (!plain) refuse(mark, "the tag " + tag + " is not known here");
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
  return value;
}

class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::uint32_t file, const YamlLimits& limits) : file_(file), limits_(limits) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) refuse(to_mark(mark, file_), "a second document: one file holds one");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Value value;
    value.mark = to_mark(mark, file_);
    put(std::move(value), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) refuse(to_mark(mark, file_), "an alias inside of its own anchor");
    count(known->second.nodes, to_mark(mark, file_));
    put(known->second.value, 0, true);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    put(scalar_of(text, tag, to_mark(mark, file_)), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Value::array(), mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Value::object(), mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

  Value root;

 private:
  struct Level {
    Value value;
    std::unordered_set<std::string> keys;
    std::optional<Member> member;  // the key that waits for its value
    YAML::anchor_t anchor = 0;
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

  void open(Value value, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    value.mark = to_mark(mark, file_);
    if (tag != "?" && !tag.empty() && tag != "!") refuse(value.mark, "the tag " + tag + " is not known here");
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
    if (level.anchor != 0) anchors_[level.anchor] = {level.value, nodes};
    put(std::move(level.value), 0);
  }

  void put(Value value, YAML::anchor_t anchor, bool counted = false) {
    if (!counted) count(1, value.mark);
    if (anchor != 0) anchors_[anchor] = {value, 1};
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
    if (!level.keys.insert(member.key).second) {
      std::string before;
      for (const Member& other : level.value.members()) {
        if (other.key == member.key) before = " (first on line " + std::to_string(other.mark.line) + ")";
      }
      refuse(value.mark, "the key " + member.key + " stands twice" + before);
    }
    level.member = std::move(member);
  }

  std::uint32_t file_;
  YamlLimits limits_;
  std::vector<Level> levels_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  std::size_t nodes_ = 0;
  int documents_ = 0;
};

// A stream over text that is not ours to copy.
class ViewBuffer final : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());
    setg(begin, begin, begin + text.size());
  }
};

}  // namespace

Parsed parse_yaml(std::string_view text, std::uint32_t file, const YamlLimits& limits) {
  const auto problem = [&](Mark mark, std::string message) {
    return tl::unexpected<Problem>(Problem{mark, std::move(message), false});
  };
  if (text.size() > limits.bytes) {
    return problem({file, 0, 0}, "the file has " + std::to_string(text.size()) + " bytes; at most " +
                                     std::to_string(limits.bytes) + " are read");
  }
  std::uint32_t line = 1;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text.substr(i));
    const auto c = static_cast<unsigned char>(text[i]);
    if (length == 0) return problem({file, line, 1}, "not UTF-8");
    if (c == 0 || (c < 0x20 && c != '\t' && c != '\n' && c != '\r')) {
      return problem({file, line, 1}, "a control character; not a YAML file");
    }
    if (c == '\n') ++line;
    i += length;
  }
  TreeBuilder builder(file, limits);
  try {
    ViewBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Refused& refused) {
    return tl::unexpected<Problem>(refused.problem);
  } catch (const YAML::Exception& error) {
    return problem(to_mark(error.mark, file), "not YAML: " + error.msg);
  }
  return std::move(builder.root);
}

}  // namespace assay

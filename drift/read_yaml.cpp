// The only file of drift that sees libyaml.
#include <fmt/format.h>
#include <yaml.h>

#include <algorithm>
#include <map>
#include <new>
#include <set>
#include <string>
#include <vector>

#include "core/base64.h"
#include "core/utf8.h"
#include "drift/goyaml.h"
#include "drift/reader.h"
#include "drift/scalar.h"
#include "drift/tree_builder.h"

namespace assay::drift {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

struct Place {
  std::size_t line = 0, column = 0;  // from 0
};

// The builder's way to end the parse; caught at the seam below.
struct Refused {
  Place place;
  std::string message;
};

// An escape \' of double quotes stands at this byte.
struct EscapedQuote {
  std::size_t at = 0;
};

[[noreturn]] void refuse(Place place, std::string message) { throw Refused{place, std::move(message)}; }

Place place_of(const yaml_mark_t& mark) { return {mark.line, mark.column}; }

std::string_view text_of(const yaml_char_t* text) {
  return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
}

// Messages hold no values and no anchors: what stands in a Secret may look like one ("*pass").

// What the tags say, as goyaml.v2's resolve() and scalar() take them; on lists and maps they say nothing.
Node tagged(std::string_view tag, std::string_view text, Place place, Arena& arena) {
  if (tag == YAML_STR_TAG) return Node::of(text);
  if (tag == "tag:yaml.org,2002:binary") {
    const auto bytes = decode_base64(text);
    if (!bytes) refuse(place, "!!binary with what is not base64");
    return Node::of(arena.keep(to_utf8(*bytes)));
  }
  const bool null = tag == YAML_NULL_TAG;
  const bool boolean = tag == YAML_BOOL_TAG;
  const bool integer = tag == YAML_INT_TAG;
  const bool real = tag == YAML_FLOAT_TAG;
  if (tag == YAML_TIMESTAMP_TAG) return Node::of(text);
  if (!null && !boolean && !integer && !real) return Node::of(text);
  const auto node = resolve_plain(text);
  const bool fits = (null && node.is_null()) || (boolean && node.kind() == Node::Kind::boolean) ||
                    (integer && (node.is_integer() || is_unsigned(text))) ||
                    (real && node.is_number() && !is_unsigned(text));
  if (!fits) refuse(place, fmt::format("a value that is not what its tag says ({})", tag));
  if (real) return Node::of(node.number());
  return node;
}

class YamlBuilder {
 public:
  YamlBuilder(Arena& arena, const ReadLimits& limits) : arena_(arena), limits_(limits) {}

  void on(const yaml_event_t& event) {
    const auto place = place_of(event.start_mark);
    switch (event.type) {
      case YAML_DOCUMENT_START_EVENT:
        if (const auto* version = event.data.document_start.version_directive;
            version != nullptr && version->minor != 1)
          refuse(place, "%YAML of another version than 1.1");
        if (documents_++ > 0) refuse(place, "a second document where one was expected");
        return;
      case YAML_ALIAS_EVENT:
        return alias(std::string(text_of(event.data.alias.anchor)), place);
      case YAML_SCALAR_EVENT:
        return scalar(event, place);
      case YAML_SEQUENCE_START_EVENT:
        open(false, text_of(event.data.sequence_start.anchor), place);
        levels_.back().flow = event.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
        return;
      case YAML_MAPPING_START_EVENT:
        open(true, text_of(event.data.mapping_start.anchor), place);
        levels_.back().flow = event.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
        return;
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        return close();
      default:
        return;
    }
  }

  Node root;

 private:
  struct Member {
    Entry entry;
    Place place;
    bool merge = false;  // the value of a "<<"
  };
  // A list or map that is not closed yet. What it holds begins at `mark` of items_ or members_.
  struct Level {
    bool map = false;
    bool flow = false;
    bool has_key = false;
    bool merge = false;   // the value that comes is one of "<<"
    bool merges = false;  // there was one
    std::size_t mark = 0;
    std::size_t nodes_before = 0;
    std::size_t bytes_before = 0;
    std::size_t number = 0;  // of those that were opened
    std::string anchor;
    Place place;
    std::string_view key;
    Place key_place;
  };
  struct Anchored {
    Node node;
    std::size_t nodes = 0;
    std::size_t bytes = 0;  // of its texts and keys
    bool is_unsigned = false;
    std::size_t open = 0;  // the number of the level that has it, as long as that is not closed
  };

  void count(std::size_t more, Place place) {
    nodes_ += more;
    if (nodes_ > limits_.nodes)
      refuse(place, fmt::format("more than {} nodes once aliases are expanded", limits_.nodes));
  }

  void alias(const std::string& anchor, Place place) {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) refuse(place, "an alias (*) of an anchor that is not defined");
    if (known->second.open > 0) refuse(place, "an alias (*) inside of its own anchor");
    count(known->second.nodes, place);
    bytes_ += known->second.bytes;
    if (expanded_ += known->second.bytes; expanded_ > limits_.expanded)
      refuse(place, fmt::format("aliases stand for more than {} MiB of text", limits_.expanded >> 20U));
    if (static_cast<int>(levels_.size()) + depth(known->second.node) > limits_.depth) too_deep(place);
    if (known->second.is_unsigned) refuse_key(place);
    // A copy: each place of a tree can be changed alone.
    put(copy_tree(known->second.node, arena_), place, true);
  }

  static int depth(Node node) {
    int most = 0;
    for (const auto item : node.items()) most = std::max(most, depth(item) + 1);
    for (const auto& entry : node.entries()) most = std::max(most, depth(entry.value) + 1);
    return std::max(most, node.is_scalar() ? 0 : 1);
  }

  void scalar(const yaml_event_t& event, Place place) {
    const auto& scalar = event.data.scalar;
    const std::string_view text(reinterpret_cast<const char*>(scalar.value), scalar.length);
    const auto tag = text_of(scalar.tag);
    count(1, place);
    bytes_ += text.size();
    const bool plain = scalar.plain_implicit != 0;
    if (scalar.style == YAML_PLAIN_SCALAR_STYLE && !levels_.empty() && levels_.back().flow &&
        text.find('?') != std::string_view::npos)
      refuse(place, "a ? in a text without quotes within [] or {}");
    if (!levels_.empty() && levels_.back().map && !levels_.back().has_key && text == "<<" &&
        (plain || tag == "tag:yaml.org,2002:merge")) {
      auto& level = levels_.back();
      level.has_key = level.merge = level.merges = true;
      if (const auto anchor = text_of(scalar.anchor); !anchor.empty())
        anchors_[std::string(anchor)] = {Node::of(std::string_view("<<")), 1, false, 0};
      return;
    }
    const auto kept = arena_.keep(text);
    Node node = Node::of(kept);
    if (!tag.empty()) {
      node = tagged(tag, kept, place, arena_);
    } else if (plain) {
      node = resolve_plain(kept);
    }
    const bool large = node.is_number() && is_unsigned(kept);
    if (large) refuse_key(place);
    if (const auto anchor = text_of(scalar.anchor); !anchor.empty())
      anchors_[std::string(anchor)] = {node, 1, text.size(), large, 0};
    put(node, place, false);
  }

  // It has no text to be a key with.
  void refuse_key(Place place) const {
    if (!levels_.empty() && levels_.back().map && !levels_.back().has_key)
      refuse(place, "a key that is too large a number");
  }

  [[noreturn]] void too_deep(Place place) const {
    refuse(place, fmt::format("nested deeper than {} levels", limits_.depth));
  }

  void open(bool map, std::string_view anchor, Place place) {
    count(1, place);
    if (static_cast<int>(levels_.size()) >= limits_.depth) too_deep(place);
    if (!levels_.empty() && levels_.back().map && !levels_.back().has_key)
      refuse(place, "a key that is a list or a map");
    Level level;
    level.map = map;
    level.mark = map ? members_.size() : items_.size();
    level.nodes_before = nodes_ - 1;
    level.bytes_before = bytes_;
    level.number = ++opened_;
    level.anchor = anchor;
    level.place = place;
    // From here on, and where an anchor within it has the same name, only up to there.
    if (!anchor.empty()) anchors_[level.anchor].open = level.number;
    levels_.push_back(std::move(level));
  }

  void close() {
    const auto level = std::move(levels_.back());
    levels_.pop_back();
    const auto node = level.map ? map_of(level) : list_of(level);
    if (!level.anchor.empty() && anchors_[level.anchor].open == level.number)
      anchors_[level.anchor] = {node, nodes_ - level.nodes_before, bytes_ - level.bytes_before, false, 0};
    put(node, level.place, false);
  }

  Node list_of(const Level& level) {
    const auto count = items_.size() - level.mark;
    auto* items = arena_.array<Node>(count);
    std::copy_n(items_.begin() + static_cast<std::ptrdiff_t>(level.mark), count, items);
    items_.resize(level.mark);
    return Node::list({items, count});
  }

  Node map_of(const Level& level) {
    const auto written = std::span(members_).subspan(level.mark);
    auto* entries = arena_.array<Entry>(written.size());
    std::transform(written.begin(), written.end(), entries, [](const Member& one) { return one.entry; });
    std::span<Entry> all(entries, written.size());
    if (level.merges) all = merged(written);
    if (const auto twice = sort_entries(all)) twin(written, *twice);
    members_.resize(level.mark);
    return Node::map(all);
  }

  [[noreturn]] void twin(std::span<const Member> members, std::string_view key) const {
    const auto has_key = [&](const Member& one) { return !one.merge && one.entry.key == key; };
    const auto first = std::find_if(members.begin(), members.end(), has_key);
    const auto second = std::find_if(first + 1, members.end(), has_key);
    refuse(second->place,
           fmt::format("the key {} stands twice, first on line {}", key, limits_.line + first->place.line));
  }

  // What "<<" brings is put in where it stands, and what comes later replaces it, as in goyaml.v2.
  std::span<Entry> merged(std::span<const Member> members) {
    std::map<std::string_view, Node> last;
    std::set<std::string_view> own;
    for (const auto& member : members) {
      const auto& [key, value] = member.entry;
      if (!member.merge) {
        if (!own.insert(key).second) twin(members, key);
        last[key] = value;
        continue;
      }
      const auto take = [&](Node map) {
        if (!map.is_map()) refuse(member.place, "a merge (<<) of what is no map");
        for (const auto& entry : map.entries()) last[entry.key] = entry.value;
      };
      if (value.is_list()) {
        const auto items = value.items();
        std::for_each(items.rbegin(), items.rend(), take);
      } else {
        take(value);
      }
    }
    auto* entries = arena_.array<Entry>(last.size());
    std::transform(last.begin(), last.end(), entries, [](const auto& one) {
      return Entry{one.first, one.second};
    });
    return {entries, last.size()};
  }

  void put(Node node, Place place, bool is_alias) {
    if (levels_.empty()) {
      root = value(node, place);
      return;
    }
    auto& level = levels_.back();
    if (!level.map) {
      items_.push_back(value(node, place));
    } else if (!level.has_key) {
      if (!node.is_scalar()) refuse(place, "a key that is a list or a map");
      const auto key = key_of(node, arena_);
      if (!key) refuse(place, "a key that is null");
      level.key = *key;
      level.key_place = place;
      level.has_key = true;
    } else if (level.merge) {
      if (is_alias && node.is_list()) refuse(place, "a merge (<<) of what is no map");
      members_.push_back({{{}, node}, place, true});
      level.has_key = level.merge = false;
    } else {
      members_.push_back({{level.key, value(node, place)}, level.key_place});
      level.has_key = false;
    }
  }

  static Node value(Node node, Place place) {
    if (!is_json(node)) refuse(place, "a number that JSON does not have");
    return as_json(node);
  }

  Arena& arena_;
  const ReadLimits& limits_;
  std::vector<Level> levels_;
  std::vector<Node> items_;
  std::vector<Member> members_;
  std::map<std::string, Anchored> anchors_;
  std::size_t nodes_ = 0;
  std::size_t opened_ = 0;
  std::size_t bytes_ = 0;     // of texts and keys, once aliases are expanded
  std::size_t expanded_ = 0;  // of them, what aliases have brought
  int documents_ = 0;
};

class Parser {
 public:
  explicit Parser(std::string_view text)
      : text_(text), escaped_slash_(text.find("\\/") != std::string_view::npos) {
    if (yaml_parser_initialize(&parser_) == 0) throw std::bad_alloc();
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const yaml_char_t*>(text.data()), text.size());
  }
  ~Parser() { yaml_parser_delete(&parser_); }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  void run(YamlBuilder& builder) {
    struct Event : yaml_event_t {
      ~Event() { yaml_event_delete(this); }
    };
    while (true) {
      Event event{};
      if (yaml_parser_parse(&parser_, &event) == 0) explain();
      if (event.type == YAML_STREAM_END_EVENT) return;
      if (event.type == YAML_SCALAR_EVENT) check(event);
      builder.on(event);
    }
  }

 private:
  [[noreturn]] void explain() {
    if (parser_.error == YAML_MEMORY_ERROR) throw std::bad_alloc();
    if (const auto at = offset_of(parser_.problem_mark);
        parser_.error == YAML_SCANNER_ERROR && text_.substr(at, 2) == "\\'")
      throw EscapedQuote{at};
    std::string message = "not YAML: ";
    if (parser_.context != nullptr) message += std::string(parser_.context) + ", ";
    message += parser_.problem == nullptr ? "unreadable" : parser_.problem;
    if (parser_.error != YAML_READER_ERROR) refuse(place_of(parser_.problem_mark), std::move(message));
    const auto before = text_.substr(0, parser_.problem_offset);
    const auto line = static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
    refuse({line, before.size() - (before.rfind('\n') + 1)}, std::move(message));
  }

  // What goyaml.v2 does not take as libyaml does.
  void check(const yaml_event_t& event) {
    const auto& scalar = event.data.scalar;
    if (escaped_slash_ && scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE &&
        has_escaped_slash(text_, offset_of(event.start_mark)))
      refuse(place_of(event.start_mark), "not YAML: the escape \\/");
    if (scalar.tag != nullptr && scalar.length == 0 && is_tag_before_comma(text_, offset_of(event.end_mark)))
      refuse(place_of(event.end_mark), "not YAML: a comma in a tag");
  }

  // The byte of a mark, which counts characters. Marks are asked for in their order.
  std::size_t offset_of(const yaml_mark_t& mark) {
    for (; characters_ < mark.index && offset_ < text_.size(); ++characters_)
      offset_ += std::max(utf8_length(text_.substr(offset_, 4)), std::size_t{1});
    return offset_;
  }

  std::string_view text_;
  bool escaped_slash_;          // one may be in it
  std::size_t offset_ = 0;      // of a byte of text_
  std::size_t characters_ = 0;  // before it
  yaml_parser_t parser_{};
};

}  // namespace

Result<Node> read_yaml_whole(std::string_view text, Arena& arena, const ReadLimits& limits) {
  constexpr std::size_t kMost = 64U << 20;  // bytes that are read again because of \'
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (const auto at = mark_within(text)) {
    const auto line = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(*at), '\n');
    return fail("drift.manifest", "read",
                fmt::format("{}:1: a byte-order mark within the text", limits.line + line));
  }
  std::string changed;
  for (std::size_t again = 0;;) {
    YamlBuilder builder(arena, limits);
    try {
      Parser(text).run(builder);
      return builder.root;
    } catch (const Refused& refused) {
      return fail("drift.manifest", "read",
                  fmt::format("{}:{}: {}", limits.line + refused.place.line, refused.place.column + 1,
                              refused.message));
    } catch (const EscapedQuote& quote) {
      again += text.size();
      if (again > kMost)
        return fail("drift.manifest", "read", fmt::format("{}:1: too many escapes \\'", limits.line));
      changed = without_escaped_quotes(text, quote.at);
      text = changed;
    }
  }
}

Result<Node> read_yaml(std::string_view text, Arena& arena, const ReadLimits& limits) {
  if (const auto node = read_yaml_plain(text, arena, limits)) return *node;
  return read_yaml_whole(text, arena, limits);
}

}  // namespace assay::drift

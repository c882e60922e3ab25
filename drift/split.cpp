#include "drift/split.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "drift/json_skim.h"
#include "drift/text_scan.h"
#include "drift/yaml_lines.h"

namespace assay::drift {
namespace {

constexpr std::string_view kMark = "\xef\xbb\xbf";  // byte-order mark
constexpr std::string_view kSource = "# Source: ";

bool is_divider(std::string_view line) {
  return line.starts_with("---") && (line.size() == 3 || line[3] == ' ' || line[3] == '\t');
}

bool is_dash(std::string_view text) { return text == "-" || text.starts_with("- "); }

bool is_anchor_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
}

class Splitter {
 public:
  Splitter(const Bytes& bytes, const std::function<void(Piece)>& take) : stream_(bytes), take_(take) {}

  Result<void> run() {
    std::string_view text;
    while (true) {
      begin_ = stream_.offset();
      if (!stream_.line(text)) break;
      ++line_;
      if (text.ends_with('\r')) text.remove_suffix(1);
      one(text);
    }
    finish(begin_);
    return stream_.result();
  }

 private:
  // A YAML document whose end was not seen.
  struct Open {
    Piece piece;
    YamlLines lines{0};
    std::size_t item_indent = 0;
    bool broken_json = false;
    // Which item has an anchor last, from 1; 0: it stands outside of them.
    std::unordered_map<std::string, std::size_t> anchors;
  };
  struct Item {
    Piece piece;
    YamlLines lines;
  };

  void one(std::string_view text) {
    if (is_divider(text)) {
      finish(begin_);
      source_.clear();
      const auto rest = text.find_first_not_of(" \t", 3);
      if (rest == std::string_view::npos || text[rest] == '#') return;
      open(rest);
      open_->lines.found.odd = true;
      return;
    }
    if (!open_ && text.starts_with(kMark)) {
      text.remove_prefix(kMark.size());
      begin_ += kMark.size();
    }
    const auto indent = text.find_first_not_of(' ');
    if (indent == std::string_view::npos) return;
    if (text[indent] == '#') {
      if (!open_ && text.starts_with(kSource)) source_ = text.substr(kSource.size());
      return;
    }
    if (open_ && open_->broken_json && text[0] == '{') finish(begin_);
    if (!open_) {
      if (text[0] == '%' || text.find_first_not_of(" \t") == std::string_view::npos) return;
      if (text[indent] == '{' && json(begin_ + indent)) return;
      open(0);
      if (text[indent] == '{') {
        open_->broken_json = open_->lines.found.odd = true;
        open_->piece.json = too_deep_;
        return;
      }
      if (indent > 0) open_->lines.found.odd = true;
    }
    content(indent, text.substr(indent));
  }

  void open(std::size_t skip) {
    open_ = Open{};
    open_->piece.offset = begin_ + skip;
    open_->piece.line = line_;
    open_->piece.source = std::exchange(source_, {});
  }

  // Of the document that is open.
  void content(std::size_t indent, std::string_view text) {
    auto& lines = open_->lines;
    if (lines.in_items() && !lines.found.odd) {
      if (is_dash(text) && (!item_ ? open_->piece.items.empty() : indent == open_->item_indent)) {
        finish_item(begin_);
        open_->item_indent = indent;
        begin_item(indent, text);
        return references(text);
      }
      if (item_ && indent > open_->item_indent) {
        item_->lines.line(indent, text);
        return references(text);
      }
      if (indent > 0) lines.found.odd = true;
    }
    lines.line(indent, text);
    if (!lines.in_items()) finish_item(begin_);
    references(text);
  }

  // An alias of what another item has: the items cannot be read one by one. In a text that only looks like
  // anchors and aliases this costs no more than that the list is read whole.
  void references(std::string_view text) {
    const char* const end = text.data() + text.size();
    for (const char* at = text.data();; ++at) {
      at = reference_mark(at, end);
      if (at == end) return;
      const auto begins =
          at == text.data() || std::string_view(" [{,").find(at[-1]) != std::string_view::npos;
      if (!begins) continue;
      const auto* const after = std::find_if_not(at + 1, end, is_anchor_character);
      const auto ends = after == end || std::string_view(" \r,]}:").find(*after) != std::string_view::npos;
      if (after == at + 1 || !ends) continue;
      const auto item = item_ ? open_->piece.items.size() + 1 : 0;
      const std::string name(at + 1, after);
      if (*at == '&') {
        open_->anchors[name] = item;
      } else if (const auto known = open_->anchors.find(name);
                 known != open_->anchors.end() && known->second != item) {
        open_->lines.found.odd = true;
      }
    }
  }

  void begin_item(std::size_t indent, std::string_view text) {
    const auto first = text.find_first_not_of(' ', 1);
    item_.emplace(Item{{}, YamlLines(first == std::string_view::npos ? 0 : indent + first, true)});
    item_->piece.offset = begin_;
    item_->piece.line = line_;
    item_->piece.dash = static_cast<std::uint32_t>(indent + 1);
    if (first == std::string_view::npos) {
      item_->lines.found.odd = true;
    } else {
      item_->lines.line(indent + first, text.substr(first));
    }
  }

  void finish_item(std::uint64_t end) {
    if (!item_) return;
    item_->piece.size = end - item_->piece.offset;
    item_->piece.id = std::move(item_->lines.found);
    open_->piece.items.push_back(std::move(item_->piece));
    item_.reset();
  }

  void finish(std::uint64_t end) {
    if (!open_) return;
    finish_item(end);
    open_->piece.size = end - open_->piece.offset;
    open_->piece.id = std::move(open_->lines.found);
    take_(std::move(open_->piece));
    open_.reset();
  }

  // The JSON text that begins there, in the line that was read last. False: it is none, has no end, or is
  // too deep to be read; then the stream stands where it stood.
  bool json(std::uint64_t offset) {
    const auto after = stream_.offset();
    stream_.seek(offset);
    JsonSkim skim;
    auto state = JsonSkim::State::wants_more;
    while (state == JsonSkim::State::wants_more) {
      if (stream_.at_hand().empty() && !stream_.more()) break;
      std::size_t taken = 0;
      state = skim.feed(stream_.at_hand(), taken);
      stream_.skip(taken);
    }
    too_deep_ = state == JsonSkim::State::too_deep;
    if (state != JsonSkim::State::done) {
      stream_.seek(after);
      return false;
    }
    Piece piece;
    piece.json = true;
    piece.line = line_;
    piece.offset = offset;
    piece.size = stream_.offset() - offset;
    piece.source = std::exchange(source_, {});
    for (auto& item : skim.items) {
      Piece part;
      part.id = std::move(item.id);
      part.offset = offset + item.begin;
      part.size = item.end - item.begin;
      part.line = line_ + item.line;
      part.json = true;
      piece.items.push_back(std::move(part));
    }
    piece.id = std::move(skim.found);
    line_ += skim.lines();
    // What follows in its last line is counted as that line again.
    rest_of_line();
    take_(std::move(piece));
    return true;
  }

  void rest_of_line() {
    while (true) {
      const auto text = stream_.at_hand();
      const auto next = text.find_first_not_of(" \t\r");
      if (next == std::string_view::npos) {
        stream_.skip(text.size());
        if (stream_.more()) continue;
        return;
      }
      stream_.skip(text[next] == '\n' ? next + 1 : next);
      if (text[next] != '\n') --line_;
      return;
    }
  }

  ByteStream stream_;
  const std::function<void(Piece)>& take_;
  std::uint64_t begin_ = 0;  // of the line
  std::uint32_t line_ = 0;
  bool too_deep_ = false;  // the JSON text that was looked at last
  std::string source_;
  std::optional<Open> open_;
  std::optional<Item> item_;
};

}  // namespace

Result<void> split(const Bytes& bytes, const std::function<void(Piece)>& take) {
  return Splitter(bytes, take).run();
}

}  // namespace assay::drift

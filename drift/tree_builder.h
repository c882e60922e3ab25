// Puts trees together from their leaves.
#pragma once

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "drift/text_scan.h"
#include "drift/tree.h"

namespace assay::drift {

// Sorts by key and returns the key that is there twice, or nothing.
inline std::optional<std::string_view> sort_entries(std::span<Entry> entries) {
  constexpr std::size_t kFew = 24;
  bool sorted = true;
  for (std::size_t i = 1; i < entries.size(); ++i) {
    const auto order = key_order(entries[i - 1].key, entries[i].key);
    if (order == 0) return entries[i].key;
    if (order < 0) continue;
    sorted = false;
    if (entries.size() > kFew) break;
    const auto moved = entries[i];
    auto to = i;
    int against = 1;
    for (; to > 0 && (against = key_order(entries[to - 1].key, moved.key)) > 0; --to)
      entries[to] = entries[to - 1];
    if (to > 0 && against == 0) return moved.key;
    entries[to] = moved;
  }
  if (sorted || entries.size() <= kFew) return std::nullopt;
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return key_order(a.key, b.key) < 0; });
  const auto twin = std::adjacent_find(entries.begin(), entries.end(),
                                       [](const Entry& a, const Entry& b) { return a.key == b.key; });
  if (twin != entries.end()) return twin->key;
  return std::nullopt;
}

// Holds what the lists and maps that are not yet closed hold: take a mark when one is opened, put in what
// belongs to it, close it with the mark.
class TreeBuilder {
 public:
  explicit TreeBuilder(Arena& arena) : arena_(arena) {}

  std::size_t items() const { return items_.size(); }
  std::size_t entries() const { return entries_.size(); }
  void put(Node item) { items_.push_back(item); }
  void put(std::string_view key, Node value) { entries_.push_back({key, value}); }

  Node close_list(std::size_t mark) {
    const auto count = items_.size() - mark;
    auto* items = arena_.array<Node>(count);
    std::copy_n(items_.begin() + static_cast<std::ptrdiff_t>(mark), count, items);
    items_.resize(mark);
    return Node::list({items, count});
  }
  // `twice` becomes the key that stands in it twice.
  Node close_map(std::size_t mark, std::optional<std::string_view>& twice) {
    const auto count = entries_.size() - mark;
    auto* entries = arena_.array<Entry>(count);
    std::copy_n(entries_.begin() + static_cast<std::ptrdiff_t>(mark), count, entries);
    entries_.resize(mark);
    twice = sort_entries({entries, count});
    return Node::map({entries, count});
  }

 private:
  Arena& arena_;
  std::vector<Node> items_;
  std::vector<Entry> entries_;
};

}  // namespace assay::drift

#include "drift/tree.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <initializer_list>
#include <utility>

#include "core/value.h"
#include "drift/text_scan.h"

namespace assay::drift {
namespace {

constexpr std::size_t kBlock = 64U << 10;

bool before(const Entry& entry, std::string_view key) { return key_order(entry.key, key) < 0; }

bool same_number(Node a, Node b) {
  if (a.is_integer() && b.is_integer()) return a.integer() == b.integer();
  return a.number() == b.number();
}

}  // namespace

void* Arena::allocate(std::size_t bytes, std::size_t alignment) {
  const auto aligned = (used_ + alignment - 1) / alignment * alignment;
  if (block_ < blocks_.size() && aligned + bytes <= blocks_[block_].size) {
    used_ = aligned + bytes;
    return blocks_[block_].memory.get() + aligned;
  }
  // The next block that is there and large enough, else a new one.
  for (auto next = block_ + 1; next < blocks_.size(); ++next) {
    if (blocks_[next].size < bytes) continue;
    std::swap(blocks_[block_ + 1], blocks_[next]);
    ++block_;
    used_ = bytes;
    return blocks_[block_].memory.get();
  }
  const auto size = std::max(bytes, kBlock << std::min<std::size_t>(blocks_.size(), 6));
  const auto place = blocks_.empty() ? 0 : block_ + 1;
  blocks_.insert(blocks_.begin() + static_cast<std::ptrdiff_t>(place),
                 Block{std::make_unique_for_overwrite<std::byte[]>(size), size});
  held_ += size;
  block_ = place;
  used_ = bytes;
  return blocks_[block_].memory.get();
}

std::string_view Arena::keep(std::string_view text) {
  if (text.empty()) return {};
  auto* copy = array<char>(text.size());
  std::memcpy(copy, text.data(), text.size());
  return {copy, text.size()};
}

void Arena::reset(std::size_t keep_bytes) {
  while (!blocks_.empty() && held_ > keep_bytes) {
    held_ -= blocks_.back().size;
    blocks_.pop_back();
  }
  block_ = 0;
  used_ = 0;
}

Node Node::of(bool value) {
  Node node;
  node.kind_ = Kind::boolean;
  node.data_.boolean = value;
  return node;
}

Node Node::of(std::int64_t value) {
  Node node;
  node.kind_ = Kind::integer;
  node.data_.integer = value;
  return node;
}

Node Node::of(double value) {
  Node node;
  node.kind_ = Kind::real;
  node.data_.real = value;
  return node;
}

Node Node::of(std::string_view text) {
  Node node;
  node.kind_ = Kind::string;
  node.size_ = static_cast<std::uint32_t>(text.size());
  node.data_.text = text.data();
  return node;
}

Node Node::list(std::span<Node> items) {
  Node node;
  node.kind_ = Kind::list;
  node.size_ = static_cast<std::uint32_t>(items.size());
  node.data_.items = items.data();
  return node;
}

Node Node::map(std::span<Entry> sorted_entries) {
  Node node;
  node.kind_ = Kind::map;
  node.size_ = static_cast<std::uint32_t>(sorted_entries.size());
  node.data_.entries = sorted_entries.data();
  return node;
}

double Node::number() const {
  if (kind_ == Kind::integer) return static_cast<double>(data_.integer);
  return kind_ == Kind::real ? data_.real : 0;
}

std::string_view Node::text() const {
  return is_string() ? std::string_view(data_.text, size_) : std::string_view{};
}

std::span<Node> Node::items() const {
  return is_list() ? std::span<Node>(data_.items, size_) : std::span<Node>{};
}

std::span<Entry> Node::entries() const {
  return is_map() ? std::span<Entry>(data_.entries, size_) : std::span<Entry>{};
}

Node* Node::find(std::string_view key) const {
  const auto all = entries();
  const auto found = std::lower_bound(all.begin(), all.end(), key, before);
  return found != all.end() && found->key == key ? &found->value : nullptr;
}

Node* Node::find(std::initializer_list<std::string_view> keys) const {
  const Node* at = this;
  Node* found = nullptr;
  for (const auto key : keys) {
    found = at->find(key);
    if (found == nullptr) return nullptr;
    at = found;
  }
  return found;
}

std::string_view Node::text_at(std::string_view key) const {
  const auto* found = find(key);
  return found == nullptr ? std::string_view{} : found->text();
}

void set_member(Node& map, std::string_view key, Node value, Arena& arena) {
  if (auto* there = map.find(key); there != nullptr) {
    *there = value;
    return;
  }
  const auto old = map.entries();
  auto* entries = arena.array<Entry>(old.size() + 1);
  const auto at = std::lower_bound(old.begin(), old.end(), key, before) - old.begin();
  std::copy(old.begin(), old.begin() + at, entries);
  entries[at] = {key, value};
  std::copy(old.begin() + at, old.end(), entries + at + 1);
  const auto defaulted = map.defaulted();
  map = Node::map({entries, old.size() + 1});
  map.set_defaulted(defaulted);
}

bool erase_member(Node& map, std::string_view key) {
  auto* found = map.find(key);
  if (found == nullptr) return false;
  const auto all = map.entries();
  const auto at = std::lower_bound(all.begin(), all.end(), key, before);
  std::copy(at + 1, all.end(), at);
  const auto defaulted = map.defaulted();
  map = Node::map(all.first(all.size() - 1));
  map.set_defaulted(defaulted);
  return true;
}

void mark_defaulted(Node& node) {
  node.set_defaulted(true);
  for (auto& item : node.items()) mark_defaulted(item);
  for (auto& entry : node.entries()) mark_defaulted(entry.value);
}

Node copy_tree(Node node, Arena& arena) {
  if (node.is_scalar()) return node;
  Node copy;
  if (node.is_list()) {
    const auto items = node.items();
    auto* copies = arena.array<Node>(items.size());
    std::transform(items.begin(), items.end(), copies, [&](Node item) { return copy_tree(item, arena); });
    copy = Node::list({copies, items.size()});
  } else {
    const auto entries = node.entries();
    auto* copies = arena.array<Entry>(entries.size());
    std::transform(entries.begin(), entries.end(), copies, [&](const Entry& entry) {
      return Entry{entry.key, copy_tree(entry.value, arena)};
    });
    copy = Node::map({copies, entries.size()});
  }
  copy.set_defaulted(node.defaulted());
  return copy;
}

bool same_tree(Node a, Node b) {
  if (a.is_number() && b.is_number()) return same_number(a, b);
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Node::Kind::null:
      return true;
    case Node::Kind::boolean:
      return a.boolean() == b.boolean();
    case Node::Kind::integer:
    case Node::Kind::real:
      return same_number(a, b);
    case Node::Kind::string:
      return a.text() == b.text();
    case Node::Kind::list: {
      const auto x = a.items();
      const auto y = b.items();
      return std::equal(x.begin(), x.end(), y.begin(), y.end(), same_tree);
    }
    case Node::Kind::map: {
      const auto x = a.entries();
      const auto y = b.entries();
      return std::equal(x.begin(), x.end(), y.begin(), y.end(), [](const Entry& m, const Entry& n) {
        return m.key == n.key && same_tree(m.value, n.value);
      });
    }
  }
  return false;
}

void append_json(std::string& out, Node node) {
  switch (node.kind()) {
    case Node::Kind::null:
      out += "null";
      break;
    case Node::Kind::boolean:
      out += node.boolean() ? "true" : "false";
      break;
    case Node::Kind::integer:
      out += std::to_string(node.integer());
      break;
    case Node::Kind::real:
      append_json(out, Value(node.number()));
      break;
    case Node::Kind::string:
      append_json_string(out, node.text());
      break;
    case Node::Kind::list: {
      out += '[';
      auto first = true;
      for (const auto item : node.items()) {
        if (!std::exchange(first, false)) out += ',';
        append_json(out, item);
      }
      out += ']';
      break;
    }
    case Node::Kind::map: {
      out += '{';
      auto first = true;
      for (const auto& [key, value] : node.entries()) {
        if (!std::exchange(first, false)) out += ',';
        append_json_string(out, key);
        out += ':';
        append_json(out, value);
      }
      out += '}';
      break;
    }
  }
}

std::string to_json(Node node) {
  std::string out;
  append_json(out, node);
  return out;
}

}  // namespace assay::drift

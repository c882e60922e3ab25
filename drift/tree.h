// Trees of Kubernetes objects, made for reading and comparing many of them quickly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::drift {

// Memory for trees that end together. Blocks are kept when it is reset. What is made in it is never
// destroyed, so only trivial types belong there. Not synchronised: one thread at a time.
class Arena {
 public:
  Arena() = default;
  Arena(Arena&&) noexcept = default;
  Arena& operator=(Arena&&) noexcept = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  void* allocate(std::size_t bytes, std::size_t alignment);
  template <class T>
  T* array(std::size_t count) {
    return static_cast<T*>(allocate(count * sizeof(T), alignof(T)));
  }
  // A copy of `text`.
  std::string_view keep(std::string_view text);
  // Everything that was made is gone; of its memory at most `keep_bytes` stay for what comes next.
  void reset(std::size_t keep_bytes = 4U << 20);
  std::size_t bytes() const { return held_; }

 private:
  struct Block {
    std::unique_ptr<std::byte[]> memory;
    std::size_t size;
  };
  std::vector<Block> blocks_;
  std::size_t block_ = 0;  // the one in use
  std::size_t used_ = 0;   // of it
  std::size_t held_ = 0;
};

struct Entry;

// One node, as JSON knows it; 16 bytes, copied as a handle, what it holds lies in an Arena (or in the text
// that it was read from). Maps are sorted by key, bytewise, and hold each key once.
class Node {
 public:
  enum class Kind : std::uint8_t { null, boolean, integer, real, string, list, map };

  Node() = default;
  static Node of(bool value);
  static Node of(std::int64_t value);
  static Node of(double value);
  static Node of(std::string_view text);
  static Node list(std::span<Node> items);
  static Node map(std::span<Entry> sorted_entries);

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::null; }
  bool is_string() const { return kind_ == Kind::string; }
  bool is_integer() const { return kind_ == Kind::integer; }
  bool is_number() const { return kind_ == Kind::integer || kind_ == Kind::real; }
  bool is_list() const { return kind_ == Kind::list; }
  bool is_map() const { return kind_ == Kind::map; }
  bool is_scalar() const { return !is_list() && !is_map(); }

  // Of another kind they give nothing: false, 0, an empty text, no items, no entries.
  bool boolean() const { return kind_ == Kind::boolean && data_.boolean; }
  std::int64_t integer() const { return kind_ == Kind::integer ? data_.integer : 0; }
  double number() const;
  std::string_view text() const;
  std::span<Node> items() const;
  std::span<Entry> entries() const;

  // The value at a key of a map, or null; by halving.
  Node* find(std::string_view key) const;
  // Along several keys.
  Node* find(std::initializer_list<std::string_view> keys) const;
  // The text at a key, or nothing.
  std::string_view text_at(std::string_view key) const;

  // It was put there as a default, not written.
  bool defaulted() const { return defaulted_; }
  void set_defaulted(bool on) { defaulted_ = on; }
  // It stands for a null that was written (and is defaulted, too).
  bool was_null() const { return was_null_; }
  void set_was_null() { defaulted_ = was_null_ = true; }

 private:
  Kind kind_ = Kind::null;
  bool defaulted_ = false;
  bool was_null_ = false;
  std::uint32_t size_ = 0;
  union Data {
    bool boolean;
    std::int64_t integer = 0;
    double real;
    const char* text;
    Node* items;
    Entry* entries;
  } data_;
};

struct Entry {
  std::string_view key;
  Node value;
};

// The map with the value at `key` set; entries are copied into the arena when one is added.
void set_member(Node& map, std::string_view key, Node value, Arena& arena);
// The map without `key`; true when there was one.
bool erase_member(Node& map, std::string_view key);
// Marks it and all that lies in it.
void mark_defaulted(Node& node);
// A copy that shares texts but no lists and maps, so that one can be changed and the other not.
Node copy_tree(Node node, Arena& arena);
// Same kinds and contents; 1 and 1.0 are the same number, null is only itself.
bool same_tree(Node a, Node b);

// Compact JSON, members in the order of their keys.
void append_json(std::string& out, Node node);
std::string to_json(Node node);

}  // namespace assay::drift

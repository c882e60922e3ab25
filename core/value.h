// One tree for JSON and YAML, with source positions.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/result.h"

namespace assay {

// Where a node stands in a file: `file` is an index into a Sources table, lines and columns count from 1, and
// 0 means "not from a file". Small, as every node of every tree has one; a column from 65,535 on is 65,535.
struct Mark {
  std::uint32_t line = 0;
  std::uint16_t column = 0;
  std::uint16_t file : 15 = 0;
  std::uint16_t quoted : 1 = 0;  // of a YAML string: it stood in quotes

  Mark() = default;
  Mark(std::uint32_t in_file, std::uint64_t at_line, std::uint64_t at_column);
  bool known() const { return line != 0; }
};

struct Member;
struct NewMember;

// A JSON-like value. Objects keep the order of insertion; numbers are either 64-bit integers or doubles.
// Copies are deep. Not synchronised: one thread at a
// time.
class Value {
 public:
  using Array = std::vector<Value>;
  using Object = std::vector<Member>;
  enum class Kind { null, boolean, integer, real, string, array, object };

  Value();
  Value(std::nullptr_t);
  Value(bool value);
  Value(int value);
  Value(unsigned value);
  Value(long value);
  Value(long long value);
  Value(unsigned long value);
  Value(double value);
  Value(const char* value);
  Value(std::string_view value);
  Value(std::string value);
  Value(Array value);
  Value(Object value);
  Value(const Value&);
  Value(Value&&) noexcept;
  Value& operator=(const Value&);
  Value& operator=(Value&&) noexcept;
  ~Value();

  static Value array();
  static Value object();
  // Takes the values over, although lists of initialisers are constant.
  static Value object(std::initializer_list<NewMember> members);

  Kind kind() const { return static_cast<Kind>(data_.index()); }
  bool is_null() const { return kind() == Kind::null; }
  bool is_bool() const { return kind() == Kind::boolean; }
  bool is_integer() const { return kind() == Kind::integer; }
  bool is_number() const { return kind() == Kind::integer || kind() == Kind::real; }
  bool is_string() const { return kind() == Kind::string; }
  bool is_array() const { return kind() == Kind::array; }
  bool is_object() const { return kind() == Kind::object; }
  bool is_scalar() const { return !is_array() && !is_object(); }

  // Reading the wrong kind is a defect of the caller and throws std::bad_variant_access.
  bool boolean() const { return std::get<bool>(data_); }
  std::int64_t integer() const { return std::get<std::int64_t>(data_); }
  double number() const;
  const std::string& string() const { return std::get<std::string>(data_); }
  std::string& string() { return std::get<std::string>(data_); }
  const Array& items() const { return std::get<Array>(data_); }
  Array& items() { return std::get<Array>(data_); }
  const Object& members() const { return std::get<Object>(data_); }
  Object& members() { return std::get<Object>(data_); }

  // The member `key`, or null when this is no object or has none.
  const Value* find(std::string_view key) const;
  Value* find(std::string_view key);
  // The member `key`, made when missing; a null becomes an object first.
  Value& operator[](std::string_view key);
  // Takes a member away; true when there was one.
  bool erase(std::string_view key);
  // Appends to an array; a null becomes an array first.
  void push_back(Value item);
  // The string member `key`, or `fallback` where there is none or it is no string.
  std::string get(std::string_view key, std::string_view fallback = {}) const;
  std::int64_t get_int(std::string_view key, std::int64_t fallback = 0) const;
  double get_number(std::string_view key, double fallback = 0) const;
  bool get_bool(std::string_view key, bool fallback = false) const;

  // Same kind and same content; 1 and 1.0 are different, the order of members does not matter, marks do not
  // count.
  friend bool operator==(const Value& a, const Value& b);

  // "a string", "a number", ... for messages.
  static std::string_view kind_name(Kind kind);
  std::string_view kind_name() const { return kind_name(kind()); }

  Mark mark;

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> data_;
};

// A member for Value::object().
struct NewMember {
  std::string_view key;
  mutable Value value;
};

struct Member {
  std::string key;
  Value value;
  Mark mark;  // of the key
  friend bool operator==(const Member& a, const Member& b) { return a.key == b.key && a.value == b.value; }
};

// The value at a path of keys, or a null where there is none. Lives as long as `value`.
const Value& value_at(const Value& value, std::initializer_list<std::string_view> path);
// The items of the list there; none where there is no list.
const Value::Array& items_at(const Value& value, std::initializer_list<std::string_view> path);

// How deep a foreign JSON text may be, and how deep a record that wraps one.
inline constexpr int kForeignDepth = 200;
inline constexpr int kRecordDepth = 250;

// Reads one JSON text (RFC 8259). At most `max_depth` levels; a larger integer than 64 bits becomes a double.
// Errors: http.body with the byte offset. Safe from any thread.
Result<Value> parse_json(std::string_view text, int max_depth = kForeignDepth);

// Writes compact JSON, or with `indent` spaces a level. Invalid UTF-8 becomes U+FFFD; not-a-number and
// infinities, which JSON lacks, become null. `level` is how deep the value stands in what is written already.
std::string to_json(const Value& value, int indent = 0);
void append_json(std::string& out, const Value& value, int indent = 0, int level = 0);

// Writes `text` as a JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);

}  // namespace assay

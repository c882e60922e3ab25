#include "core/value.h"

#include <algorithm>
#include <cassert>

namespace assay {

Mark::Mark(std::uint32_t in_file, std::uint64_t at_line, std::uint64_t at_column)
    : line(static_cast<std::uint32_t>(at_line)),
      column(static_cast<std::uint16_t>(std::min<std::uint64_t>(at_column, 0xffff))),
      file(static_cast<std::uint16_t>(in_file & 0x7fff)) {}

Value::Value() = default;
Value::Value(std::nullptr_t) {}
Value::Value(bool value) : data_(value) {}
Value::Value(int value) : data_(static_cast<std::int64_t>(value)) {}
Value::Value(unsigned value) : data_(static_cast<std::int64_t>(value)) {}
Value::Value(long value) : data_(static_cast<std::int64_t>(value)) {}
Value::Value(long long value) : data_(static_cast<std::int64_t>(value)) {}
Value::Value(unsigned long value) : data_(static_cast<std::int64_t>(value)) {}
Value::Value(double value) : data_(value) {}
Value::Value(const char* value) : data_(std::string(value)) {}
Value::Value(std::string_view value) : data_(std::string(value)) {}
Value::Value(std::string value) : data_(std::move(value)) {}
Value::Value(Array value) : data_(std::move(value)) {}
Value::Value(Object value) : data_(std::move(value)) {}
Value::Value(const Value&) = default;
Value::Value(Value&&) noexcept = default;
Value& Value::operator=(const Value&) = default;
Value& Value::operator=(Value&&) noexcept = default;
Value::~Value() = default;

Value Value::array() { return Value(Array{}); }
Value Value::object() { return Value(Object{}); }

Value Value::object(std::initializer_list<NewMember> members) {
  Object object;
  object.reserve(members.size());
  for (const NewMember& member : members)
    object.push_back(Member{std::string(member.key), std::move(member.value), {}});
  return Value(std::move(object));
}

double Value::number() const {
  if (kind() == Kind::integer) return static_cast<double>(integer());
  return std::get<double>(data_);
}

const Value* Value::find(std::string_view key) const {
  if (!is_object()) return nullptr;
  for (const Member& member : members()) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

Value* Value::find(std::string_view key) { return const_cast<Value*>(std::as_const(*this).find(key)); }

Value& Value::operator[](std::string_view key) {
  if (is_null()) data_ = Object{};
  if (Value* found = find(key)) return *found;
  // What is filled member by member seldom stays with one: growing from 1 by doubling would take three pieces
  // of memory where one does, and leave two of them with each of thousands of threads.
  if (members().empty()) members().reserve(4);
  return members().emplace_back(Member{std::string(key), Value(), {}}).value;
}

bool Value::erase(std::string_view key) {
  if (!is_object()) return false;
  return std::erase_if(members(), [&](const Member& member) { return member.key == key; }) > 0;
}

void Value::push_back(Value item) {
  if (is_null()) data_ = Array{};
  items().push_back(std::move(item));
}

std::string Value::get(std::string_view key, std::string_view fallback) const {
  const Value* found = find(key);
  return found != nullptr && found->is_string() ? found->string() : std::string(fallback);
}

std::int64_t Value::get_int(std::string_view key, std::int64_t fallback) const {
  const Value* found = find(key);
  return found != nullptr && found->is_integer() ? found->integer() : fallback;
}

double Value::get_number(std::string_view key, double fallback) const {
  const Value* found = find(key);
  return found != nullptr && found->is_number() ? found->number() : fallback;
}

bool Value::get_bool(std::string_view key, bool fallback) const {
  const Value* found = find(key);
  return found != nullptr && found->is_bool() ? found->boolean() : fallback;
}

bool operator==(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  if (a.is_object()) {
    if (a.members().size() != b.members().size()) return false;
    return std::all_of(a.members().begin(), a.members().end(), [&](const Member& member) {
      const Value* other = b.find(member.key);
      return other != nullptr && member.value == *other;
    });
  }
  return a.data_ == b.data_;
}

const Value& value_at(const Value& value, std::initializer_list<std::string_view> path) {
  static const Value none;
  const Value* at = &value;
  for (const std::string_view key : path) {
    at = at->find(key);
    if (at == nullptr) return none;
  }
  return *at;
}

const Value::Array& items_at(const Value& value, std::initializer_list<std::string_view> path) {
  static const Value::Array none;
  const Value& found = value_at(value, path);
  return found.is_array() ? found.items() : none;
}

std::string_view Value::kind_name(Kind kind) {
  switch (kind) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "a boolean";
    case Kind::integer:
      return "an integer";
    case Kind::real:
      return "a number";
    case Kind::string:
      return "a string";
    case Kind::array:
      return "a list";
    case Kind::object:
      return "a map";
  }
  return "unknown";
}

}  // namespace assay

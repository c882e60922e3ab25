#include "drift/json_patch.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace assay::drift {
namespace {

Value read(const std::string& json) {
  auto value = parse_json(json, kRecordDepth);
  return value ? std::move(*value) : Value(json);
}

std::string escaped(std::string_view key) {
  std::string out;
  for (const char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

// What `step` leads to, or null.
const Value* child(const Value& at, const FieldStep& step) {
  if (step.kind == FieldStep::Kind::field) return at.find(step.text);
  if (!at.is_array()) return nullptr;
  const auto position = position_of(at, step);
  return position < at.items().size() ? &at.items()[position] : nullptr;
}

}  // namespace

std::size_t position_of(const Value& list, const FieldStep& step) {
  const auto& items = list.items();
  if (step.kind == FieldStep::Kind::index) {
    const auto index = read(step.text);
    return index.is_integer() && index.integer() >= 0
               ? std::min(static_cast<std::size_t>(index.integer()), items.size())
               : items.size();
  }
  const Value wanted = read(step.text);
  if (step.kind == FieldStep::Kind::member || !wanted.is_object())
    return static_cast<std::size_t>(std::find(items.begin(), items.end(), wanted) - items.begin());
  for (const bool all : {true, false}) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      std::size_t lacking = 0;
      const bool fits = std::all_of(wanted.members().begin(), wanted.members().end(), [&](const Member& key) {
        const Value* own = items[i].find(key.key);
        lacking += own == nullptr ? 1 : 0;
        return own == nullptr ? !all : *own == key.value;
      });
      if (fits && lacking < std::max<std::size_t>(wanted.members().size(), 1)) return i;
    }
  }
  return items.size();
}

const Value* find_place(const Value& object, const std::vector<FieldStep>& steps) {
  const Value* at = &object;
  for (const FieldStep& step : steps) {
    at = child(*at, step);
    if (at == nullptr) return nullptr;
  }
  return at;
}

void erase_place(Value& object, const std::vector<FieldStep>& steps) {
  if (steps.empty()) return;
  const std::vector<FieldStep> above(steps.begin(), std::prev(steps.end()));
  auto* parent = const_cast<Value*>(find_place(object, above));
  if (parent == nullptr) return;
  if (steps.back().kind == FieldStep::Kind::field) {
    parent->erase(steps.back().text);
  } else if (parent->is_array()) {
    const auto position = position_of(*parent, steps.back());
    auto& items = parent->items();
    if (position < items.size()) items.erase(items.begin() + static_cast<std::ptrdiff_t>(position));
  }
}

void JsonPatch::add(const std::string& pointer, Value value) {
  operations_.push_back(Value::object({{"op", "add"}, {"path", pointer}, {"value", std::move(value)}}));
}

void JsonPatch::test(const std::string& pointer, const Value& value) {
  operations_.push_back(Value::object({{"op", "test"}, {"path", pointer}, {"value", value}}));
}

void JsonPatch::remove(const std::string& pointer) {
  operations_.push_back(Value::object({{"op", "remove"}, {"path", pointer}}));
}

Result<void> JsonPatch::move(const FieldDrift& field, const std::optional<std::string>& want,
                             const Value& target) {
  const auto no_place = [&] { return fail("drift.patch", "", "no such place: " + field.path); };
  if (field.steps.empty()) return no_place();
  Value* at = &object_;
  std::string pointer;
  for (std::size_t i = 0; i + 1 < field.steps.size(); ++i) {
    const FieldStep& step = field.steps[i];
    const FieldStep& next = field.steps[i + 1];
    const Value* there = child(*at, step);
    if (there == nullptr) {
      if (!want) return {};
      if (step.kind != FieldStep::Kind::field || (!at->is_object() && !at->is_null())) return no_place();
      Value empty = next.kind == FieldStep::Kind::field ? Value::object() : Value::array();
      add(pointer + "/" + escaped(step.text), empty);
      (*at)[step.text] = std::move(empty);
      there = at->find(step.text);
    }
    pointer += "/" + (step.kind == FieldStep::Kind::field ? escaped(step.text)
                                                          : std::to_string(position_of(*at, step)));
    at = const_cast<Value*>(there);
    if (next.kind != FieldStep::Kind::index) continue;
    // Positions mean nothing between two lists: the whole of it.
    const std::vector<FieldStep> above(field.steps.begin(),
                                       field.steps.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    const Value* whole = find_place(target, above);
    if (whole == nullptr) return no_place();
    if (*whole == *at) return {};
    operations_.push_back(Value::object({{"op", "replace"}, {"path", pointer}, {"value", *whole}}));
    *at = *whole;
    return {};
  }
  return finish(*at, std::move(pointer), field.steps.back(), want);
}

Result<void> JsonPatch::finish(Value& parent, std::string pointer, const FieldStep& last,
                               const std::optional<std::string>& want) {
  if (last.kind == FieldStep::Kind::field) {
    pointer += "/" + escaped(last.text);
    const Value* old = parent.find(last.text);
    if (want) {
      Value value = read(*want);
      if (old != nullptr && *old == value) return {};
      add(pointer, value);
      parent[last.text] = std::move(value);
    } else if (old != nullptr) {
      if (old->is_scalar()) test(pointer, *old);
      remove(pointer);
      parent.erase(last.text);
    }
    return {};
  }
  if (!parent.is_array()) return fail("drift.patch", "", "no list: " + pointer);
  auto& items = parent.items();
  const auto position = position_of(parent, last);
  if (want) {
    Value value = read(*want);
    if (position < items.size()) {
      const std::string place = pointer + "/" + std::to_string(position);
      operations_.push_back(Value::object({{"op", "replace"}, {"path", place}, {"value", value}}));
      items[position] = std::move(value);
    } else {
      add(pointer + "/-", value);
      items.push_back(std::move(value));
    }
    return {};
  }
  if (position == items.size()) return {};
  pointer += "/" + std::to_string(position);
  if (items[position].is_scalar()) {
    test(pointer, items[position]);
  } else if (const Value keys = read(last.text); keys.is_object()) {
    for (const Member& key : keys.members()) {
      if (const Value* own = items[position].find(key.key)) test(pointer + "/" + escaped(key.key), *own);
    }
  }
  remove(pointer);
  items.erase(items.begin() + static_cast<std::ptrdiff_t>(position));
  return {};
}

}  // namespace assay::drift

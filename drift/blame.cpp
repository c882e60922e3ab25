#include "drift/blame.h"

#include <algorithm>

#include "core/value.h"
#include "drift/schema.h"

namespace assay::drift {
namespace {

// Whether FieldsV1's text for a scalar ("80", "\"web\"") is that value.
bool is_value(std::string_view json, Node value) {
  auto parsed = parse_json(json);
  if (!parsed) return false;
  if (parsed->is_string()) return value.is_string() && value.text() == parsed->string();
  if (parsed->is_number()) return value.is_number() && value.number() == parsed->number();
  return to_json(value) == json;
}

// Whether "k:{...}" names this element: the keys that it gives have those values.
bool names_element(std::string_view json, Node element) {
  const auto keys = parse_json(json);
  if (!keys || !keys->is_object()) return false;
  return std::all_of(keys->members().begin(), keys->members().end(), [&](const Member& key) {
    const auto* value = element.find(key.key);
    return value != nullptr && is_value(to_json(key.value), *value);
  });
}

const Node* child(Node fields, const Step& step) {
  if (step.kind == Step::Kind::field) return fields.find("f:" + std::string(step.field));
  if (step.kind == Step::Kind::index) return fields.find("i:" + std::to_string(step.index));
  for (const auto& [name, value] : fields.entries()) {
    const auto text = name.substr(std::min<std::size_t>(2, name.size()));
    if (step.kind == Step::Kind::element && name.starts_with("k:") && names_element(text, step.element))
      return &value;
    if (step.kind == Step::Kind::member && name.starts_with("v:") && is_value(text, step.element))
      return &value;
  }
  return nullptr;
}

bool owns(Node fields, const Path& path) {
  const Node* at = &fields;
  for (std::size_t i = 0; i < path.size(); ++i) {
    at = child(*at, path[i]);
    if (at == nullptr) return false;
    if (at->entries().empty()) return true;  // owned as a whole, with all that lies in it
  }
  return true;
}

}  // namespace

Ownership::Ownership(Node live) {
  const auto* entries = live.find({"metadata", "managedFields"});
  if (entries == nullptr) return;
  for (const auto entry : entries->items()) {
    const auto* fields = entry.find("fieldsV1");
    if (fields == nullptr || !fields->is_map()) continue;
    owners_.push_back({entry.text_at("manager"), entry.text_at("operation"), entry.text_at("subresource"),
                       entry.text_at("time"), *fields});
  }
  std::stable_sort(owners_.begin(), owners_.end(),
                   [](const Owner& a, const Owner& b) { return a.time < b.time; });
}

std::vector<const Owner*> Ownership::of(const Path& path) const {
  std::vector<const Owner*> found;
  for (const auto& owner : owners_)
    if (owns(owner.fields, path)) found.push_back(&owner);
  return found;
}

}  // namespace assay::drift

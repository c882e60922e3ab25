#include "drift/blame.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/value.h"
#include "drift/reader.h"
#include "drift/scalar.h"

namespace assay::drift {
namespace {

// One notation for each value: 80 and 80.0 are the same.
void append_name(std::string& out, Node value) {
  append_json(out, value.is_scalar() ? as_json(value) : value);
}

std::string member_name(Node value) {
  std::string out = "v:";
  append_name(out, value);
  return out;
}

void append_key(std::string& out, std::string_view key, Node value) {
  append_json_string(out, key);
  out += ':';
  append_name(out, value);
  out += ',';
}

// The name of an element by those keys; nothing where it lacks one of them.
std::optional<std::string> element_name(Node element, const std::vector<std::string>& keys) {
  std::string out = "k:";
  for (const auto& key : keys) {
    const auto* value = element.find(key);
    if (value == nullptr) return std::nullopt;
    append_key(out, key, *value);
  }
  return out;
}

}  // namespace

const Ownership::Elements& Ownership::elements_of(Node fields) const {
  const auto [place, fresh] = elements_.try_emplace(fields.entries().data());
  auto& elements = place->second;
  if (!fresh) return elements;
  Arena arena;
  for (const auto& [written, value] : fields.entries()) {
    if (!written.starts_with("k:") && !written.starts_with("v:")) continue;
    const auto name = read_json(written.substr(2), arena);
    if (!name) continue;
    if (written[0] == 'v') {
      elements.by_name.emplace(member_name(*name), &value);
    } else if (name->is_map()) {
      std::string canonical = "k:";
      std::vector<std::string> keys;
      for (const auto& [key, of_key] : name->entries()) {
        append_key(canonical, key, of_key);
        keys.emplace_back(key);
      }
      elements.by_name.emplace(std::move(canonical), &value);
      if (std::ranges::find(elements.keys, keys) == elements.keys.end())
        elements.keys.push_back(std::move(keys));
    }
  }
  return elements;
}

const Node* Ownership::child(Node fields, const Step& step) const {
  if (step.kind == Step::Kind::field) return fields.find("f:" + std::string(step.field));
  if (step.kind == Step::Kind::index)
    if (const auto* found = fields.find("i:" + std::to_string(step.index)); found != nullptr) return found;
  // By its keys or its value, also where no schema has told this side that the list has some.
  const auto& elements = elements_of(fields);
  const auto named = [&](const std::string& name) {
    const auto found = elements.by_name.find(name);
    return found == elements.by_name.end() ? nullptr : found->second;
  };
  if (step.element.is_scalar()) return named(member_name(step.element));
  for (const auto& keys : elements.keys) {
    const auto name = element_name(step.element, keys);
    if (const auto* found = name ? named(*name) : nullptr; found != nullptr) return found;
  }
  return nullptr;
}

bool Ownership::owns(Node fields, const Path& path) const {
  const Node* at = &fields;
  for (const auto& step : path) {
    at = child(*at, step);
    if (at == nullptr) return false;
    if (at->entries().empty()) return true;  // owned as a whole, with all that lies in it
  }
  return true;
}

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

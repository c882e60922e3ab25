#include "drift/random.h"

#include <algorithm>

#include "drift/compare.h"
#include "drift/normalise.h"
#include "drift/path.h"

namespace assay::drift {
namespace {

constexpr const char* kAgree = "the chart makes a new value at each rendering; release and cluster agree";
constexpr const char* kDiffer =
    "the chart makes a new value at each rendering, so Git says nothing; release and cluster differ";
constexpr const char* kAlone =
    "the chart makes a new value at each rendering, and there is no release to compare with";

bool counts(const FieldDrift& field) {
  return field.kind != DriftClass::controller && field.kind != DriftClass::suppressed;
}

}  // namespace

RandomFields RandomFields::between(const Documents& first, const Documents& second, const Schema& schema) {
  RandomFields found;
  Arena arena;
  for (const auto& document : first.all()) {
    const auto key = document.id.key();
    const auto* other = second.find(key);
    if (other == nullptr) continue;
    arena.reset();
    std::string text, other_text;
    // Most texts of two renderings are equal, and equal ones need not be read.
    if (!first.load(document, text) || !second.load(*other, other_text)) continue;
    if (text == other_text && document.dash == other->dash && document.json == other->json &&
        document.implied == other->implied)
      continue;
    auto one = first.parse(document, text, arena);
    auto two = second.parse(*other, other_text, arena);
    if (!one || !two) continue;
    const auto* kind = schema.find(document.id.api_version, document.id.kind);
    const auto* type = kind == nullptr ? nullptr : kind->type;
    normalise(*one, type, arena);
    normalise(*two, type, arena);
    for (const auto& difference : compare({{true, *one}, {}, {true, *two}}, false, type))
      found.fields_[key].insert(to_pointer(difference.path));
  }
  return found;
}

bool RandomFields::apply(const ObjectId& id, bool with_release, FieldDrift& field) const {
  const auto of_object = fields_.find(id.key());
  if (of_object == fields_.end()) return false;
  const auto& paths = of_object->second;
  const auto known = std::any_of(paths.begin(), paths.end(), [&](const std::string& path) {
    return field.path == path || field.path.starts_with(path + "/");
  });
  if (!known || !counts(field)) return false;
  if (!with_release) {
    field.kind = DriftClass::suppressed;
    field.note = kAlone;
  } else if (field.release == field.live) {
    field.kind = DriftClass::suppressed;
    field.note = kAgree;
  } else if (field.kind == DriftClass::conflict || field.kind == DriftClass::undeployed) {
    field.kind = DriftClass::manual;
    field.note = kDiffer;
  }
  return true;
}

void RandomFields::apply(ReleaseDrift& drift, bool with_release) const {
  if (fields_.empty()) return;
  for (auto& object : drift.objects) {
    auto touched = false;
    for (auto& field : object.fields) touched = apply(object.id, with_release, field) || touched;
    // An apply of this rendering would bring new values where release and cluster agree.
    if (touched) object.declared.clear();
    if (touched && object.verdict == ObjectVerdict::changed &&
        std::none_of(object.fields.begin(), object.fields.end(), counts))
      object.verdict = ObjectVerdict::same;
  }
}

}  // namespace assay::drift

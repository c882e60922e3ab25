#include "tests/support/declared.h"

#include <algorithm>

#include "cli/probes.h"

namespace assay::test {
namespace {

bool fits(const Value& value, Type type) {
  switch (type) {
    case Type::integer:
    case Type::size:
      return value.is_integer();
    case Type::number:
    case Type::duration:
      return value.is_number();
    case Type::boolean:
      return value.is_bool();
    case Type::texts:
      return value.is_array() && std::all_of(value.items().begin(), value.items().end(),
                                             [](const Value& v) { return v.is_string(); });
    case Type::list:
      return value.is_array();
    case Type::map:
    case Type::object:
      return value.is_object();
    case Type::any:
      return true;
    default:
      return value.is_string();
  }
}

// Stands in place of any value that is not shown whole (probes/cut.h).
bool is_marker(const Value& value) {
  const Value* bytes = value.find("bytes");
  return value.get_bool("truncated") && bytes != nullptr && bytes->is_integer();
}

}  // namespace

std::string undeclared(const Value& seen, const Fields& fields) {
  for (const Member& member : seen.members()) {
    const auto field =
        std::find_if(fields.begin(), fields.end(), [&](const Field& one) { return one.name == member.key; });
    if (field == fields.end()) return member.key;
    if (is_marker(member.value)) continue;
    if (!fits(member.value, field->type)) return member.key + " is no " + std::string(type_name(field->type));
    if (field->fields.empty()) continue;
    std::string inner;
    if (member.value.is_object()) inner = undeclared(member.value, field->fields);
    if (member.value.is_array()) {
      for (const Value& item : member.value.items()) {
        if (inner.empty()) inner = undeclared(item, field->fields);
      }
    }
    if (!inner.empty()) return member.key + "." + inner;
  }
  return {};
}

std::string undeclared(const Value& seen, std::string_view probe) {
  for (const Probe& one : offered_probes()) {
    if (one.name == probe) return undeclared(seen, observations_of(one));
  }
  return "no probe " + std::string(probe);
}

}  // namespace assay::test

#include "drift/report.h"

#include <array>
#include <utility>

namespace assay::drift {
namespace {

constexpr std::array<std::pair<DriftClass, std::string_view>, kDriftClasses> kClasses{{
    {DriftClass::manual, "manual"},
    {DriftClass::controller, "controller"},
    {DriftClass::deliberate, "deliberate"},
    {DriftClass::undeployed, "undeployed"},
    {DriftClass::unrecorded, "unrecorded"},
    {DriftClass::conflict, "conflict"},
    {DriftClass::extra, "extra"},
    {DriftClass::missing, "missing"},
    {DriftClass::suppressed, "suppressed"},
}};

}  // namespace

std::string_view name_of(DriftClass kind) {
  for (const auto& [known, name] : kClasses) {
    if (known == kind) return name;
  }
  return "";
}

std::vector<std::string> drift_class_names() {
  std::vector<std::string> names;
  for (const auto& [kind, name] : kClasses) names.emplace_back(name);
  return names;
}

std::optional<DriftClass> drift_class(std::string_view name) {
  for (const auto& [kind, known] : kClasses) {
    if (known == name) return kind;
  }
  return std::nullopt;
}

std::string_view name_of(ObjectVerdict verdict) {
  switch (verdict) {
    case ObjectVerdict::same:
      return "same";
    case ObjectVerdict::changed:
      return "changed";
    case ObjectVerdict::missing:
      return "missing";
    case ObjectVerdict::extra:
      return "extra";
    case ObjectVerdict::error:
      return "error";
  }
  return "";
}

}  // namespace assay::drift

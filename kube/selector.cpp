#include "kube/selector.h"

#include <algorithm>

namespace assay {
namespace {

bool holds(const Value& expression, const Value& labels) {
  const Value* label = labels.find(expression.get("key"));
  const std::string has = expression.get("operator");
  if (has == "Exists") return label != nullptr;
  if (has == "DoesNotExist") return label == nullptr;
  const Value* values = expression.find("values");
  const bool in = label != nullptr && values != nullptr && values->is_array() &&
                  std::find(values->items().begin(), values->items().end(), *label) != values->items().end();
  if (has == "In") return in;
  if (has == "NotIn") return !in;
  return true;
}

bool contains(const Value& wanted, const Value& labels) {
  return !wanted.is_object() ||
         std::all_of(wanted.members().begin(), wanted.members().end(), [&](const Member& one) {
           const Value* label = labels.find(one.key);
           return label != nullptr && *label == one.value;
         });
}

}  // namespace

bool selects(const Value& selector, const Value& labels) {
  if (!selector.is_object()) return false;
  if (const Value* wanted = selector.find("matchLabels"); wanted != nullptr && !contains(*wanted, labels))
    return false;
  const Value* expressions = selector.find("matchExpressions");
  return expressions == nullptr || !expressions->is_array() ||
         std::all_of(expressions->items().begin(), expressions->items().end(),
                     [&](const Value& one) { return holds(one, labels); });
}

bool selects_plainly(const Value& selector, const Value& labels) {
  return selector.is_object() && !selector.members().empty() && contains(selector, labels);
}

}  // namespace assay

#include "engine/secrets.h"

#include <algorithm>

namespace assay {
namespace {

template <class Visit>
void each_reference(const Value& value, const Visit& visit) {
  if (is_reference(value)) {
    visit(value);
  } else if (value.is_array()) {
    for (const Value& item : value.items()) each_reference(item, visit);
  } else if (value.is_object()) {
    for (const Member& member : value.members()) each_reference(member.value, visit);
  }
}

void learn_literals(const Value& params, const Fields& fields, const std::string& check, Redactor& redactor) {
  for (const Field& field : fields) {
    const Value* value = params.find(field.name);
    if (value == nullptr) continue;
    if (field.type == Type::secret && value->is_string()) redactor.add(Secret(value->string()), check + " " + field.name);
    if (field.type == Type::object && value->is_object()) learn_literals(*value, field.fields, check, redactor);
  }
}

}  // namespace

void resolve_references(const Plan& plan, const Probes& probes, SecretStore& store, Redactor& redactor,
                        const Context& context) {
  for (const Check& check : plan.checks) {
    const auto probe = std::find_if(probes.begin(), probes.end(), [&](const Probe& p) { return p.name == check.probe; });
    if (probe != probes.end()) learn_literals(check.with, probe->params, check.id, redactor);
    if (!check.skip.empty()) continue;
    each_reference(check.with, [&](const Value& reference) {
      if (store.has(reference)) return;
      if (const auto time = context.check("setup"); !time) {
        store.put(reference, fail("secret.unresolved", "setup", "no time was left to read " + reference_name(reference)));
        return;
      }
      store.put(reference, read_local_reference(reference));
    });
  }
  store.each([&](std::string_view name, const Secret& secret) { redactor.add(secret, name); });
}

}  // namespace assay

#include "engine/schema.h"

#include "engine/format.h"
#include "engine/matcher.h"

namespace assay {
namespace {

Value list_of(std::initializer_list<Value> items) { return Value(Value::Array(items)); }

Value table_schema(const Fields& fields);

Value type_schema(const Field& field) {
  const Value variable = Value::object({{"type", "string"}, {"pattern", "\\$\\{"}});
  const Value reference = Value::object({{"$ref", "#/$defs/reference"}});
  const auto any_of = [&](Value own) {
    return Value::object({{"anyOf", list_of({std::move(own), variable, reference})}});
  };
  const Value text = Value::object({{"type", "string"}});
  switch (field.type) {
    case Type::address:
      // Only where no port stands for a missing one must one be written.
      if (field.port == 0) return any_of(Value::object({{"type", "string"}, {"pattern", ":[0-9]{1,5}$"}}));
      [[fallthrough]];
    case Type::text:
    case Type::secret: {
      if (field.one_of.empty()) return Value::object({{"anyOf", list_of({text, reference})}});
      Value choices = Value::array();
      for (const std::string& one : field.one_of) choices.push_back(one);
      return any_of(Value::object({{"enum", choices}}));
    }
    case Type::integer:
    case Type::size:
      return any_of(Value::object({{"type", "integer"}}));
    case Type::number:
      return any_of(Value::object({{"type", "number"}}));
    case Type::boolean:
      return any_of(Value::object({{"type", "boolean"}}));
    case Type::duration:
      return any_of(Value::object({{"type", "string"}, {"pattern", "^(0|([0-9.]+(ns|us|ms|s|m|h|d))+)$"}}));
    case Type::addresses:
    case Type::texts: {
      const Value item = Value::object({{"anyOf", list_of({text, reference})}});
      const Value list = Value::object({{"type", "array"}, {"items", item}});
      return field.type == Type::texts ? Value::object({{"anyOf", list_of({list, variable})}})
                                       : Value::object({{"anyOf", list_of({list, text, reference})}});
    }
    case Type::map:
      return Value::object(
          {{"anyOf", list_of({Value::object({{"type", "object"},
                                             {"additionalProperties",
                                              Value::object({{"anyOf", list_of({text, reference})}})}}),
                              variable})}});
    case Type::tls: {
      Value object = table_schema(field.fields);
      return Value::object(
          {{"anyOf", list_of({Value::object({{"type", "boolean"}}), std::move(object), variable})}});
    }
    case Type::object:
      return field.fields.empty() ? Value::object({{"type", "object"}}) : table_schema(field.fields);
    case Type::list: {
      Value list = Value::object({{"type", list_of({"array", "string"})}});
      if (!field.fields.empty()) list["items"] = table_schema(field.fields);
      return list;
    }
    case Type::any:
      return Value::object();
  }
  return Value::object();
}

Value table_schema(const Fields& fields) {
  Value properties = Value::object();
  Value required = Value::array();
  for (const Field& field : fields) {
    Value schema = type_schema(field);
    schema["description"] = field.doc;
    if (!field.fallback.is_null()) schema["default"] = field.fallback;
    if (!field.example.empty()) schema["examples"] = list_of({field.example});
    properties[field.name] = std::move(schema);
    if (field.required) required.push_back(field.name);
  }
  Value schema = Value::object(
      {{"type", "object"}, {"additionalProperties", false}, {"properties", std::move(properties)}});
  if (!required.items().empty()) schema["required"] = std::move(required);
  return schema;
}

Value reference_schema() {
  Value alternatives = Value::array();
  for (const char* kind : {"env", "file", "secret", "vault"}) {
    Value properties = Value::object();
    properties[kind] = Value::object();
    if (std::string_view(kind) == "env") properties["default"] = Value::object();
    alternatives.push_back(Value::object({{"type", "object"},
                                          {"additionalProperties", false},
                                          {"properties", std::move(properties)},
                                          {"required", list_of({kind})}}));
  }
  return Value::object({{"anyOf", std::move(alternatives)}});
}

// For one probe: what `with` takes. Required parameters may come through `use`, so they are asked for only
// without it.
Value probe_rule(const Probe& probe) {
  Value with = table_schema(probe.params);
  const Value required = with.find("required") == nullptr ? Value() : *with.find("required");
  with.erase("required");
  Value then = Value::object({{"properties", Value::object({{"with", std::move(with)}})}});
  if (!required.is_null()) {
    then["anyOf"] =
        list_of({Value::object({{"required", list_of({"use"})}}),
                 Value::object(
                     {{"required", list_of({"with"})},
                      {"properties", Value::object({{"with", Value::object({{"required", required}})}})}})});
  }
  return Value::object(
      {{"if",
        Value::object({{"properties", Value::object({{"probe", Value::object({{"const", probe.name}})}})},
                       {"required", list_of({"probe"})}})},
       {"then", std::move(then)}});
}

}  // namespace

Value suite_schema(const Probes& probes) {
  Value schema = table_schema(suite_fields());
  Value check = table_schema(check_keys());
  Value names = Value::array();
  Value rules = Value::array();
  for (const Probe& probe : probes) {
    names.push_back(probe.name);
    rules.push_back(probe_rule(probe));
  }
  check["properties"]["probe"] =
      Value::object({{"enum", std::move(names)}, {"description", "what observes"}});
  check["allOf"] = std::move(rules);
  schema["properties"]["checks"] = Value::object(
      {{"type", "array"}, {"minItems", 1}, {"items", Value::object({{"$ref", "#/$defs/check"}})}});
  Value result =
      Value::object({{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", "assay suite"}});
  for (Member& member : schema.members()) result[member.key] = std::move(member.value);
  result["$defs"] = Value::object({{"check", std::move(check)}, {"reference", reference_schema()}});
  return result;
}

}  // namespace assay

// The parameters of a check: `with`, the connection that it uses, and references into Vault.
#include <fmt/format.h>

#include "engine/loader_internal.h"
#include "engine/secrets.h"

namespace assay {
namespace {

const Value* connection_named(const Reading& reading, std::string_view name) {
  const Value* connections = reading.file.root.find("connections");
  return connections == nullptr ? nullptr : connections->find(name);
}

void use_connection(Reading& reading, const Value& use, bool skipped, Value& params) {
  const Value* connection = connection_named(reading, use.string());
  if (connection == nullptr || !connection->is_object()) {
    std::vector<std::string> names;
    const Value* connections = reading.file.root.find("connections");
    if (connections != nullptr && connections->is_object()) {
      for (const Member& member : connections->members()) names.push_back(member.key);
    }
    const std::string hint = nearest(use.string(), names);
    return reading.say(use.mark, fmt::format("there is no connection {}{}", use.string(),
                                             hint.empty() ? "" : "; did you mean " + hint + "?"));
  }
  const Value filled = skipped ? *connection : reading.fill(*connection, reading.file.vars);
  for (const Member& member : filled.members()) {
    if (params.find(member.key) == nullptr) params.members().push_back(member);
  }
}

// {vault: {use, path, key}}: the named connection's url, token and tls are put in its place, so that the
// reference can be resolved without the file.
void fill_vault_references(Reading& reading, Value& value) {
  if (value.is_array()) {
    for (Value& item : value.items()) fill_vault_references(reading, item);
    return;
  }
  if (!value.is_object()) return;
  if (!is_reference(value) || value.members().front().key != "vault") {
    for (Member& member : value.members()) fill_vault_references(reading, member.value);
    return;
  }
  Value& vault = value.members().front().value;
  const std::string use = vault.get("use");
  if (!vault.is_object() || use.empty() || vault.get("path").empty() || vault.get("key").empty())
    return reading.say(value.mark, "a vault reference is {vault: {use: CONNECTION, path: PATH, key: KEY}}");
  const Value* connection = connection_named(reading, use);
  if (connection == nullptr || connection->find("url") == nullptr || connection->find("token") == nullptr)
    return reading.say(vault.mark, fmt::format("there is no connection {} with url and token", use));
  const Value filled = reading.fill(*connection, reading.file.vars);
  for (const char* key : {"url", "token", "tls", "namespace"}) {
    if (const Value* part = filled.find(key)) vault[key] = *part;
  }
}

// A reference whose operand names nothing would be told only by the run, as a secret that is not there.
void check_reference(Reading& reading, const Value& reference) {
  const Member& member = reference.members().front();
  const Value& operand = member.value;
  const Mark mark = operand.mark.known() ? operand.mark : reference.mark;
  if (member.key == "vault") {  // fill_vault_references has said what is wrong with it
    const Value* token = operand.find("token");
    if (token != nullptr && is_reference(*token)) check_reference(reading, *token);
  } else if (member.key == "secret") {
    if (operand.get("name").empty() || operand.get("key").empty())
      reading.say(mark,
                  "a reference to a Secret is {secret: {name: NAME, key: KEY}}, with a namespace or without");
  } else if (!operand.is_string() || operand.string().empty()) {
    reading.say(mark, fmt::format("{} takes the name of a {} (a text), this is {}", member.key,
                                  member.key == "env" ? "variable" : "file",
                                  operand.is_scalar() && !operand.is_null()
                                      ? fmt::format("{} ({})", operand.kind_name(), to_json(operand))
                                      : std::string(operand.kind_name())));
  }
}

}  // namespace

void read_parameters(Reading& reading, const Value& check, const Probe& probe, Check& out) {
  const Value* with = check.find("with");
  Value params = with != nullptr && !with->is_null() ? *with : Value::object();
  const Mark mark = with != nullptr ? with->mark : check.find("probe")->mark;
  if (!params.is_object())
    return reading.say(mark, fmt::format("with takes a map, this is {}", params.kind_name()));
  params.mark = mark;
  const bool skipped = !out.skip.empty();
  if (const Value* use = check.find("use"); use != nullptr && use->is_string())
    use_connection(reading, *use, skipped, params);
  fill_vault_references(reading, params);
  each_reference(params, [&](const Value& reference) { check_reference(reading, reference); });
  for (FieldProblem& problem : check_fields(params, probe.params, probe.name))
    reading.say(problem.mark.known() ? problem.mark : mark, std::move(problem.message));
  if (!skipped) refuse_open(reading, params, probe.params);
  for (const LiteralSecret& one : literal_secrets(params, probe.params)) {
    reading.problems.push_back(
        {one.mark.known() ? one.mark : mark,
         fmt::format("{} is written in the file: use a reference such as {{env: NAME}} or {{file: PATH}}",
                     one.field),
         true});
  }
  if (probe.targets) out.targets = probe.targets(params);
  out.with = std::move(params);
}

}  // namespace assay

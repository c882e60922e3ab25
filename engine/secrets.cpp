#include "engine/secrets.h"

#include <algorithm>

#include "core/pool.h"
#include "net/http.h"

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
    if (field.type == Type::secret && value->is_string())
      redactor.add(Secret(value->string()), check + " " + field.name);
    if (field.type == Type::object && value->is_object())
      learn_literals(*value, field.fields, check, redactor);
  }
}

// Reads one value of Vault (KV version 1 or 2, or any path whose `data` has the key). The token may be a
// reference.
Result<Secret> read_vault(const Value& reference, Network& network, const Context& context) {
  const Value& vault = reference.members().front().value;
  const auto refuse = [&](const std::string& why) {
    return fail("secret.unresolved", "setup",
                vault.get("path") + " in Vault at " + vault.get("url") + ": " + why);
  };
  const Value* token = vault.find("token");
  if (token == nullptr) return refuse("no token");
  const auto secret = is_reference(*token)
                          ? read_local_reference(*token)
                          : Result<Secret>(Secret(token->is_string() ? token->string() : ""));
  if (!secret) return Failure(secret.error());
  static const Fields fields = {tls_field()};
  const SecretStore none;
  Reader reader(vault, fields, none);
  HttpRequest request;
  request.url = vault.get("url") + "/v1/" + vault.get("path");
  request.headers.push_back({"X-Vault-Token", *secret});
  if (!vault.get("namespace").empty())
    request.headers.push_back({"X-Vault-Namespace", Secret(vault.get("namespace"))});
  request.tls = reader.tls("tls");
  Value seen = Value::object();
  Trace trace(seen);
  const auto response = network.http().run(request, context, trace);
  if (!response) return refuse(response.error().message);
  if (response->status != 200) return refuse("HTTP status " + std::to_string(response->status));
  const auto body = parse_json(response->body);
  if (!body) return refuse("the answer is no JSON");
  const std::string key = vault.get("key");
  const Value* data = body->find("data");
  const Value* inner = data == nullptr ? nullptr : data->find("data");
  for (const Value* place : {inner, data}) {
    const Value* value = place == nullptr ? nullptr : place->find(key);
    if (value != nullptr && value->is_scalar())
      return Secret(value->is_string() ? value->string() : to_json(*value));
  }
  return refuse("there is no key " + key);
}

// Kinds that are read over the network are read at once, each on a thread of its own pool, within one
// deadline.
void resolve_vault(const std::vector<const Value*>& references, SecretStore& store,
                   const std::shared_ptr<Network>& network, const Context& context) {
  std::vector<Result<Secret>> outcomes(references.size(), fail("secret.unresolved", "setup", "not read"));
  {
    WorkerPool pool(std::min<std::size_t>(references.size(), 16));
    for (std::size_t i = 0; i < references.size(); ++i) {
      pool.submit([&, i] { outcomes[i] = read_vault(*references[i], *network, context); });
    }
  }
  for (std::size_t i = 0; i < references.size(); ++i) store.put(*references[i], outcomes[i]);
}

}  // namespace

void resolve_references(const Plan& plan, const Probes& probes, SecretStore& store, Redactor& redactor,
                        const std::shared_ptr<Network>& network, const Context& context) {
  std::vector<const Value*> remote;
  for (const Check& check : plan.checks) {
    const auto probe =
        std::find_if(probes.begin(), probes.end(), [&](const Probe& p) { return p.name == check.probe; });
    if (probe != probes.end()) learn_literals(check.with, probe->params, check.id, redactor);
    if (!check.skip.empty()) continue;
    each_reference(check.with, [&](const Value& reference) {
      if (store.has(reference)) return;
      if (const auto time = context.check("setup"); !time) {
        store.put(reference, fail("secret.unresolved", "setup",
                                  "no time was left to read " + reference_name(reference)));
        return;
      }
      if (reference.members().front().key == "vault") {
        store.put(reference, fail("secret.unresolved", "setup", "not read"));  // its place; see below
        remote.push_back(&reference);
        const Value* token = reference.members().front().value.find("token");
        if (token != nullptr && is_reference(*token)) store.put(*token, read_local_reference(*token));
        return;
      }
      store.put(reference, read_local_reference(reference));
    });
  }
  if (!remote.empty()) resolve_vault(remote, store, network, context.within(std::chrono::seconds(10)));
  store.each([&](std::string_view name, const Secret& secret) { redactor.add(secret, name); });
}

}  // namespace assay

#include "engine/secrets.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

#include "core/base64.h"
#include "core/literals.h"
#include "core/pool.h"
#include "core/utf8.h"
#include "engine/vantage.h"
#include "kube/kube.h"
#include "net/http.h"

namespace assay {
namespace {

// The token of {vault: {..., token}}, which the connection's was copied to.
const Value* vault_token(const Value& reference) {
  const Member& member = reference.members().front();
  return member.key == "vault" ? member.value.find("token") : nullptr;
}

// A reference's name without that token, which can be the secret itself.
std::string shown_name(const Value& reference) {
  if (vault_token(reference) == nullptr) return reference_name(reference);
  const Value& vault = reference.members().front().value;
  Value shown = Value::object();
  for (const char* part : {"use", "path", "key"}) {
    if (const Value* value = vault.find(part)) shown[part] = *value;
  }
  return reference_name(Value::object({{"vault", std::move(shown)}}));
}

class Literals {
 public:
  std::vector<LiteralSecret> take() { return std::move(found_); }

  void in_fields(const Value& params, const Fields& fields, const std::string& prefix) {
    if (!params.is_object()) return;
    for (const Member& member : params.members()) {
      const auto field =
          std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == member.key; });
      const std::string name = prefix + member.key;
      const bool known = field != fields.end() && !is_reference(member.value);
      if (known && field->type == Type::tls) continue;  // names of files
      if (known && field->type == Type::object) {
        in_fields(member.value, field->fields, name + ".");
      } else {
        in_value(member.value, name, known && field->type == Type::secret);
      }
    }
  }

 private:
  void keep(const std::string& name, Mark mark, std::string text) {
    if (!text.empty()) found_.push_back({name, mark, std::move(text)});
  }

  void in_value(const Value& value, const std::string& name, bool secret) {
    if (is_reference(value)) {
      const Value* token = vault_token(value);
      if (token != nullptr && !is_reference(*token)) in_value(*token, name + ".vault.token", true);
    } else if (value.is_string()) {
      if (secret) return keep(name, value.mark, value.string());
      for (std::string& part : secrets_in_urls(value.string())) keep(name, value.mark, std::move(part));
    } else if (value.is_array()) {
      for (const Value& item : value.items()) in_value(item, name, secret);
      if (!secret) in_arguments(value.items(), name);
    } else if (value.is_object()) {
      for (const Member& member : value.members())
        in_value(member.value, name + "." + member.key, says_secret(member.key));
    }
  }

  void in_arguments(const Value::Array& items, const std::string& name) {
    std::vector<std::string_view> texts;
    for (const Value& item : items)
      texts.push_back(item.is_string() ? std::string_view(item.string()) : std::string_view());
    for (ArgumentSecret& one : secrets_in_arguments(texts))
      keep(name, items[one.at].mark, std::move(one.text));
  }

  std::vector<LiteralSecret> found_;
};

// Reads one value of Vault (KV version 1 or 2, or any path whose `data` has the key). The token may be a
// reference.
Result<Secret> read_vault(const Value& reference, const SecretStore& store, Network& network,
                          const Context& context) {
  const Value& vault = reference.members().front().value;
  const auto refuse = [&](const std::string& why) {
    return fail("secret.unresolved", "setup",
                vault.get("path") + " in Vault at " + vault.get("url") + ": " + why);
  };
  const Value* token = vault.find("token");
  if (token == nullptr) return refuse("no token");
  const auto secret = is_reference(*token)
                          ? store.get(*token)
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

// Reads one key of a Secret of the run's cluster.
Result<Secret> read_cluster(const Value& reference, Kube* kube, const Context& context) {
  const Value& wanted = reference.members().front().value;
  const std::string name = wanted.get("name");
  const std::string key = wanted.get("key");
  const auto refuse = [&](const std::string& why) {
    return fail("secret.unresolved", "setup",
                fmt::format("key {} of Secret {}: {}", printable(key), printable(name), why));
  };
  if (name.empty() || key.empty()) return refuse("a reference to a Secret has a name and a key");
  if (kube == nullptr) return refuse("this run has no cluster");
  const auto client = kube->client();
  if (!client) return refuse(client.error().message);
  Value seen = Value::object();
  Trace trace(seen);
  const auto resource = (*client)->resource("secrets", "v1", context, trace);
  if (!resource) return refuse(resource.error().message);
  const std::string ns = wanted.get("namespace", (*client)->access().ns);
  const auto object = (*client)->get(*resource, ns, name, context, trace);
  if (!object) return refuse(object.error().message);
  const Value* data = object->find("data");
  const Value* value = data == nullptr ? nullptr : data->find(key);
  if (value == nullptr || !value->is_string()) return refuse("there is no such key");
  auto bytes = decode_base64(value->string());
  if (!bytes) return refuse("it is not base64");
  return Secret(std::move(*bytes));
}

// Kinds that are read over the network are read at once, each on a thread of its own pool, within one
// deadline.
void resolve_remote(const std::vector<const Value*>& references, SecretStore& store,
                    const std::function<Result<Secret>(const Value& reference)>& read) {
  if (references.empty()) return;
  std::vector<Result<Secret>> outcomes(references.size(), fail("secret.unresolved", "setup", "not read"));
  {
    WorkerPool pool(std::min<std::size_t>(references.size(), 16));
    for (std::size_t i = 0; i < references.size(); ++i)
      pool.submit([&, i] { outcomes[i] = read(*references[i]); });
  }
  for (std::size_t i = 0; i < references.size(); ++i) store.put(*references[i], outcomes[i]);
}

}  // namespace

void each_reference(const Value& value, const std::function<void(const Value& reference)>& visit) {
  if (is_reference(value)) {
    visit(value);
  } else if (value.is_array()) {
    for (const Value& item : value.items()) each_reference(item, visit);
  } else if (value.is_object()) {
    for (const Member& member : value.members()) each_reference(member.value, visit);
  }
}

Result<Secret> read_local(const Value& reference, const std::map<std::string, Secret>& taken) {
  const Member& member = reference.members().front();
  if (member.key == "env" && member.value.is_string()) {
    if (const auto found = taken.find(member.value.string()); found != taken.end()) return found->second;
  }
  return read_local_reference(reference);
}

Result<Secret> read_reference(const Value& reference, const std::map<std::string, Secret>& taken,
                              Network& network, Kube* kube, const Context& context) {
  const auto& kind = reference.members().front().key;
  if (kind == "secret") return read_cluster(reference, kube, context);
  if (kind != "vault") return read_local(reference, taken);
  SecretStore store;
  if (const Value* token = vault_token(reference); token != nullptr && is_reference(*token))
    store.put(*token, read_reference(*token, taken, network, kube, context));
  return read_vault(reference, store, network, context);
}

std::vector<LiteralSecret> literal_secrets(const Value& params, const Fields& fields) {
  Literals literals;
  literals.in_fields(params, fields, "");
  return literals.take();
}

void resolve_references(const Plan& plan, const Probes& probes, SecretStore& store, const Redactor& redactor,
                        const std::shared_ptr<Network>& network, const Context& context,
                        const std::map<std::string, Secret>& taken, Kube* kube) {
  std::vector<const Value*> of_vault;
  std::vector<const Value*> of_cluster;
  // Their places are taken first, so that each is read once.
  const auto later = [&](const Value& reference, std::vector<const Value*>& list) {
    store.put(reference, fail("secret.unresolved", "setup", "not read"));
    list.push_back(&reference);
  };
  std::map<std::string, std::string> shown;            // by the name that is the store's key
  std::set<std::pair<std::string, std::string>> told;  // a connection's is the same for all its checks
  for (const Check& check : plan.checks) {
    const auto probe =
        std::find_if(probes.begin(), probes.end(), [&](const Probe& p) { return p.name == check.probe; });
    if (probe != probes.end()) {
      for (const LiteralSecret& one : literal_secrets(check.with, probe->params)) {
        if (told.emplace(one.field, one.text).second)
          redactor.learn(Secret(one.text), check.id + " " + one.field);
      }
    }
    if (!check.skip.empty()) continue;
    each_reference(check.with, [&](const Value& reference) {
      if (store.has(reference) || is_read_there(reference, check.from) || is_mounted(reference, check.from))
        return;
      shown.emplace(reference_name(reference), shown_name(reference));
      if (const auto time = context.check("setup"); !time) {
        store.put(reference,
                  fail("secret.unresolved", "setup", "no time was left to read " + shown_name(reference)));
        return;
      }
      const std::string& kind = reference.members().front().key;
      if (kind == "secret") return later(reference, of_cluster);
      if (kind == "vault") {
        later(reference, of_vault);
        const Value* token = vault_token(reference);
        if (token == nullptr || !is_reference(*token) || store.has(*token)) return;
        if (token->members().front().key == "secret") return later(*token, of_cluster);
        store.put(*token, read_local(*token, taken));
        return;
      }
      store.put(reference, read_local(reference, taken));
    });
  }
  const Context bound = context.within(std::chrono::seconds(10));
  // Vault's come last: their tokens may lie in the cluster.
  resolve_remote(of_cluster, store,
                 [&](const Value& reference) { return read_cluster(reference, kube, bound); });
  resolve_remote(of_vault, store,
                 [&](const Value& reference) { return read_vault(reference, store, *network, bound); });
  store.each([&](std::string_view name, const Secret& secret) {
    const auto other = shown.find(std::string(name));
    redactor.learn(secret, other == shown.end() ? name : other->second);
  });
}

}  // namespace assay

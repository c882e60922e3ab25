// vault.login: a login works and what it gives; the token it makes is revoked.
#include <filesystem>

#include "probes/service_vault.h"

namespace assay {
namespace {

constexpr std::string_view kAccountToken = "/var/run/secrets/kubernetes.io/serviceaccount/token";

// The parameter `jwt`, or the token that Kubernetes puts into every pod.
Result<Secret> account_token(Reader& reader) {
  if (reader.has("jwt")) return reader.secret("jwt");
  return read_local_reference(Value::object({{"file", kAccountToken}}));
}

Failure needs(std::string_view method, std::string_view what) {
  return fail("params.invalid", "setup", "method " + std::string(method) + " needs " + std::string(what));
}

Result<Value> login_body(Reader& reader, const std::string& method) {
  Value body = Value::object();
  if (method == "approle") {
    const Secret secret_id = reader.secret("secret_id");
    body["role_id"] = reader.text("role_id");
    if (body.get("role_id").empty()) return needs(method, "role_id");
    if (!secret_id.empty()) body["secret_id"] = secret_id.reveal();
    return body;
  }
  body["role"] = reader.text("role");
  if (body.get("role").empty()) return needs(method, "role");
  const auto jwt = account_token(reader);
  if (!jwt) return Failure(jwt.error());
  body["jwt"] = jwt->reveal();
  return body;
}

Result<void> look_up(ServiceClient& client, Value& seen) {
  if (!client.has_token()) return needs("token", "token");
  const auto reply = client.send_auth("GET", "/v1/auth/token/lookup-self");
  if (!reply) return Failure(reply.error());
  if (const auto judged = client.judge(*reply); !judged) return judged;
  return take_picks(reply->json,
                    {{"ttl", "data.ttl", Type::duration, ""},
                     {"policies", "data.policies", Type::texts, ""},
                     {"renewable", "data.renewable", Type::boolean, ""},
                     {"type", "data.type", Type::text, ""}},
                    seen);
}

// What an application would do: the token that it is given, else the one that an agent keeps for it in a
// file. False when it has neither and must log in.
Result<bool> has_own_token(ServiceClient& client, Reader& reader, Value& seen) {
  seen["by"] = "token";
  if (client.has_token()) return true;
  seen["by"] = "file";
  const std::string file = reader.text("token_file");
  if (!file.empty() && std::filesystem::exists(file)) {
    const auto token = read_local_reference(Value::object({{"file", file}}));
    if (!token) return Failure(token.error());
    client.use_token(*token);
    return true;
  }
  seen["by"] = "login";
  return false;
}

Result<void> observe_login(ServiceClient& client, Reader& reader, Value& seen) {
  std::string method = reader.text("method");
  if (method == "application") {
    const auto own = has_own_token(client, reader, seen);
    if (!own) return Failure(own.error());
    method = *own ? "token" : "kubernetes";
  }
  if (method == "token") return look_up(client, seen);
  const std::string mount = reader.has("mount") ? reader.text("mount") : method;
  const auto body = login_body(reader, method);
  if (const auto ok = reader.ok(); !ok) return ok;
  if (!body) return Failure(body.error());
  client.use_token(Secret());
  const auto reply = client.send_auth("POST", "/v1/auth/" + escape_url(mount, true) + "/login", &*body);
  if (!reply) return Failure(reply.error());
  const std::vector<NamedStatus> statuses = {{400, "auth.denied", "the login was refused"},
                                             {403, "auth.denied", "the login was refused"}};
  if (const auto judged = client.judge(*reply, statuses); !judged) return judged;
  const Value* token = find_path(reply->json, "auth.client_token");
  if (token == nullptr || !token->is_string()) {
    return fail("protocol.invalid", "transfer", "Vault's answer to the login holds no token");
  }
  const auto taken = take_picks(reply->json,
                                {{"ttl", "auth.lease_duration", Type::duration, ""},
                                 {"policies", "auth.policies", Type::texts, ""},
                                 {"renewable", "auth.renewable", Type::boolean, ""},
                                 {"type", "auth.token_type", Type::text, ""},
                                 {"metadata", "auth.metadata", Type::any, ""}},
                                seen);
  client.use_token(Secret(token->string()));
  const Value nothing = Value::object();
  const auto revoked = client.send("POST", "/v1/auth/token/revoke-self", &nothing);
  seen["revoked"] = revoked && revoked->status >= 200 && revoked->status <= 299;
  seen["status"] = reply->status;
  return taken;
}

}  // namespace

ServiceRow vault_login() {
  ServiceRow row;
  row.name = "vault.login";
  row.summary = "a login by AppRole or Kubernetes works; the token that it makes is revoked at once";
  row.effect = Effect::writes;
  Field method =
      param("method", Type::text,
            "how to log in; with token nothing is made; application: token where there is one, else "
            "token_file, else kubernetes",
            false, "approle");
  method.one_of = {"token", "approle", "kubernetes", "application"};
  row.params = {
      method,
      param("mount", Type::text, "where the method is mounted; its own name when it is not given"),
      param("role_id", Type::text, "of approle"),
      param("secret_id", Type::secret, "of approle, as a reference", false, {}, "{env: SECRET_ID}"),
      param("role", Type::text, "of kubernetes"),
      param("token_file", Type::text, "of application: where an agent keeps its token"),
      param("jwt", Type::secret, "of kubernetes; the pod's service account token when it is not given")};
  row.all = observe_login;
  row.observes = {
      seen_field("by", Type::text, "of application: token, file or login"),
      seen_field("ttl", Type::duration, "how long the token is valid"),
      seen_field("policies", Type::texts, "its policies"),
      seen_field("renewable", Type::boolean, "it can be renewed"),
      seen_field("type", Type::text, "service or batch"),
      seen_field("metadata", Type::any, "what the method says about who logged in"),
      seen_field("revoked", Type::boolean, "the token was revoked again (a batch token cannot be)"),
  };
  row.defaults = {{"ttl", Value::object({{"gt", 0}})}};
  row.example = "url: https://vault:8200\nmethod: kubernetes\nrole: app";
  return row;
}

}  // namespace assay

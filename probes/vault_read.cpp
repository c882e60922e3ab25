// vault.read: what lies at a path, where that can be no secret.
#include <algorithm>

#include "core/literals.h"
#include "probes/cut.h"
#include "probes/service_vault.h"

namespace assay {
namespace {

// The type of the engine or method that a path belongs to: "kv", "approle", "system". Every token may ask
// that may use something below the mount
// (https://developer.hashicorp.com/vault/api-docs/system/internal-ui-mounts). "" where the server does not
// tell.
Result<std::string> mount_type(ServiceClient& client, const std::string& path) {
  const auto reply = client.send("GET", "/v1/sys/internal/ui/mounts/" + path);
  if (!reply) return Failure(reply.error());
  const Value* type = find_path(reply->json, "data.type");
  return reply->status == 200 && type != nullptr && type->is_string() ? type->string() : std::string();
}

// Why what lies there is not shown, or "". A secret of version 1 of the key-value engine looks like any other
// answer, so that the mount has to say that it is no such engine; what comes with a lease was made for us and
// opens something; some paths give keys away wherever they are.
std::string reason_to_withhold(const std::string& type, const std::string& path, const Value& json) {
  if (type.empty()) return "Vault does not tell what is mounted there, so it can be a secret";
  if (type.find("kv") != std::string::npos || type == "generic" || type == "cubbyhole")
    return "secrets lie there (the mount is of type " + type + ")";
  if (!json.get("lease_id").empty()) return "the answer is a secret with a lease";
  if (path.starts_with("sys/raw") || path.find("/export/") != std::string::npos ||
      path.find("/backup/") != std::string::npos)
    return "that path gives keys away";
  return {};
}

// Of version 2 of the key-value engine the secret lies one level below.
Value names_in(const Value& data) {
  const Value* inner = data.find("data");
  const bool wrapped = inner != nullptr && find_path(data, "metadata.created_time") != nullptr;
  const Value& map = wrapped ? *inner : data;
  Value names = Value::array();
  if (!map.is_object()) return names;
  for (const Member& member : map.members()) names.push_back(member.key);
  return names;
}

// Also in what may be shown, a text whose name says secret is not.
void hide_secrets(Value& value) {
  if (value.is_array()) {
    for (Value& item : value.items()) hide_secrets(item);
  } else if (value.is_object()) {
    for (Member& member : value.members()) {
      const bool secret =
          member.value.is_string() && !member.value.string().empty() && says_secret(member.key);
      if (secret) member.value = withheld("not shown: its name says that it is a secret");
      if (!secret) hide_secrets(member.value);
    }
  }
}

Result<void> observe_read(ServiceClient& client, Reader& reader, Value& seen) {
  std::string plain = reader.text("path");
  plain.erase(0, std::min(plain.find_first_not_of('/'), plain.size()));
  while (plain.ends_with('/')) plain.pop_back();
  const bool list = reader.boolean("list");
  if (const auto ok = reader.ok(); !ok) return ok;
  const std::string path = escape_url(plain, true);
  const auto type = mount_type(client, path);
  if (!type) return Failure(type.error());
  if (!type->empty()) seen["mount_type"] = *type;
  const auto reply = client.send("GET", "/v1/" + path + (list ? "?list=true" : ""));
  if (!reply) return Failure(reply.error());
  if (const auto judged = client.judge(*reply); !judged) return judged;
  if (!reply->is_json) return fail("http.body", "transfer", "Vault did not answer with JSON");
  const Value* data = reply->json.find("data");
  if (data == nullptr || data->is_null()) return fail("vault.no-path", "request", "the answer holds no data");
  if (const auto taken =
          take_picks(reply->json, {{"lease_duration", "lease_duration", Type::duration, ""}}, seen);
      !taken)
    return taken;
  seen["keys"] = names_in(*data);
  // A list has names and nothing else.
  const std::string reason = list ? std::string() : reason_to_withhold(*type, plain, reply->json);
  if (!reason.empty()) {
    seen["data"] = withheld("not shown: " + reason);
    return {};
  }
  Value shown = *data;
  hide_secrets(shown);
  seen["data"] = std::move(shown);
  return {};
}

}  // namespace

ServiceRow vault_read() {
  ServiceRow row;
  row.name = "vault.read";
  row.summary =
      "what lies at a path: a role's bound names, a policy, a mount; of a secret only the names of its keys";
  row.params = {param("path", Type::text, "path without /v1", true, {}, "auth/kubernetes/role/app"),
                param("list", Type::boolean, "true: the names below the path, as data.keys", false, false)};
  row.all = observe_read;
  row.observes = {
      seen_field("data", Type::any,
                 "what the server says; withheld where it can be a secret, and expectations of it are then "
                 "observation.truncated: of a mount of type kv, generic or cubbyhole, of one whose type the "
                 "server does not tell this token, and of an answer with a lease"),
      seen_field("keys", Type::texts, "the names in it (of a secret: its keys), always shown"),
      seen_field("mount_type", Type::text, "what is mounted there: system, approle, kubernetes, kv, ..."),
      seen_field("lease_duration", Type::duration, "how long it may be kept"),
  };
  row.defaults = {{"keys", Value::object({{"present", true}})}};
  row.example = "url: https://vault:8200\ntoken: {env: VAULT_TOKEN}\npath: auth/kubernetes/role/app";
  return row;
}

}  // namespace assay

// vault.kv: versions and key names of a secret of the key-value engine, version 2; never its values.
#include "probes/service_vault.h"

namespace assay {
namespace {

constexpr int kForbidden = 403;
constexpr int kMissing = 404;

// The newest version: its number and key names. A deleted one is answered with 404 and its metadata.
Result<void> read_data(ServiceClient& client, const ServiceReply& reply, Value& seen) {
  const Value* version = find_path(reply.json, "data.metadata.version");
  if (reply.status != 200 && !(reply.status == kMissing && version != nullptr)) return client.judge(reply);
  if (version == nullptr || !version->is_integer()) {
    return fail("protocol.invalid", "transfer", "this is no secret of the key-value engine, version 2");
  }
  seen["current_version"] = *version;
  const Value* deleted = find_path(reply.json, "data.metadata.deletion_time");
  seen["deleted"] =
      reply.status == kMissing || (deleted != nullptr && deleted->is_string() && !deleted->string().empty());
  if (const Value* created = find_path(reply.json, "data.metadata.created_time")) seen["updated"] = *created;
  seen["keys"] = Value::array();
  const Value* data = find_path(reply.json, "data.data");
  if (data == nullptr || !data->is_object()) return {};
  for (const Member& member : data->members()) seen["keys"].push_back(member.key);
  return {};
}

Result<void> read_metadata(ServiceClient& client, const ServiceReply& reply, Value& seen) {
  if (const auto judged = client.judge(reply); !judged) return judged;
  const Value* versions = find_path(reply.json, "data.versions");
  if (versions == nullptr || !versions->is_object()) {
    return fail("protocol.invalid", "transfer", "in Vault's answer data.versions is not as its API says");
  }
  seen["versions"] = versions->members().size();
  return take_picks(reply.json,
                    {{"current_version", "data.current_version", Type::integer, ""},
                     {"oldest_version", "data.oldest_version", Type::integer, ""},
                     {"created", "data.created_time", Type::text, ""},
                     {"updated", "data.updated_time", Type::text, ""}},
                    seen);
}

// An application's policy often allows one of the two requests and not the other; what is allowed is
// observed.
Result<void> observe_kv(ServiceClient& client, Reader& reader, Value& seen) {
  const std::string mount = escape_url(reader.text("mount"), true);
  const std::string path = escape_url(reader.text("path"), true);
  if (const auto ok = reader.ok(); !ok) return ok;
  const auto data = client.send("GET", "/v1/" + mount + "/data/" + path);
  if (!data) return Failure(data.error());
  if (data->status != kForbidden) {
    if (const auto read = read_data(client, *data, seen); !read) return read;
  }
  const auto metadata = client.send("GET", "/v1/" + mount + "/metadata/" + path);
  if (!metadata) return Failure(metadata.error());
  if (metadata->status == kForbidden && data->status != kForbidden) {
    seen["status"] = data->status;
    return {};
  }
  return read_metadata(client, *metadata, seen);
}

}  // namespace

ServiceRow vault_kv() {
  ServiceRow row;
  row.name = "vault.kv";
  row.summary = "versions and key names of a secret (key-value engine, version 2), never its values";
  row.params = {param("path", Type::text, "the secret's path below the mount", true, {}, "app/db"),
                param("mount", Type::text, "where the engine is mounted", false, "secret")};
  row.all = observe_kv;
  row.observes = {
      seen_field("current_version", Type::integer, "number of the newest version"),
      seen_field("versions", Type::integer, "how many versions are kept; needs `read` on the metadata"),
      seen_field("oldest_version", Type::integer, "number of the oldest one that is kept"),
      seen_field("created", Type::text, "when the first version was written"),
      seen_field("updated", Type::text, "when the newest version was written"),
      seen_field("deleted", Type::boolean, "the newest version is deleted; needs `read` on the data"),
      seen_field("keys", Type::texts, "names of the newest version's keys; needs `read` on the data"),
  };
  row.defaults = {{"current_version", Value::object({{"ge", 1}})}};
  row.example = "url: https://vault:8200\ntoken: {env: VAULT_TOKEN}\npath: app/db";
  return row;
}

}  // namespace assay

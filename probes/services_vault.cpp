// Vault's HTTP API (https://developer.hashicorp.com/vault/api-docs), which OpenBao has too.
#include <algorithm>

#include "probes/service_vault.h"

namespace assay {

const ServiceSystem& vault_system() {
  static const ServiceSystem system = {
      "Vault",
      "X-Vault-Token",
      "",
      "vault.error",
      "",
      {{307, "vault.standby", "this node is a standby and sends its clients to the active one"},
       {403, "vault.permission", "the token is invalid, expired or without a policy for this"},
       {404, "vault.no-path", "nothing lies there"},
       {501, "vault.not-initialized", "this node is not initialised"},
       {503, "vault.sealed", "this node is sealed"}},
      {param("namespace", Type::text, "namespace of Vault Enterprise or OpenBao")},
      {{"X-Vault-Namespace", "namespace"}}};
  return system;
}

namespace {

// /sys/health says by its status what the node is.
struct HealthState {
  int status;
  std::string_view state;
  std::string_view code;
  std::string_view sentence;
  bool standby;
};

constexpr HealthState kHealthStates[] = {
    {200, "active", "", "", false},
    {429, "standby", "vault.standby", "this node is unsealed and a standby", true},
    {472, "dr-secondary", "vault.standby", "this node belongs to a disaster-recovery secondary", false},
    {473, "performance-standby", "vault.standby", "this node is a performance standby", true},
    {501, "uninitialized", "vault.not-initialized", "this node is not initialised", false},
    {503, "sealed", "vault.sealed", "this node is sealed", false},
};

ServiceRow health() {
  ServiceRow row;
  row.name = "vault.health";
  row.summary = "the node is initialised, unsealed and active";
  row.params = {param("standby_ok", Type::boolean, "true: a standby or a performance standby is as good",
                      false, false)};
  const std::vector<Pick> picks = {
      {"initialized", "initialized", Type::boolean, "it has been initialised"},
      {"sealed", "sealed", Type::boolean, "it is sealed"},
      {"standby", "standby", Type::boolean, "it follows an active node"},
      {"performance_standby", "performance_standby", Type::boolean, "it is a performance standby"},
      {"version", "version", Type::text, "the server's version"},
      {"cluster_name", "cluster_name", Type::text, "name of the cluster"},
  };
  row.all = [picks](ServiceClient& client, Reader& reader, Value& seen) -> Result<void> {
    const bool standby_ok = reader.boolean("standby_ok");
    const auto reply = client.send("GET", "/v1/sys/health");
    if (!reply) return Failure(reply.error());
    const auto state = std::find_if(std::begin(kHealthStates), std::end(kHealthStates),
                                    [&](const HealthState& one) { return one.status == reply->status; });
    if (state == std::end(kHealthStates))
      return client.judge(*reply, {{404, "http.status", "this is not Vault"}});
    // The status alone could be any server's.
    if (!reply->is_json || reply->json.find("sealed") == nullptr) {
      return fail("http.body", "transfer",
                  "answered " + std::to_string(reply->status) +
                      " without the JSON of Vault's health: this is not Vault");
    }
    if (const auto taken = take_picks(reply->json, picks, seen); !taken) return taken;
    seen["state"] = state->state;
    if (state->code.empty() || (standby_ok && state->standby)) return {};
    return fail(state->code, "request",
                std::string(state->sentence) + " (health " + std::to_string(reply->status) + ")");
  };
  row.observes = {seen_field("state", Type::text,
                             "active, standby, performance-standby, dr-secondary, uninitialized or sealed")};
  for (const Pick& pick : picks) row.observes.push_back(seen_field(pick.field, pick.type, pick.doc));
  row.defaults = {{"initialized", true}, {"sealed", false}};
  row.example = "url: https://vault:8200\nstandby_ok: true";
  return row;
}

ServiceRow token() {
  ServiceRow row;
  row.name = "vault.token";
  row.summary = "a token is valid, for how long and with which policies";
  row.path = "/v1/auth/token/lookup-self";
  row.picks = {
      {"ttl", "data.ttl", Type::duration,
       "how long it is still valid; 0 for a root token, which does not expire"},
      {"creation_ttl", "data.creation_ttl", Type::duration, "how long it was valid when it was made"},
      {"period", "data.period", Type::duration, "each renewal gives it this long again"},
      {"expires", "data.expire_time", Type::text, "when it expires"},
      {"renewable", "data.renewable", Type::boolean, "it can be renewed"},
      {"policies", "data.policies", Type::texts, "its policies"},
      {"display_name", "data.display_name", Type::text, "its name in logs"},
      {"path", "data.path", Type::text, "the login that made it"},
      {"type", "data.type", Type::text, "service or batch"},
      {"role", "data.role", Type::text, "the token role it was made by"},
      {"orphan", "data.orphan", Type::boolean, "it does not end with a parent token"},
  };
  row.defaults = {{"ttl", Value::object({{"gt", 0}})}};
  row.example = "url: https://vault:8200\ntoken: {env: VAULT_TOKEN}";
  return row;
}

ServiceRow raft() {
  ServiceRow row;
  row.name = "vault.raft";
  row.summary = "the peers of integrated storage, and that one of them leads";
  row.path = "/v1/sys/storage/raft/configuration";
  row.more = [](Reader&, const ServiceReply& reply, Value& seen) -> Result<void> {
    const Value* servers = find_path(reply.json, "data.config.servers");
    if (servers == nullptr || !servers->is_array()) {
      return fail("protocol.invalid", "transfer",
                  "in Vault's answer data.config.servers is not as its API says");
    }
    int voters = 0;
    int leaders = 0;
    Value peers = Value::array();
    for (const Value& server : servers->items()) {
      const bool leads = server.get_bool("leader");
      const bool votes = server.get_bool("voter");
      voters += votes ? 1 : 0;
      if (leads && leaders++ == 0) seen["leader"] = server.get("node_id");
      peers.push_back(Value::object({{"node", server.get("node_id")},
                                     {"address", server.get("address")},
                                     {"leader", leads},
                                     {"voter", votes}}));
    }
    seen["count"] = peers.items().size();
    seen["voters"] = voters;
    seen["leaders"] = leaders;
    seen["peers"] = std::move(peers);
    return {};
  };
  row.observes = {
      seen_field(
          "peers", Type::list, "each peer",
          {seen_field("node", Type::text, "its id"), seen_field("address", Type::text, "its cluster address"),
           seen_field("leader", Type::boolean, "it leads"), seen_field("voter", Type::boolean, "it votes")}),
      seen_field("count", Type::integer, "how many peers there are"),
      seen_field("voters", Type::integer, "how many of them vote"),
      seen_field("leaders", Type::integer, "how many of them lead"),
      seen_field("leader", Type::text, "id of the leader"),
  };
  row.defaults = {{"leaders", 1}};
  row.example = "url: https://vault:8200\ntoken: {env: VAULT_TOKEN}";
  return row;
}

}  // namespace

Probes vault_probes() {
  return make_service_probes(vault_system(),
                             {health(), token(), vault_login(), vault_read(), vault_kv(), raft()});
}

}  // namespace assay

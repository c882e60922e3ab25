#include "drift/cluster.h"

#include <set>

#include "core/base64.h"
#include "drift/sources.h"

namespace assay::drift {
namespace {

void add(Value& object, std::string_view key, const std::string& text) {
  if (!text.empty()) object[key] = text;
}

// The base64 of a file that only this process can name; nothing where there is none.
Result<void> add_file(Value& object, std::string_view key, const std::string& path) {
  if (path.empty()) return {};
  const auto text = manifest_text(path);
  if (!text) return Failure(text.error());
  object[key] = encode_base64(*text);
  return {};
}

std::string proxy_url(const Proxy& proxy) {
  const char* scheme = proxy.kind == Proxy::Kind::socks5  ? "socks5://"
                       : proxy.kind == Proxy::Kind::https ? "https://"
                                                          : "http://";
  const auto user = proxy.user.empty()
                        ? std::string()
                        : url_escaped(proxy.user.reveal()) + ":" + url_escaped(proxy.password.reveal()) + "@";
  return scheme + user + proxy.at.text();
}

Result<Value> cluster_of(const KubeAccess& access) {
  Value cluster = Value::object({{"server", access.server}});
  if (const auto added = add_file(cluster, "certificate-authority-data", access.tls.ca); !added)
    return Failure(added.error());
  add(cluster, "tls-server-name", access.tls.name);
  if (access.tls.enabled && !access.tls.verify) cluster["insecure-skip-tls-verify"] = true;
  if (access.proxy) cluster["proxy-url"] = proxy_url(*access.proxy);
  return cluster;
}

Result<Value> user_of(const KubeAccess& access) {
  Value user = Value::object();
  for (const auto& [key, file] : {std::pair("client-certificate-data", &access.tls.cert),
                                  std::pair("client-key-data", &access.tls.key)}) {
    if (const auto added = add_file(user, key, *file); !added) return Failure(added.error());
  }
  add(user, "token", access.token.reveal());
  add(user, "tokenFile", access.token_file);
  add(user, "username", access.username);
  add(user, "password", access.password.reveal());
  add(user, "as", access.as);
  for (const auto& group : access.as_groups) user["as-groups"].push_back(group);
  if (access.exec) {
    Value exec = Value::object({{"apiVersion", access.exec->api_version},
                                {"command", access.exec->argv.empty() ? "" : access.exec->argv.front()},
                                {"interactiveMode", "Never"},
                                {"provideClusterInfo", access.exec->with_cluster}});
    for (std::size_t i = 1; i < access.exec->argv.size(); ++i) exec["args"].push_back(access.exec->argv[i]);
    for (const auto& [name, value] : access.exec->env)
      exec["env"].push_back(Value::object({{"name", name}, {"value", value}}));
    user["exec"] = std::move(exec);
  }
  return user;
}

}  // namespace

bool is_of_one_answer(const Error& error) {
  return error.code == "kube.forbidden" || error.code == "kube.not-found" || error.code == "kube.server" ||
         error.code == "protocol.too-large";
}

Result<const std::vector<KubeResource>*> DriftCluster::resources(const Context& context) {
  if (!resources_) {
    Value seen = Value::object();
    Trace trace(seen);
    auto found = client_.resources(context, trace);
    if (!found) return Failure(found.error());
    resources_ = std::move(*found);
  }
  return &*resources_;
}

Result<std::string> DriftCluster::version(const Context& context) {
  if (!version_) {
    KubeRequest request;
    request.path = "/version";
    Value seen = Value::object();
    Trace trace(seen);
    const auto found = client_.call(request, context, trace);
    if (!found) return Failure(found.error());
    version_ = found->get("gitVersion");
  }
  return *version_;
}

Result<std::string_view> DriftCluster::document(const std::string& path, const Context& context) {
  constexpr std::size_t kMost = 256U << 20;
  if (const auto kept = documents_.find(path); kept != documents_.end()) return kept->second;
  KubeRequest request;
  request.path = path;
  request.max_body = kMost;
  Value seen = Value::object();
  Trace trace(seen);
  auto text = client_.text(request, context, trace);
  if (!text) return Failure(text.error());
  return documents_.emplace(path, std::move(*text)).first->second;
}

Result<std::vector<std::string>> DriftCluster::api_versions(const Context& context) {
  const auto all = resources(context);
  if (!all) return Failure(all.error());
  std::set<std::string> names;
  for (const auto& one : **all) {
    names.insert(one.api_version());
    names.insert(one.api_version() + "/" + one.kind);
  }
  return std::vector<std::string>(names.begin(), names.end());
}

Result<std::string> DriftCluster::kubeconfig() const {
  const auto& access = client_.access();
  const auto cluster = cluster_of(access);
  if (!cluster) return Failure(cluster.error());
  const auto user = user_of(access);
  if (!user) return Failure(user.error());
  const auto entry = [](const char* what, Value body) {
    return Value(Value::Array{Value::object({{"name", "assay"}, {what, std::move(body)}})});
  };
  return to_json(Value::object(
      {{"apiVersion", "v1"},
       {"kind", "Config"},
       {"current-context", "assay"},
       {"clusters", entry("cluster", *cluster)},
       {"users", entry("user", *user)},
       {"contexts", entry("context", Value::object({{"cluster", "assay"}, {"user", "assay"}}))}}));
}

}  // namespace assay::drift

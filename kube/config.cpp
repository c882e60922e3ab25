#include "kube/config.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/base64.h"
#include "core/yaml.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kAccount = "/var/run/secrets/kubernetes.io/serviceaccount/";
constexpr std::uintmax_t kMostBytes = 16U << 20;

Failure refuse(const std::string& message) { return fail("kube.config", "setup", message); }

Result<std::string> read_text(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) return refuse(fmt::format("cannot read {}: {}", path.string(), error.message()));
  if (size > kMostBytes) return refuse(fmt::format("{} is larger than 16 MiB", path.string()));
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) return refuse(fmt::format("cannot read {}: {}", path.string(), std::strerror(errno)));
  return text;
}

// One named entry, and the folder of the file that it came from.
struct Entry {
  Value body;
  fs::path folder;
  std::string file;
};

// The files together.
struct Merged {
  std::map<std::string, Entry> clusters;
  std::map<std::string, Entry> users;
  std::map<std::string, Entry> contexts;
  std::string current;
  std::vector<std::string> files;
};

void take_entries(const Value& config, const char* list, const char* key, const fs::path& path,
                  std::map<std::string, Entry>& entries) {
  const Value* items = config.find(list);
  if (items == nullptr || !items->is_array()) return;
  for (const Value& item : items->items()) {
    const Value* body = item.find(key);
    if (item.get("name").empty() || body == nullptr || !body->is_object()) continue;
    entries.try_emplace(item.get("name"), Entry{*body, path.parent_path(), path.string()});
  }
}

Result<void> read_file(const fs::path& path, Merged& merged) {
  const auto text = read_text(path);
  if (!text) return Failure(text.error());
  const auto config = parse_yaml(*text, 0);
  if (!config)
    return refuse(
        fmt::format("{}: line {}: {}", path.string(), config.error().mark.line, config.error().message));
  if (!config->is_object()) return refuse(path.string() + " is no kubeconfig: it is no map");
  take_entries(*config, "clusters", "cluster", path, merged.clusters);
  take_entries(*config, "users", "user", path, merged.users);
  take_entries(*config, "contexts", "context", path, merged.contexts);
  if (merged.current.empty()) merged.current = config->get("current-context");
  merged.files.push_back(path.string());
  return {};
}

// The files that are asked for. One that $KUBECONFIG names and that is not there is passed over, as kubectl
// does; the one that the user names must be there.
Result<Merged> read_files(const KubeOptions& options, const Environment& environment) {
  const bool named = !options.kubeconfig.empty();
  std::string list = named ? options.kubeconfig : environment("KUBECONFIG");
  if (list.empty() && !environment("HOME").empty()) list = environment("HOME") + "/.kube/config";
  Merged merged;
  for (std::size_t at = 0; at < list.size();) {
    const std::size_t end = std::min(list.find(':', at), list.size());
    const std::string path = list.substr(at, end - at);
    at = end + 1;
    std::error_code error;
    if (path.empty() || (!named && !fs::exists(path, error))) continue;
    if (const auto read = read_file(path, merged); !read) return Failure(read.error());
  }
  return merged;
}

// A path of a kubeconfig, or its data beside it: the data wins.
Result<std::string> file_or_data(const Entry& entry, const std::string& key, KubeAccess& access) {
  const std::string data = entry.body.get(key + "-data");
  if (data.empty()) {
    const std::string path = entry.body.get(key);
    return path.empty() || fs::path(path).is_absolute() ? path : (entry.folder / path).string();
  }
  const auto bytes = decode_base64(data);
  if (!bytes) return refuse(fmt::format("{}: {}-data is not base64", entry.file, key));
  auto file = memory_file(*bytes);
  if (!file) return Failure(file.error());
  access.data.push_back(*file);
  return memory_path(**file);
}

Result<void> take_cluster(const Entry& entry, KubeAccess& access) {
  access.server = entry.body.get("server");
  while (access.server.ends_with('/')) access.server.pop_back();
  if (access.server.empty())
    return refuse(fmt::format("{}: the cluster {} names no server", entry.file, access.cluster));
  access.tls.enabled = access.server.starts_with("https://");
  access.tls.verify = !entry.body.get_bool("insecure-skip-tls-verify");
  access.tls.name = entry.body.get("tls-server-name");
  if (const std::string url = entry.body.get("proxy-url"); !url.empty()) {
    auto proxy = parse_proxy(url);
    if (!proxy) return refuse(fmt::format("{}: proxy-url: {}", entry.file, proxy.error().message));
    access.proxy = std::move(*proxy);
  }
  auto ca = file_or_data(entry, "certificate-authority", access);
  if (!ca) return Failure(ca.error());
  access.tls.ca = std::move(*ca);
  access.exec_cluster = Value::object({{"server", access.server}});
  for (const char* key :
       {"certificate-authority-data", "tls-server-name", "proxy-url", "insecure-skip-tls-verify"}) {
    if (const Value* value = entry.body.find(key)) access.exec_cluster[key] = *value;
  }
  return {};
}

Result<void> take_exec(const Value& exec, const Entry& entry, KubeAccess& access) {
  KubeExec plugin;
  plugin.api_version = exec.get("apiVersion");
  if (plugin.api_version != "client.authentication.k8s.io/v1" &&
      plugin.api_version != "client.authentication.k8s.io/v1beta1") {
    return refuse(fmt::format(
        "{}: exec.apiVersion {} is not known (v1 and v1beta1 of client.authentication.k8s.io are)",
        entry.file, plugin.api_version.empty() ? "is missing; it" : plugin.api_version));
  }
  // A relative command with a slash starts at the file's folder, a bare one is looked up in PATH.
  std::string command = exec.get("command");
  if (command.empty()) return refuse(entry.file + ": exec names no command");
  if (command.find('/') != std::string::npos && !fs::path(command).is_absolute())
    command = (entry.folder / command).string();
  plugin.argv.push_back(std::move(command));
  if (const Value* args = exec.find("args"); args != nullptr && args->is_array()) {
    for (const Value& arg : args->items())
      plugin.argv.push_back(arg.is_string() ? arg.string() : to_json(arg));
  }
  if (const Value* env = exec.find("env"); env != nullptr && env->is_array()) {
    for (const Value& pair : env->items()) plugin.env[pair.get("name")] = pair.get("value");
  }
  plugin.hint = exec.get("installHint");
  plugin.with_cluster = exec.get_bool("provideClusterInfo");
  access.exec = std::move(plugin);
  return {};
}

Result<void> take_user(const Entry& entry, KubeAccess& access) {
  const Value& user = entry.body;
  auto cert = file_or_data(entry, "client-certificate", access);
  if (!cert) return Failure(cert.error());
  auto key = file_or_data(entry, "client-key", access);
  if (!key) return Failure(key.error());
  access.tls.cert = std::move(*cert);
  access.tls.key = std::move(*key);
  // tokenFile wins over token, as in client-go.
  const std::string token_file = user.get("tokenFile");
  if (!token_file.empty()) {
    access.token_file =
        fs::path(token_file).is_absolute() ? token_file : (entry.folder / token_file).string();
  } else {
    access.token = Secret(user.get("token"));
  }
  access.username = user.get("username");
  access.password = Secret(user.get("password"));
  access.as = user.get("as");
  if (const Value* groups = user.find("as-groups"); groups != nullptr && groups->is_array()) {
    for (const Value& group : groups->items()) {
      if (group.is_string()) access.as_groups.push_back(group.string());
    }
  }
  if (user.find("auth-provider") != nullptr) {
    return refuse(fmt::format(
        "{}: auth-provider was removed from Kubernetes in 1.26; use the provider's exec plugin", entry.file));
  }
  if (const Value* exec = user.find("exec"); exec != nullptr && exec->is_object())
    return take_exec(*exec, entry, access);
  return {};
}

// https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
Result<KubeAccess> pod_access(const Environment& environment) {
  const std::string host = environment("KUBERNETES_SERVICE_HOST");
  const std::string port = environment("KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty()) {
    return refuse(
        "no cluster is configured: there is no kubeconfig ($KUBECONFIG, ~/.kube/config), and this is no pod "
        "(KUBERNETES_SERVICE_HOST is not set)");
  }
  KubeAccess access;
  access.context = "in-cluster";
  const bool v6 = host.find(':') != std::string::npos;
  access.server = fmt::format("https://{}:{}", v6 ? "[" + host + "]" : host, port);
  access.tls.enabled = true;
  access.tls.ca = std::string(kAccount) + "ca.crt";
  access.token_file = std::string(kAccount) + "token";
  const auto ns = read_text(std::string(kAccount) + "namespace");
  if (!ns) return Failure(ns.error());
  access.ns = *ns;
  return access;
}

std::string known(const std::map<std::string, Entry>& entries) {
  std::string names;
  for (const auto& [name, entry] : entries) names += (names.empty() ? "" : ", ") + name;
  return names.empty() ? "none" : names;
}

Result<KubeAccess> file_access(const Merged& merged, const std::string& wanted) {
  KubeAccess access;
  access.context = wanted.empty() ? merged.current : wanted;
  if (access.context.empty())
    return refuse("no context is chosen: the kubeconfig has no current-context; say --context (there are " +
                  known(merged.contexts) + ")");
  const auto context = merged.contexts.find(access.context);
  if (context == merged.contexts.end())
    return refuse(fmt::format("there is no context {} in {} (there are {})", access.context,
                              fmt::join(merged.files, ", "), known(merged.contexts)));
  access.cluster = context->second.body.get("cluster");
  const auto cluster = merged.clusters.find(access.cluster);
  if (cluster == merged.clusters.end())
    return refuse(fmt::format("the context {} names the cluster {}, which is not there (there are {})",
                              access.context, access.cluster, known(merged.clusters)));
  if (const auto taken = take_cluster(cluster->second, access); !taken) return Failure(taken.error());
  if (const std::string ns = context->second.body.get("namespace"); !ns.empty()) access.ns = ns;
  const std::string name = context->second.body.get("user");
  const auto user = merged.users.find(name);
  if (user == merged.users.end() && !name.empty())
    return refuse(fmt::format("the context {} names the user {}, which is not there (there are {})",
                              access.context, name, known(merged.users)));
  if (user != merged.users.end()) {
    if (const auto taken = take_user(user->second, access); !taken) return Failure(taken.error());
  }
  return access;
}

}  // namespace

Environment process_environment() {
  return [](const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return std::string(value == nullptr ? "" : value);
  };
}

Result<KubeAccess> load_kube_access(const KubeOptions& options, const Environment& environment) {
  const auto merged = read_files(options, environment);
  if (!merged) return Failure(merged.error());
  auto access = merged->files.empty() && options.context.empty() ? pod_access(environment)
                                                                 : file_access(*merged, options.context);
  if (!access) return access;
  if (!options.ns.empty()) access->ns = options.ns;
  if (!options.as.empty()) access->as = options.as;
  if (!options.as_groups.empty()) access->as_groups = options.as_groups;
  if (!access->as_groups.empty() && access->as.empty())
    return refuse("groups are impersonated only together with a user (--as)");
  if (!options.token_file.empty()) {
    access->token_file = options.token_file;
    access->token = Secret();
    access->exec.reset();
    access->username.clear();
    access->tls.cert.clear();
    access->tls.key.clear();
  }
  return access;
}

Result<std::shared_ptr<Fd>> memory_file(const std::string& text) {
  auto file = std::make_shared<Fd>(::memfd_create("assay-credentials", MFD_CLOEXEC));
  if (!*file) return fail("harness.internal", "setup", std::string("memfd_create: ") + std::strerror(errno));
  for (std::string_view left = text; !left.empty();) {
    const auto written = ::write(file->get(), left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return fail("harness.internal", "setup", std::string("memfd: ") + std::strerror(errno));
    left.remove_prefix(static_cast<std::size_t>(written));
  }
  return file;
}

std::string memory_path(const Fd& file) { return "/proc/self/fd/" + std::to_string(file.get()); }

}  // namespace assay

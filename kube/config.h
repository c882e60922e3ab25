// Which API server, and as whom: kubeconfig files and the configuration that a pod finds.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/fd.h"
#include "core/result.h"
#include "core/secret.h"
#include "net/proxy.h"
#include "net/tls.h"

namespace assay {

// What a user may say about it; empty fields are taken from the configuration.
struct KubeOptions {
  std::string kubeconfig;  // a file, or several with ':' between them; else $KUBECONFIG, else ~/.kube/config
  std::string context;
  std::string ns;
  std::string as;                      // impersonated user
  std::vector<std::string> as_groups;  // and groups
  std::string token_file;              // a token instead of the user's own credentials
};

// A program that is asked for credentials (client.authentication.k8s.io/v1 and v1beta1).
struct KubeExec {
  std::vector<std::string> argv;
  std::map<std::string, std::string> env;
  std::string api_version;
  std::string hint;  // how to install it
  bool with_cluster = false;
};

// Is told a credential and where it comes from, before it is used: so that it can be kept out of what is
// written. Called by any thread.
using CredentialTold = std::function<void(const Secret& credential, const std::string& name)>;

// How to reach one API server. Credentials that a kubeconfig holds as data lie in anonymous memory files,
// which `tls` names by their paths and `data` keeps open: never on a disk.
struct KubeAccess {
  std::string server;  // URL without a slash at its end
  std::string context;
  std::string cluster;
  std::string ns = "default";
  TlsOptions tls;
  std::optional<Proxy> proxy;
  std::string as;
  std::vector<std::string> as_groups;
  Secret token;
  std::string token_file;  // read again now and then, since kubelets renew it
  std::string username;
  Secret password;
  std::optional<KubeExec> exec;
  Value exec_cluster;  // what a plugin with provideClusterInfo is told
  std::vector<std::shared_ptr<Fd>> data;
  CredentialTold told;  // or empty
};

// Environment variables by name; empty for one that is not set.
using Environment = std::function<std::string(const std::string& name)>;
Environment process_environment();

// Reads the configuration as kubectl does: of several files the first to name an entry wins; paths in a file
// start at its folder; without any file, a pod's own service account is used
// (https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/). Errors:
// kube.config, which names the file and the entry. Reads files, opens no connection.
Result<KubeAccess> load_kube_access(const KubeOptions& options, const Environment& environment);

// Text in an anonymous memory file; its path can be given to a library that wants a file. Errors:
// harness.internal.
Result<std::shared_ptr<Fd>> memory_file(const std::string& text);
std::string memory_path(const Fd& file);

}  // namespace assay

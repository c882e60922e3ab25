#include "kube/credentials.h"

#include <fmt/format.h>

#include <cctype>

#include "core/literals.h"
#include "core/process.h"
#include "core/rfc3339.h"
#include "core/utf8.h"

namespace assay {
namespace {

constexpr auto kFileTime = std::chrono::minutes(1);
// What expires within this is as good as expired: clocks differ.
constexpr auto kMargin = std::chrono::seconds(10);

// What stands where a secret could and is none: a flag's yes or no, a number, a path.
bool is_setting(std::string_view value) {
  return value == "true" || value == "false" || value.starts_with('/') ||
         value.find_first_not_of("0123456789") == std::string_view::npos;
}

Failure refuse(const std::string& message) { return fail("kube.credentials", "auth", message); }

}  // namespace

KubeCredentialSource::KubeCredentialSource(const KubeAccess& access) : access_(access) {
  tell(access_.token, "the kubeconfig's token");
  tell(access_.password, "the kubeconfig's password");
  if (access_.proxy) tell(access_.proxy->password, "the kubeconfig's proxy-url");
  if (!access_.tls.key.empty()) {
    // Who uses it says why it cannot be read.
    const auto key = read_local_reference(Value::object({{"file", access_.tls.key}}));
    if (key) tell(*key, "the kubeconfig's client-key");
  }
  if (!access_.exec) return;
  for (const auto& [name, value] : access_.exec->env) {
    if (says_secret(name) && !is_setting(value)) tell(Secret(value), "the kubeconfig's exec.env " + name);
    for (std::string& part : secrets_in_urls(value))
      tell(Secret(std::move(part)), "the kubeconfig's exec.env " + name);
  }
  const std::string arguments = "the kubeconfig's exec.args";
  for (ArgumentSecret& one : secrets_in_arguments({access_.exec->argv.begin(), access_.exec->argv.end()}))
    if (!is_setting(one.text)) tell(Secret(std::move(one.text)), arguments);
  for (const std::string& argument : access_.exec->argv) {
    for (std::string& part : secrets_in_urls(argument)) tell(Secret(std::move(part)), arguments);
  }
}

void KubeCredentialSource::tell(const Secret& credential, const std::string& name) const {
  if (access_.told && !credential.empty()) access_.told(credential, name);
}

Result<KubeCredentials> KubeCredentialSource::get(const Context& context) {
  if (access_.token_file.empty() && !access_.exec)
    return KubeCredentials{access_.token, access_.tls.cert, access_.tls.key, {}};
  const std::lock_guard lock(mutex_);
  if (kept_ && !good_until_.passed()) return *kept_;
  if (access_.exec) {
    auto asked = ask_plugin(context);
    if (asked) kept_ = *asked;
    return asked;
  }
  const auto token = read_local_reference(Value::object({{"file", access_.token_file}}));
  if (!token)
    return refuse(
        fmt::format("cannot read the token file {}: {}", access_.token_file, token.error().message));
  std::string text = token->reveal();
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.pop_back();
  if (text.empty()) return refuse("the token file " + access_.token_file + " is empty");
  kept_ = KubeCredentials{Secret(std::move(text)), access_.tls.cert, access_.tls.key, {}};
  tell(kept_->token, access_.token_file);
  good_until_ = Deadline::in(kFileTime);
  return *kept_;
}

bool KubeCredentialSource::refused() {
  const std::lock_guard lock(mutex_);
  if (!kept_) return false;
  kept_.reset();
  return true;
}

Result<KubeCredentials> KubeCredentialSource::ask_plugin(const Context& context) {
  const KubeExec& exec = *access_.exec;
  Value spec = Value::object({{"interactive", false}});
  if (exec.with_cluster) spec["cluster"] = access_.exec_cluster;
  const Value info =
      Value::object({{"apiVersion", exec.api_version}, {"kind", "ExecCredential"}, {"spec", spec}});
  ProcessSpec process;
  process.argv = exec.argv;
  process.env = exec.env;
  process.env["KUBERNETES_EXEC_INFO"] = to_json(info);
  const auto done = run_process(process, context);
  const std::string hint = exec.hint.empty() ? "" : " (" + printable(exec.hint) + ")";
  if (!done && done.error().code == "command.missing")
    return refuse(fmt::format("the credential plugin {} is not here{}", exec.argv.front(), hint));
  if (!done) return Failure(done.error());
  if (done->exit_code != 0) {
    return refuse(fmt::format("the credential plugin {} ended with {}: {}", exec.argv.front(),
                              done->exit_code, shorten(printable(done->error_output), 300)));
  }
  const auto answer = parse_json(done->output);
  const Value* status = answer ? answer->find("status") : nullptr;
  // Its output is a secret, so nothing of it is shown.
  if (status == nullptr || answer->get("kind") != "ExecCredential")
    return refuse(
        fmt::format("what the credential plugin {} printed is no ExecCredential", exec.argv.front()));
  if (answer->get("apiVersion") != exec.api_version) {
    return refuse(fmt::format("the credential plugin {} answered in {}, not in {}", exec.argv.front(),
                              printable(answer->get("apiVersion")), exec.api_version));
  }
  KubeCredentials given;
  given.token = Secret(status->get("token"));
  tell(given.token, "the token of " + exec.argv.front());
  const std::string cert = status->get("clientCertificateData");
  const std::string key = status->get("clientKeyData");
  tell(Secret(key), "the key of " + exec.argv.front());
  if (cert.empty() != key.empty() || (cert.empty() && given.token.empty())) {
    return refuse(fmt::format("the credential plugin {} gave neither a token nor a certificate with its key",
                              exec.argv.front()));
  }
  for (const auto& [text, path] : {std::pair(&cert, &given.cert), std::pair(&key, &given.key)}) {
    if (text->empty()) continue;
    auto file = memory_file(*text);
    if (!file) return Failure(file.error());
    *path = memory_path(**file);
    given.data.push_back(std::move(*file));
  }
  good_until_ = Deadline();
  if (const std::string expires = status->get("expirationTimestamp"); !expires.empty()) {
    const auto at = parse_rfc3339(expires);
    if (!at)
      return refuse(
          fmt::format("the credential plugin {} gave an expiry that is no time", exec.argv.front()));
    good_until_ =
        Deadline::in(std::max<Duration>(Duration::zero(), *at - std::chrono::system_clock::now() - kMargin));
  }
  return given;
}

}  // namespace assay

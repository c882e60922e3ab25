#include "tests/support/vault_server.h"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "core/process.h"
#include "net/http.h"
#include "tests/support/server.h"

namespace assay::test {
namespace {

constexpr auto kPatience = std::chrono::seconds(30);
constexpr auto kEvery = std::chrono::milliseconds(50);

std::string binary() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  const std::string base =
      cache != nullptr && *cache != '\0' ? cache : std::string(home == nullptr ? "" : home) + "/.cache";
  const std::string path = base + "/assay/openbao-2.7.2/bao";
  if (!std::filesystem::exists(path)) {
    throw std::runtime_error(path + " is missing: fixtures/local/stack download puts it there");
  }
  return path;
}

}  // namespace

VaultServer::VaultServer() {
  std::signal(SIGPIPE, SIG_IGN);
  std::string pattern = std::filesystem::temp_directory_path() / "assay-vault-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
  folder_ = pattern;
  const std::string address = "127.0.0.1:" + std::to_string(closed_port());
  url_ = "http://" + address;
  std::ofstream(folder_ + "/vault.hcl")
      << "storage \"inmem\" {}\nlistener \"tcp\" {\n  address = \"" << address
      << "\"\n  tls_disable = true\n}\napi_addr = \"" << url_ << "\"\nui = false\n";
  const ProcessSpec spec = {
      {binary(), "server", "-config=" + folder_ + "/vault.hcl"}, {}, folder_, "", 1 << 20, {}};
  process_ = std::thread([this, spec] {
    // Ends by stop, which the caller knows; anything else shows in a server that does not answer.
    [[maybe_unused]] const auto ended = run_process(spec, Context(Deadline(), stop_));
  });
  until([this] { return health() != 0; });
}

VaultServer::~VaultServer() {
  stop_.raise();
  process_.join();
  std::error_code ignored;  // a leftover in the temporary folder is no reason to fail a test
  std::filesystem::remove_all(folder_, ignored);
}

void VaultServer::until(const std::function<bool()>& done) {
  const Stop never;
  const Context context(Deadline::in(kPatience), never);
  while (!done()) {
    if (!context.pause(Deadline::in(kEvery), "test"))
      throw std::runtime_error("the test's Vault server does not get there");
  }
}

int VaultServer::health() {
  HttpRequest request;
  request.url = url_ + "/v1/sys/health";
  Value unseen = Value::object();
  Trace trace(unseen);
  const Stop never;
  const auto response = network_.http().run(request, Context(Deadline::in(kPatience), never), trace);
  return response ? response->status : 0;
}

Value VaultServer::call(const std::string& method, const std::string& path, const Value& body) {
  HttpRequest request;
  request.method = method;
  request.url = url_ + "/v1/" + path;
  request.body = Secret(to_json(body));
  request.headers = {{"X-Vault-Token", Secret(root_token_)}};
  Value unseen = Value::object();
  Trace trace(unseen);
  const Stop never;
  const auto response = network_.http().run(request, Context(Deadline::in(kPatience), never), trace);
  if (!response) throw std::runtime_error(path + ": " + response.error().message);
  if (response->status >= 300) throw std::runtime_error(path + ": " + response->body);
  return response->body.empty() ? Value() : parse_json(response->body).value();
}

void VaultServer::initialise() {
  const Value made = call("PUT", "sys/init", Value::object({{"secret_shares", 1}, {"secret_threshold", 1}}));
  root_token_ = made.get("root_token");
  unseal_key_ = made.find("keys_base64")->items().front().string();
}

void VaultServer::unseal() {
  call("PUT", "sys/unseal", Value::object({{"key", unseal_key_}}));
  until([this] { return health() == 200; });
}

void VaultServer::seal() { call("PUT", "sys/seal", Value::object()); }

void VaultServer::write(const std::string& path, const Value& body) { call("POST", path, body); }

std::string VaultServer::token(const std::string& ttl) {
  const Value made =
      call("POST", "auth/token/create", Value::object({{"ttl", ttl}, {"policies", Value::Array{"default"}}}));
  return made.find("auth")->get("client_token");
}

}  // namespace assay::test

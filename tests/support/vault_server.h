// An OpenBao (which has Vault's API) of a test's own, for the states that a stack which is up does not have.
#pragma once

#include <functional>
#include <string>
#include <thread>

#include "core/context.h"
#include "core/value.h"
#include "net/network.h"

namespace assay::test {

// Runs the binary that fixtures/local keeps in the cache, in memory and without TLS, from its making to its
// end. Not initialised at first. Throws std::runtime_error where something does not work within 30 seconds.
class VaultServer {
 public:
  VaultServer();
  ~VaultServer();
  VaultServer(const VaultServer&) = delete;
  VaultServer& operator=(const VaultServer&) = delete;

  const std::string& url() const { return url_; }
  void initialise();  // leaves it sealed
  void unseal();      // and waits until it is active
  void seal();
  std::string token(const std::string& ttl);  // a new token of policy default
  const std::string& root_token() const { return root_token_; }
  void write(const std::string& path, const Value& body);  // with that token
  // Asks again and again until `done`.
  void until(const std::function<bool()>& done);

 private:
  int health();
  Value call(const std::string& method, const std::string& path, const Value& body);

  Network network_;
  Stop stop_;
  std::string folder_;
  std::string url_;
  std::string root_token_;
  std::string unseal_key_;
  std::thread process_;
};

}  // namespace assay::test

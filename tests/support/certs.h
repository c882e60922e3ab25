// Certificates made while a test runs, and TLS on the server's side of a test's connection.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/server.h"

struct ssl_ctx_st;
struct ssl_st;

namespace assay::test {

// Files in PEM.
struct Identity {
  std::string cert;
  std::string key;
};

// An authority of its own in a temporary folder, which goes away with it.
class Authority {
 public:
  Authority();
  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  const std::string& ca() const { return ca_; }  // file with the authority's certificate
  // A certificate for `names` ("localhost", "127.0.0.1"), valid from `from_days` to `to_days` from now.
  Identity issue(const std::vector<std::string>& names, int from_days = -1, int to_days = 30);
  // The same, signed by its own key.
  Identity self_signed(const std::vector<std::string>& names);
  // The same certificate with a copy of its key that only the passphrase opens.
  Identity encrypted(const Identity& identity, const std::string& passphrase);

 private:
  struct Parts;
  Identity write(const std::vector<std::string>& names, int from_days, int to_days, bool by_itself);
  std::string folder_;
  std::string ca_;
  int count_ = 0;
  std::unique_ptr<Parts> parts_;
};

// The server's side of TLS over a Peer.
class TlsPeer {
 public:
  // `alpn`: the one protocol that is chosen ("h2"); empty: none. `ask_client` is a file of authorities:
  // clients must show a certificate of theirs.
  TlsPeer(Peer& peer, const Identity& identity, const std::string& alpn = {},
          const std::string& ask_client = {});
  ~TlsPeer();
  TlsPeer(const TlsPeer&) = delete;
  TlsPeer& operator=(const TlsPeer&) = delete;

  bool secure() const { return secure_; }  // the handshake came to an end
  std::string read_some();
  std::string read_until(std::string_view end);
  bool write(std::string_view bytes);

 private:
  bool wait(int result);
  Peer& peer_;
  ssl_ctx_st* context_;
  ssl_st* ssl_;
  std::string alpn_;
  bool secure_ = false;
};

}  // namespace assay::test

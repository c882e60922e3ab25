// TLS settings, shared contexts and what a certificate chain says.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "core/result.h"
#include "core/value.h"

struct ssl_ctx_st;
struct ssl_st;

namespace assay {

// How a connection is secured. Paths are files in PEM; an empty `ca` means the system's trust store.
struct TlsOptions {
  bool enabled = false;
  std::string ca;
  std::string name;     // the name that the certificate must carry, when it is not the host that was dialled
  bool verify = true;   // false: the chain is captured and reported, and nothing is refused
  std::string cert;     // client certificate
  std::string key;      // its key
  std::string minimum;  // "", "1.2" or "1.3"
};

// One SSL_CTX for each (CA, certificate, version), made once a run: with a system's bundle each costs
// milliseconds and most of a megabyte. Safe from any thread.
class TlsContexts {
 public:
  // A context to make connections from; lives as long as this. Errors: tls.local (a file cannot be used).
  Result<ssl_ctx_st*> get(const TlsOptions& options);

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const;
  };
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<ssl_ctx_st, Free>> contexts_;
};

// What a finished (or failed) handshake shows: protocol, cipher, verified, verify_error, chain (subject,
// issuer, names, not_before, not_after, days_left, serial, sha256), and of the first certificate days_left
// and names on top.
Value describe_tls(ssl_st* connection);

// The code and sentence for a chain that was not accepted (X509_V_ERR_*): tls.expired, tls.self-signed,
// tls.name, tls.untrusted, tls.failed.
Failure tls_verify_failure(long verify_result, const std::string& host);

// The code for a handshake that did not come to an end, from OpenSSL's error queue, which is emptied.
Failure tls_handshake_failure(const std::string& host);

}  // namespace assay

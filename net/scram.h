// The client's side of SCRAM (RFC 5802, RFC 7677), without channel binding.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"
#include "core/secret.h"

namespace assay {

enum class ScramHash { sha256, sha512 };

// One exchange: first(), answer() to what the server sent, verify() of what it sent last. `nonce` must be
// fresh and printable without commas. The password goes in as it is (Kafka does not prepare it by SASLprep
// either). Not synchronised.
class ScramClient {
 public:
  ScramClient(ScramHash hash, std::string username, Secret password, std::string nonce);

  // client-first-message.
  std::string first() const;
  // client-final-message for a server-first-message. Errors, phase auth: protocol.invalid (a nonce that is
  // not ours, no salt, an iteration count above 1,000,000), auth.denied (the server sent an error).
  Result<std::string> answer(std::string_view server_first);
  // Checks the server's signature. Errors, phase auth: auth.denied (the server sent an error, or a signature
  // that only somebody who does not know the password would send), protocol.invalid.
  Result<void> verify(std::string_view server_final) const;

 private:
  ScramHash hash_;
  std::string username_;
  Secret password_;
  std::string nonce_;
  std::string server_signature_;
};

}  // namespace assay

// Values of Secrets, told apart without being shown.
#pragma once

#include <string>

#include "drift/tree.h"

namespace assay::drift {

// The key of a run: equal tokens of one run mean equal values, and tell nothing else.
class MaskKey {
 public:
  // From the system's random numbers.
  static MaskKey random();
  explicit MaskKey(std::string bytes) : bytes_(std::move(bytes)) {}

  // "hmac:" and 16 hexadecimal digits of HMAC-SHA256 (RFC 2104), of what base64 text holds, or of another
  // node's JSON.
  std::string token(Node value) const;

 private:
  std::string bytes_;
};

}  // namespace assay::drift

#include "drift/mask.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <string_view>

#include "core/base64.h"
#include "core/random.h"

namespace assay::drift {

MaskKey MaskKey::random() {
  std::string bytes;
  for (auto i = 0; i < 4; ++i) {
    const auto part = random_seed();
    bytes.append(reinterpret_cast<const char*>(&part), sizeof part);
  }
  return MaskKey(std::move(bytes));
}

std::string MaskKey::token(Node value) const {
  std::string bytes(value.text());
  if (!value.is_string()) {
    bytes = to_json(value);
  } else if (auto decoded = decode_base64(bytes); decoded) {
    bytes = *std::move(decoded);
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  HMAC(EVP_sha256(), bytes_.data(), static_cast<int>(bytes_.size()),
       reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data(), &size);
  std::string out = "hmac:";
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (std::size_t i = 0; i < 8; ++i) {
    out += kDigits[digest[i] >> 4U];
    out += kDigits[digest[i] & 15U];
  }
  return out;
}

}  // namespace assay::drift

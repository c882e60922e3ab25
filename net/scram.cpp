#include "net/scram.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <charconv>
#include <optional>
#include <vector>

#include "core/utf8.h"

namespace assay {
namespace {

// An iteration costs about half a microsecond, so that a server cannot buy more than a second of ours.
constexpr int kMostIterations = 1'000'000;

const EVP_MD* digest_of(ScramHash hash) { return hash == ScramHash::sha256 ? EVP_sha256() : EVP_sha512(); }

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string hmac(const EVP_MD* digest, std::string_view key, std::string_view text) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(digest, key.data(), static_cast<int>(key.size()), bytes(text), text.size(), out, &size);
  return {reinterpret_cast<const char*>(out), size};
}

std::string hash_of(const EVP_MD* digest, std::string_view text) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), out, &size, digest, nullptr);
  return {reinterpret_cast<const char*>(out), size};
}

std::string to_base64(std::string_view text) {
  std::vector<unsigned char> out(4 * ((text.size() + 2) / 3) + 1);
  const int size = EVP_EncodeBlock(out.data(), bytes(text), static_cast<int>(text.size()));
  return {reinterpret_cast<const char*>(out.data()), static_cast<std::size_t>(size)};
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0 || text.size() > 4096) return std::nullopt;
  std::string out(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes(text),
                                   static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  out.resize(static_cast<std::size_t>(size) - (text.ends_with("==") ? 2U : text.ends_with('=') ? 1U : 0U));
  return out;
}

// The attribute `name` of a message such as "r=..,s=..,i=4096".
std::optional<std::string_view> attribute(std::string_view message, char name) {
  while (!message.empty()) {
    const auto comma = message.find(',');
    const std::string_view one = message.substr(0, comma);
    if (one.size() >= 2 && one[0] == name && one[1] == '=') return one.substr(2);
    message = comma == std::string_view::npos ? std::string_view() : message.substr(comma + 1);
  }
  return std::nullopt;
}

std::string escape_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '=') {
      out += "=3D";
    } else if (c == ',') {
      out += "=2C";
    } else {
      out += c;
    }
  }
  return out;
}

Failure broken(const std::string& what) { return fail("protocol.invalid", "auth", "SCRAM: " + what); }

Failure refused(std::string_view reason) {
  return fail("auth.denied", "auth", "SCRAM: the server refused: " + shorten(printable(reason), 200));
}

}  // namespace

ScramClient::ScramClient(ScramHash hash, std::string username, Secret password, std::string nonce)
    : hash_(hash), username_(std::move(username)), password_(std::move(password)), nonce_(std::move(nonce)) {}

std::string ScramClient::first() const { return "n,,n=" + escape_name(username_) + ",r=" + nonce_; }

Result<std::string> ScramClient::answer(std::string_view server_first) {
  if (const auto error = attribute(server_first, 'e')) return refused(*error);
  const auto nonce = attribute(server_first, 'r');
  const auto salt_text = attribute(server_first, 's');
  const auto count_text = attribute(server_first, 'i');
  if (!nonce || !salt_text || !count_text)
    return broken("the server's first message lacks nonce, salt or iteration count");
  if (!nonce->starts_with(nonce_) || nonce->size() == nonce_.size())
    return broken("the server's nonce does not begin with ours");
  const auto salt = from_base64(*salt_text);
  int count = 0;
  const auto read = std::from_chars(count_text->data(), count_text->data() + count_text->size(), count);
  if (!salt || read.ec != std::errc() || read.ptr != count_text->data() + count_text->size() || count < 1 ||
      count > kMostIterations) {
    return broken("the server's salt or iteration count cannot be used");
  }
  const EVP_MD* const digest = digest_of(hash_);
  std::string salted(static_cast<std::size_t>(EVP_MD_get_size(digest)), '\0');
  const std::string& password = password_.reveal();
  if (PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), bytes(*salt),
                        static_cast<int>(salt->size()), count, digest, static_cast<int>(salted.size()),
                        reinterpret_cast<unsigned char*>(salted.data())) != 1) {
    return fail("harness.internal", "auth", "SCRAM: the key could not be derived");
  }
  const std::string client_key = hmac(digest, salted, "Client Key");
  const std::string without_proof = "c=biws,r=" + std::string(*nonce);  // biws: "n,,", no channel binding
  const std::string message = first().substr(3) + "," + std::string(server_first) + "," + without_proof;
  std::string proof = hmac(digest, hash_of(digest, client_key), message);
  for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<char>(proof[i] ^ client_key[i]);
  server_signature_ = hmac(digest, hmac(digest, salted, "Server Key"), message);
  OPENSSL_cleanse(salted.data(), salted.size());
  return without_proof + ",p=" + to_base64(proof);
}

Result<void> ScramClient::verify(std::string_view server_final) const {
  if (const auto error = attribute(server_final, 'e')) return refused(*error);
  const auto text = attribute(server_final, 'v');
  const auto signature = text ? from_base64(*text) : std::nullopt;
  if (!signature) return broken("the server's last message has no signature");
  if (signature->size() != server_signature_.size() ||
      CRYPTO_memcmp(signature->data(), server_signature_.data(), signature->size()) != 0) {
    return fail("auth.denied", "auth",
                "SCRAM: the server's signature is wrong, so it does not know the password");
  }
  return {};
}

}  // namespace assay

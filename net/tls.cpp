#include "net/tls.h"

#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <ctime>

#include "core/time.h"
#include "core/utf8.h"
#include "net/tls_files.h"

namespace assay {
namespace {

std::string queue_text() {
  std::string text;
  while (const unsigned long code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    if (!text.empty()) text += "; ";
    text += reason != nullptr ? reason : "unknown";
  }
  return text.empty() ? "no reason given" : text;
}

std::string name_text(X509_NAME* name) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return to_utf8({data, static_cast<std::size_t>(size)});
}

std::time_t to_time(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? ::timegm(&parts) : 0;
}

Value names_of(X509* certificate) {
  Value names = Value::array();
  auto* general =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(general); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(general, i);
    const ASN1_STRING* text = nullptr;
    if (name->type == GEN_DNS) text = name->d.dNSName;
    if (name->type == GEN_IPADD) text = name->d.iPAddress;
    if (text == nullptr) continue;
    const std::string bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                            static_cast<std::size_t>(ASN1_STRING_length(text)));
    if (name->type == GEN_DNS) {
      names.push_back(to_utf8(bytes));
    } else {
      char room[INET6_ADDRSTRLEN];
      const int family = bytes.size() == 4 ? AF_INET : AF_INET6;
      if ((bytes.size() == 4 || bytes.size() == 16) &&
          ::inet_ntop(family, bytes.data(), room, sizeof room) != nullptr)
        names.push_back(room);
    }
  }
  GENERAL_NAMES_free(general);
  return names;
}

Value describe_certificate(X509* certificate) {
  Value one = Value::object();
  one["subject"] = name_text(X509_get_subject_name(certificate));
  one["issuer"] = name_text(X509_get_issuer_name(certificate));
  one["names"] = names_of(certificate);
  const std::time_t not_after = to_time(X509_get0_notAfter(certificate));
  one["not_before"] =
      format_utc(std::chrono::sys_seconds(std::chrono::seconds(to_time(X509_get0_notBefore(certificate)))));
  one["not_after"] = format_utc(std::chrono::sys_seconds(std::chrono::seconds(not_after)));
  one["days_left"] = static_cast<double>(not_after - std::time(nullptr)) / 86400.0;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  if (X509_digest(certificate, EVP_sha256(), digest, &length) == 1) {
    std::string hex;
    static constexpr char kHex[] = "0123456789abcdef";
    for (unsigned i = 0; i < length; ++i) {
      hex += kHex[digest[i] >> 4];
      hex += kHex[digest[i] & 15];
    }
    one["sha256"] = hex;
  }
  return one;
}

// Stands in for OpenSSL's own way of asking for a passphrase, which is a prompt on the terminal. There is
// none to give; that it was asked for is noted in the bool at `asked`.
int no_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

// Takes certificate and key out of their files.
Result<void> use_identity(ssl_ctx_st* context, const TlsOptions& options) {
  bool asked = false;
  SSL_CTX_set_default_passwd_cb(context, &no_passphrase);
  SSL_CTX_set_default_passwd_cb_userdata(context, &asked);
  const auto refuse = [&](const std::string& what) {
    const std::string why = queue_text();
    return fail("tls.local", "setup",
                what + ": " + (asked ? "it is encrypted, and assay takes no passphrase" : why));
  };
  if (SSL_CTX_use_certificate_chain_file(context, options.cert.c_str()) != 1)
    return refuse("cannot use the certificate " + options.cert);
  const std::string& key = options.key.empty() ? options.cert : options.key;
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1)
    return refuse("cannot use the key " + key);
  SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
  return {};
}

}  // namespace

Result<void> regular_files(const TlsOptions& options) {
  for (const std::string* path : {&options.ca, &options.cert, &options.key}) {
    struct stat info {};
    if (!path->empty() && ::stat(path->c_str(), &info) == 0 && !S_ISREG(info.st_mode))
      return fail("tls.local", "setup", "cannot use " + *path + ": it is not a regular file");
  }
  return {};
}

void TlsContexts::Free::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

Result<ssl_ctx_st*> TlsContexts::get(const TlsOptions& options) {
  const std::string key = options.ca + '\n' + options.cert + '\n' + options.key + '\n' + options.minimum;
  if (const auto readable = regular_files(options); !readable) return Failure(readable.error());
  const std::lock_guard lock(mutex_);
  auto& slot = contexts_[key];
  if (slot != nullptr) return slot.get();
  ERR_clear_error();
  std::unique_ptr<ssl_ctx_st, Free> context(SSL_CTX_new(TLS_client_method()));
  const auto refuse = [&](const std::string& what) {
    contexts_.erase(key);
    return fail("tls.local", "setup", what + ": " + queue_text());
  };
  if (context == nullptr) return refuse("cannot make a TLS context");
  SSL_CTX_set_min_proto_version(context.get(), options.minimum == "1.3" ? TLS1_3_VERSION : TLS1_2_VERSION);
  // The handshake goes on whatever the chain is, so that it can be captured; what was found is judged
  // afterwards and before the first byte of ours is sent.
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  if (options.ca.empty()) {
    SSL_CTX_set_default_verify_paths(context.get());
  } else if (SSL_CTX_load_verify_locations(context.get(), options.ca.c_str(), nullptr) != 1) {
    return refuse("cannot use the CA file " + options.ca);
  }
  if (const auto used = options.cert.empty() ? Result<void>() : use_identity(context.get(), options); !used) {
    contexts_.erase(key);
    return Failure(used.error());
  }
  slot = std::move(context);
  return slot.get();
}

Value describe_tls(ssl_st* connection) {
  Value tls = Value::object();
  tls["protocol"] = SSL_get_version(connection);
  if (const char* cipher = SSL_get_cipher_name(connection)) tls["cipher"] = cipher;
  const long verified = SSL_get_verify_result(connection);
  tls["verified"] = verified == X509_V_OK;
  if (verified != X509_V_OK) tls["verify_error"] = X509_verify_cert_error_string(verified);
  Value chain = Value::array();
  const STACK_OF(X509)* certificates = SSL_get_peer_cert_chain(connection);
  for (int i = 0; i < sk_X509_num(certificates); ++i)
    chain.push_back(describe_certificate(sk_X509_value(certificates, i)));
  if (!chain.items().empty()) {
    tls["days_left"] = *chain.items().front().find("days_left");
    tls["names"] = *chain.items().front().find("names");
    tls["subject"] = *chain.items().front().find("subject");
  }
  tls["chain"] = std::move(chain);
  return tls;
}

Failure tls_verify_failure(long result, const std::string& host) {
  const std::string reason = X509_verify_cert_error_string(result);
  switch (result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return fail("tls.expired", "tls", host + ": " + reason);
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return fail("tls.self-signed", "tls", host + ": " + reason);
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return fail("tls.name", "tls", "the certificate is not for " + host + ": " + reason);
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:  // an authority of a trusted one's name, with another key
    case X509_V_ERR_CERT_UNTRUSTED:
      return fail("tls.untrusted", "tls", host + ": " + reason);
    default:
      return fail("tls.failed", "tls", host + ": " + reason);
  }
}

Failure tls_handshake_failure(const std::string& host) {
  const unsigned long code = ERR_peek_error();
  const int reason = ERR_GET_REASON(code);
  const std::string text = queue_text();
  const bool not_tls = reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST ||
                       reason == SSL_R_PACKET_LENGTH_TOO_LONG;
  if (not_tls) return fail("tls.not-tls", "tls", host + " does not speak TLS: " + text);
  return fail("tls.failed", "tls", host + ": " + text);
}

}  // namespace assay

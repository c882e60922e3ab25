#include "tests/support/certs.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <unistd.h>

#include <cctype>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <stdexcept>

namespace assay::test {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Certificate = std::unique_ptr<X509, Free>;
using File = std::unique_ptr<std::FILE, Free>;

void extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Free> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  if (extension == nullptr || X509_add_ext(certificate, extension.get(), -1) != 1) {
    throw std::runtime_error("certificate extension " + value);
  }
}

Certificate certify(const std::string& subject, EVP_PKEY* key, long serial, int from_days, int to_days) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), from_days * 86400L);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), to_days * 86400L);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(subject.c_str()), -1, -1, 0);
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

std::string names_text(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    const bool numeric =
        std::isdigit(static_cast<unsigned char>(name.front())) != 0 || name.find(':') != std::string::npos;
    text += (text.empty() ? "" : ",") + std::string(numeric ? "IP:" : "DNS:") + name;
  }
  return text;
}

void save(const std::string& path, X509* certificate) {
  const File file(std::fopen(path.c_str(), "w"));
  if (file == nullptr || PEM_write_X509(file.get(), certificate) != 1) throw std::runtime_error(path);
}

void save(const std::string& path, EVP_PKEY* key) {
  const File file(std::fopen(path.c_str(), "w"));
  if (file == nullptr || PEM_write_PrivateKey(file.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    throw std::runtime_error(path);
  }
}

}  // namespace

struct Authority::Parts {
  Key key;
  Certificate certificate;
};

Authority::Authority() : parts_(std::make_unique<Parts>()) {
  std::string pattern = std::filesystem::temp_directory_path() / "assay-certs-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
  folder_ = pattern;
  ca_ = folder_ + "/ca.pem";
  parts_->key.reset(EVP_EC_gen("P-256"));
  parts_->certificate = certify("test authority", parts_->key.get(), 1, -1, 30);
  X509* const certificate = parts_->certificate.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  extend(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
  extend(certificate, certificate, NID_key_usage, "critical,keyCertSign");
  extend(certificate, certificate, NID_subject_key_identifier, "hash");
  X509_sign(certificate, parts_->key.get(), EVP_sha256());
  save(ca_, certificate);
}

Authority::~Authority() {
  std::error_code ignored;  // a leftover in the temporary folder is no reason to fail a test
  std::filesystem::remove_all(folder_, ignored);
}

Identity Authority::issue(const std::vector<std::string>& names, int from_days, int to_days) {
  return write(names, from_days, to_days, false);
}

Identity Authority::self_signed(const std::vector<std::string>& names) { return write(names, -1, 30, true); }

Identity Authority::encrypted(const Identity& identity, const std::string& passphrase) {
  const File from(std::fopen(identity.key.c_str(), "r"));
  const Key key(from == nullptr ? nullptr : PEM_read_PrivateKey(from.get(), nullptr, nullptr, nullptr));
  const std::string path = folder_ + "/" + std::to_string(++count_) + "-encrypted.key";
  const File to(std::fopen(path.c_str(), "w"));
  if (key == nullptr || to == nullptr ||
      PEM_write_PKCS8PrivateKey(to.get(), key.get(), EVP_aes_256_cbc(), passphrase.data(),
                                static_cast<int>(passphrase.size()), nullptr, nullptr) != 1) {
    throw std::runtime_error(path);
  }
  std::filesystem::permissions(path, std::filesystem::perms::owner_read);  // as libpq wants it
  return {identity.cert, path};
}

Identity Authority::write(const std::vector<std::string>& names, int from_days, int to_days, bool by_itself) {
  const std::string stem = folder_ + "/" + std::to_string(++count_);
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate = certify(names.front(), key.get(), count_ + 1, from_days, to_days);
  X509* const issuer = by_itself ? certificate.get() : parts_->certificate.get();
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer));
  extend(certificate.get(), issuer, NID_subject_alt_name, names_text(names));
  extend(certificate.get(), issuer, NID_ext_key_usage, "serverAuth,clientAuth");
  X509_sign(certificate.get(), by_itself ? key.get() : parts_->key.get(), EVP_sha256());
  save(stem + ".pem", certificate.get());
  save(stem + ".key", key.get());
  return {stem + ".pem", stem + ".key"};
}

TlsPeer::TlsPeer(Peer& peer, const Identity& identity, const std::string& alpn, const std::string& ask_client)
    : peer_(peer), context_(SSL_CTX_new(TLS_server_method())), ssl_(nullptr), alpn_(alpn) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  if (SSL_CTX_use_certificate_chain_file(context_, identity.cert.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context_, identity.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    throw std::runtime_error("certificate of the test's server");
  }
  if (!ask_client.empty()) {
    SSL_CTX_load_verify_locations(context_, ask_client.c_str(), nullptr);
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  if (!alpn_.empty()) {
    SSL_CTX_set_alpn_select_cb(
        context_,
        [](SSL*, const unsigned char** out, unsigned char* size, const unsigned char*, unsigned, void* user) {
          const auto& chosen = *static_cast<std::string*>(user);
          *out = reinterpret_cast<const unsigned char*>(chosen.data());
          *size = static_cast<unsigned char>(chosen.size());
          return SSL_TLSEXT_ERR_OK;
        },
        &alpn_);
  }
  ssl_ = SSL_new(context_);
  SSL_set_fd(ssl_, peer_.fd());
  int done = 0;
  do {
    done = SSL_accept(ssl_);
  } while (done != 1 && wait(done));
  secure_ = done == 1;
}

TlsPeer::~TlsPeer() {
  SSL_free(ssl_);
  SSL_CTX_free(context_);
}

// The socket blocks, so a server that is taken down wakes the thread only through the client's end; tests end
// their clients first.
bool TlsPeer::wait(int result) {
  const int want = SSL_get_error(ssl_, result);
  return want == SSL_ERROR_WANT_READ || want == SSL_ERROR_WANT_WRITE;
}

std::string TlsPeer::read_some() {
  char buffer[4096];
  int got = 0;
  do {
    got = SSL_read(ssl_, buffer, sizeof buffer);
  } while (got <= 0 && wait(got));
  return got > 0 ? std::string(buffer, static_cast<std::size_t>(got)) : std::string();
}

std::string TlsPeer::read_until(std::string_view end) {
  std::string text;
  while (text.find(end) == std::string::npos) {
    const std::string more = read_some();
    if (more.empty()) break;
    text += more;
  }
  return text;
}

bool TlsPeer::write(std::string_view bytes) {
  int sent = 0;
  do {
    sent = SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
  } while (sent <= 0 && wait(sent));
  return sent == static_cast<int>(bytes.size());
}

}  // namespace assay::test

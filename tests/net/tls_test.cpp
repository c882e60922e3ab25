#include "net/tls.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/certs.h"

namespace assay::test {

TEST(TlsContexts, AnEncryptedKeyIsNamedAndNotAskedFor) {
  Authority authority;
  const Identity identity = authority.encrypted(authority.issue({"client"}), "a passphrase");
  TlsContexts contexts;
  TlsOptions options;
  options.cert = identity.cert;
  options.key = identity.key;
  for (int i = 0; i < 2; ++i) {
    const auto context = contexts.get(options);
    ASSERT_FALSE(context);
    EXPECT_EQ(context.error().code, "tls.local");
    EXPECT_NE(context.error().message.find(identity.key + ": it is encrypted"), std::string::npos)
        << context.error().message;
  }
}

TEST(TlsContexts, AKeyThatCanBeUsed) {
  Authority authority;
  const Identity identity = authority.issue({"client"});
  TlsContexts contexts;
  TlsOptions options;
  options.cert = identity.cert;
  options.key = identity.key;
  const auto context = contexts.get(options);
  ASSERT_TRUE(context) << context.error().message;
  EXPECT_EQ(contexts.get(options).value(), context.value());
  options.key = authority.issue({"another"}).key;
  const auto other = contexts.get(options);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().message.find("encrypted"), std::string::npos) << other.error().message;
}

// Opening a pipe waits for its writer; that was done under the lock of all contexts.
TEST(TlsContexts, APipeIsRefused) {
  const Authority authority;
  const std::string pipe = authority.ca() + ".pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (std::string TlsOptions::*file : {&TlsOptions::ca, &TlsOptions::cert, &TlsOptions::key}) {
    TlsContexts contexts;
    TlsOptions options;
    options.*file = pipe;
    const auto context = contexts.get(options);
    ASSERT_FALSE(context);
    EXPECT_EQ(context.error().code, "tls.local");
    EXPECT_EQ(context.error().message, "cannot use " + pipe + ": it is not a regular file");
  }
}

}  // namespace assay::test

#include "core/literals.h"

#include <gtest/gtest.h>

namespace assay {

TEST(Literals, SecretsInUrls) {
  using Found = std::vector<std::string>;
  EXPECT_EQ(secrets_in_urls("http://app:pass-word@host/x"), Found{"pass-word"});
  EXPECT_EQ(secrets_in_urls("see https://host/x?page=2&access_token=abc%20d&sig=e#token=f"),
            (Found{"abc%20d", "abc d", "e"}));
  EXPECT_EQ(secrets_in_urls("redis://:only@h:1,amqp://u:two@h"), (Found{"only", "two"}));
  EXPECT_EQ(secrets_in_urls("http://host:8080/a:b@c?q=1"), Found{});
  EXPECT_EQ(secrets_in_urls("token=abc"), Found{});
  EXPECT_EQ(secrets_in_urls("https://ghp_0123456789abcdef@github.example.org/o/r"),
            Found{"ghp_0123456789abcdef"});
  EXPECT_EQ(secrets_in_urls("https://git@host/x postgresql://a_reader_with_a_long_name@db/app"), Found{});
  EXPECT_EQ(secrets_in_urls("https://host/x?X-Amz-Signature=0f1e&X-Goog-Signature=2d"),
            (Found{"0f1e", "2d"}));
}

TEST(Literals, NamesThatSaySecret) {
  for (const char* name : {"password", "PGPASSWORD", "DB_PASS", "MYSQL_PWD", "X-Vault-Token", "Authorization",
                           "Proxy-Authorization", "Cookie", "X-Api-Key", "api-key", "apiKey",
                           "AWS_SECRET_ACCESS_KEY", "X-Auth", "secret_id", "clientSecret"}) {
    EXPECT_TRUE(says_secret(name)) << name;
  }
  for (const char* name : {"", "Accept", "COMPASS", "token_ttl", "Idempotency-Key", "key", "PGPASSFILE",
                           "author", "token_policies", "bind_secret_id_bound"}) {
    EXPECT_FALSE(says_secret(name)) << name;
  }
}

TEST(Literals, SecretsInArguments) {
  const auto found = [](const std::vector<std::string_view>& arguments) {
    std::vector<std::string> all;
    for (const ArgumentSecret& one : secrets_in_arguments(arguments))
      all.push_back(std::to_string(one.at) + " " + one.text);
    return all;
  };
  using Found = std::vector<std::string>;
  EXPECT_EQ(found({"get", "--password=x=1", "--token", "y", "PGPASSWORD=z", "-p", "w"}),
            (Found{"1 x=1", "3 y", "4 z"}));
  EXPECT_EQ(found({"--client-secret", "--verbose", "--port=5", "select pass=1", "--key-file=/k", "--token"}),
            Found{});
  EXPECT_EQ(found({"--token", "", "--token=", "token", "x", ""}), Found{});
}

}  // namespace assay

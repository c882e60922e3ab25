#include "core/redactor.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

Redactor with(const std::string& secret) {
  Redactor redactor("key of the run");
  redactor.add(Secret(secret), "{env: S}");
  return redactor;
}

void expect_gone(const Redactor& redactor, const std::string& text, const std::string& secret) {
  const std::string out = redactor.redact(text);
  EXPECT_EQ(out.find(secret), std::string::npos) << out;
  EXPECT_NE(out.find("[redacted:"), std::string::npos) << out;
}

}  // namespace

TEST(Redactor, TheSameSecretHasTheSameTokenInEveryEncoding) {
  const std::string secret = "p@ss/w\"rd'42 &x";
  const Redactor redactor = with(secret);
  const std::string token = redactor.redact(secret);
  EXPECT_TRUE(token.starts_with("[redacted:") && token.ends_with("]"));
  EXPECT_EQ(redactor.redact("a " + secret + " b"), "a " + token + " b");
  for (const std::string& form :
       {std::string("p%40ss%2Fw%22rd%2742%20%26x"), std::string("p%40ss%2fw%22rd%2742%20%26x"),
        std::string("p@ss/w\\\"rd'42 &x"), std::string("p@ss/w\"rd'\\''42 &x"),
        std::string("p@ss/w\\\\\\\"rd'42 &x"), std::string("704073732f7722726427343220267 8").erase(29, 1)}) {
    EXPECT_EQ(redactor.redact(form), token) << form;
  }
}

// base64 of the secret inside of a longer text, at each of the three shifts (RFC 4648).
TEST(Redactor, Base64AtAllThreeShifts) {
  const Redactor redactor = with("correct-horse-battery");
  expect_gone(redactor, "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5", "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5");     // alone
  expect_gone(redactor, "dTpjb3JyZWN0LWhvcnNlLWJhdHRlcnk=", "b3JyZWN0LWhvcnNlLWJhdHRlcn");   // "u:" before it
  expect_gone(redactor, "eGNvcnJlY3QtaG9yc2UtYmF0dGVyeQ==", "NvcnJlY3QtaG9yc2UtYmF0dGVye");  // "x" before it
  expect_gone(redactor,
              "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5Cg==", "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5");  // a newline after it
}

TEST(Redactor, AConnectionStringLosesOnlyItsSecret) {
  const Redactor redactor = with("hunter2-hunter2");
  const std::string out = redactor.redact("postgres://ro:hunter2-hunter2@db/app?x=1");
  EXPECT_TRUE(out.starts_with("postgres://ro:[redacted:")) << out;
  EXPECT_TRUE(out.ends_with("]@db/app?x=1")) << out;
}

// A password `app` or `postgres` must not shred a text; where the position says secret it goes.
TEST(Redactor, ShortAndCommonSecretsGoOnlyWhereThePositionSaysSecret) {
  const Redactor redactor = with("postgres");
  EXPECT_EQ(redactor.redact("the postgres server of postgresql"), "the postgres server of postgresql");
  EXPECT_EQ(redactor.redact("password=postgres").find("postgres"), std::string::npos);
  EXPECT_EQ(redactor.redact("\"password\": \"postgres\"").find("postgres"), std::string::npos);
  EXPECT_EQ(redactor.redact("requirepass postgres").find("postgres"), std::string::npos);
  const std::string url = redactor.redact("postgresql://postgres:postgres@localhost/db");
  EXPECT_TRUE(url.starts_with("postgresql://postgres:[redacted:")) << url;
  EXPECT_EQ(redactor.weak(), std::vector<std::string>{"{env: S}"});
}

TEST(Redactor, LinesOfAMultiLineSecret) {
  const Redactor redactor =
      with("-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----");
  expect_gone(redactor, "log: hkiG9w0BAQEFAASC", "hkiG9w0BAQEFAASC");
  EXPECT_EQ(redactor.redact("-----BEGIN KEY-----"), "-----BEGIN KEY-----");
}

TEST(Redactor, TreesAreRedactedInKeysAndValuesAndStayTrees) {
  const Redactor redactor = with("secret-value-1");
  Value value =
      Value::object({{"a", "x secret-value-1 y"}, {"secret-value-1", Value::Array{"secret-value-1", 3}}});
  redactor.redact(value);
  EXPECT_EQ(to_json(value).find("secret-value-1"), std::string::npos);
  EXPECT_EQ(value.members().size(), 2U);
}

TEST(Redactor, LongestSecretWins) {
  Redactor redactor("k");
  redactor.add(Secret("abcdefgh"), "short");
  redactor.add(Secret("abcdefgh-and-more"), "long");
  EXPECT_EQ(redactor.redact("abcdefgh-and-more").find("-and-more"), std::string::npos);
}

TEST(Redactor, AnotherRunHasOtherTokens) {
  Redactor one("1");
  Redactor two("2");
  one.add(Secret("secret-value-1"), "s");
  two.add(Secret("secret-value-1"), "s");
  EXPECT_NE(one.redact("secret-value-1"), two.redact("secret-value-1"));
}

}  // namespace assay

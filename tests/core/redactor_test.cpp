#include "core/redactor.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

Redactor with(const std::string& secret) {
  Redactor redactor("key of the run");
  redactor.learn(Secret(secret), "{env: S}");
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
  redactor.learn(Secret("abcdefgh"), "short");
  redactor.learn(Secret("abcdefgh-and-more"), "long");
  EXPECT_EQ(redactor.redact("abcdefgh-and-more").find("-and-more"), std::string::npos);
}

TEST(Redactor, AnotherRunHasOtherTokens) {
  Redactor one("1");
  Redactor two("2");
  one.learn(Secret("secret-value-1"), "s");
  two.learn(Secret("secret-value-1"), "s");
  EXPECT_NE(one.redact("secret-value-1"), two.redact("secret-value-1"));
}

TEST(Redactor, WeakSecretsAreNamedOnceAndOnlyThey) {
  Redactor redactor("k");
  redactor.learn(Secret("short"), "{env: A}");
  redactor.learn(Secret("postgres"), "{file: /b}");
  redactor.learn(Secret("brief"), "{env: A}");
  redactor.learn(Secret("long-enough-1"), "{env: C}");
  redactor.learn(Secret(""), "{env: D}");
  EXPECT_EQ(redactor.weak(), (std::vector<std::string>{"{env: A}", "{file: /b}"}));
}

TEST(Redactor, CredentialsAreKnownWithoutTheirScheme) {
  const Redactor bearer = with("Bearer a-token-778899");
  expect_gone(bearer, "you said a-token-778899", "a-token-778899");
  const Redactor basic = with("Basic YXBwOmh1bnRlcjItaHVudGVyMg==");  // app:hunter2-hunter2
  expect_gone(basic, "Authorization: Basic YXBwOmh1bnRlcjItaHVudGVyMg==", "YXBwOmh1bnRlcjItaHVudGVyMg");
  expect_gone(basic, "log in as app with hunter2-hunter2", "hunter2-hunter2");
}

TEST(Redactor, ThePasswordOfAConnectionStringIsKnownByItself) {
  for (const std::string dsn : {"postgresql://app:it%27s-a-secret@db:5432/app",
                                "host=db user=app password='it\\'s-a-secret' port=5432"}) {
    expect_gone(with(dsn), "the server says: it's-a-secret is wrong", "it's-a-secret");
    expect_gone(with(dsn), "dsn " + dsn, "secret");
  }
  const Redactor plain = with("user=app password=plain-secret-1 host=db");
  expect_gone(plain, "is plain-secret-1 right?", "plain-secret-1");
}

// Whoever shortens a text before it is redacted can leave half a secret at its end.
TEST(Redactor, EveryPasswordOfAConnectionStringIsKnown) {
  for (const char* text :
       {"host=db sslpassword=key-secret-1 password=plain-secret-1",
        "user=password\tpassword = plain-secret-1", "host=db\npassword='plain-secret-1'"}) {
    const Redactor redactor = with(text);
    EXPECT_EQ(redactor.redact("it is plain-secret-1").find("plain-secret-1"), std::string::npos) << text;
  }
  EXPECT_EQ(with("sslpassword=key-secret-1 password=x").redact("a key-secret-1").find("key-secret-1"),
            std::string::npos);
}

TEST(Redactor, TheBeginningOfASecretGoesWhereATextWasCut) {
  const Redactor redactor = with("correct-horse-battery");
  const std::string token = redactor.redact("correct-horse-battery");
  EXPECT_EQ(redactor.redact("it is correct-hor…"), "it is " + token + "…");
  EXPECT_EQ(redactor.redact("it is correct-hor… (42501)"), "it is " + token + "… (42501)");
  EXPECT_EQ(redactor.redact("one corr… two correct-horse-b…"), "one " + token + "… two " + token + "…");
  EXPECT_EQ(redactor.redact("it is correct-hor"), "it is correct-hor");
  Value seen =
      Value::object({{"body", Value::object({{"truncated", true}, {"bytes", 99}, {"head", "x correct-ho"}})},
                     {"head", "x correct-ho"}});
  redactor.redact(seen);
  EXPECT_EQ(*seen.find("body")->find("head"), Value("x " + token));
  EXPECT_EQ(*seen.find("head"), Value("x correct-ho"));
}

TEST(Redactor, AWeakSecretThatIsLearntLaterIsNamedToo) {
  const Redactor first = with("correct-horse-battery");
  const Redactor copy = first;
  EXPECT_EQ(copy.weak(), std::vector<std::string>());
  first.learn(Secret("tiny"), "a password");
  first.learn(Secret("tiny"), "a password");
  EXPECT_EQ(copy.weak(), std::vector<std::string>{"a password"});
  EXPECT_EQ(first.weak(), copy.weak());
  expect_gone(copy, "password=tiny", "tiny");
}

// Credentials of a cluster are renewed while checks run, each of which has the redactor's copy.
TEST(Redactor, WhatIsLearntLaterIsKnownToEveryCopy) {
  const Redactor first = with("correct-horse-battery");
  const Redactor copy = first;
  first.learn(Secret("renewed-token-1"), "a token");
  first.learn(Secret("renewed-token-2"), "a token");
  for (const Redactor& one : {first, copy, Redactor(copy)}) {
    for (const char* secret : {"correct-horse-battery", "renewed-token-1", "renewed-token-2"})
      expect_gone(one, std::string("a ") + secret, secret);
    Value value = Value::object({{"head", "renewed-tok"}, {"truncated", true}});
    one.redact(value);
    EXPECT_EQ(value.get("head").find("renewed"), std::string::npos) << value.get("head");
  }
}

}  // namespace assay

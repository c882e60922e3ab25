#include "net/scram.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

// The exchange of RFC 7677, section 3.
constexpr const char* kNonce = "rOprNGfwEbeRWgbNEkqO";
constexpr const char* kServerFirst =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

ScramClient client(const std::string& password = "pencil") {
  return ScramClient(ScramHash::sha256, "user", Secret(password), kNonce);
}

std::string code(const Result<void>& result) { return result ? "" : result.error().code; }
std::string code(const Result<std::string>& result) { return result ? "" : result.error().code; }

}  // namespace

TEST(Scram, SpeaksTheExampleOfTheStandard) {
  ScramClient scram = client();
  EXPECT_EQ(scram.first(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  const auto answer = scram.answer(kServerFirst);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(*answer,
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
            "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  EXPECT_TRUE(scram.verify("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
}

TEST(Scram, AnotherPasswordGivesAnotherProofAndDoubtsTheServer) {
  ScramClient scram = client("pen");
  const auto answer = scram.answer(kServerFirst);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->find("dHzbZapW"), std::string::npos);
  EXPECT_EQ(code(scram.verify("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")), "auth.denied");
}

TEST(Scram, EscapesTheNameAndTakesTheLongerHash) {
  ScramClient scram(ScramHash::sha512, "a=b,c", Secret("x"), kNonce);
  EXPECT_EQ(scram.first(), "n,,n=a=3Db=2Cc,r=rOprNGfwEbeRWgbNEkqO");
  const auto answer = scram.answer(kServerFirst);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->size() - answer->find("p=") - 2, 88U);  // 64 bytes in base64
}

TEST(Scram, RefusesWhatAnHonestServerDoesNotSend) {
  for (const char* first :
       {"", "r=rOprNGfwEbeRWgbNEkqOx", "r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        "r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "r=rOprNGfwEbeRWgbNEkqOx,s=@,i=4096",
        "r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=0", "r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=2000000000",
        "r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=4096x"}) {
    ScramClient scram = client();
    EXPECT_EQ(code(scram.answer(first)), "protocol.invalid") << first;
  }
  ScramClient scram = client();
  ASSERT_TRUE(scram.answer(kServerFirst));
  EXPECT_EQ(code(scram.verify("v=6rri")), "auth.denied");
  EXPECT_EQ(code(scram.verify("v=?")), "protocol.invalid");
  EXPECT_EQ(code(scram.verify("")), "protocol.invalid");
}

TEST(Scram, PassesOnTheServersError) {
  ScramClient scram = client();
  const auto answer = scram.answer("e=unknown-user");
  EXPECT_EQ(code(answer), "auth.denied");
  EXPECT_NE(answer.error().message.find("unknown-user"), std::string::npos);
}

}  // namespace assay

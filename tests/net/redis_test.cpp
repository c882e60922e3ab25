#include "net/redis.h"

#include <gtest/gtest.h>

#include "net/resp.h"

namespace assay::test {
namespace {

// Feeds `wire` in portions of `portion` bytes; the replies as JSON, or the code at the end.
std::string parse(std::string_view wire, std::size_t portion, RespLimits limits = {}) {
  RespParser parser(limits);
  std::string out;
  while (true) {
    const std::string_view part = wire.substr(0, portion);
    wire.remove_prefix(part.size());
    auto one = parser.next(part);
    while (one && *one) {
      out += ((*one)->is_error ? "!" : "") + to_json((*one)->value) + " ";
      one = parser.next({});
    }
    if (!one) return out + one.error().code;
    if (wire.empty()) return out + (parser.pending() ? "pending" : "");
  }
}

TEST(Resp, ReadsEveryTypeInAnyPortions) {
  constexpr std::string_view kWire =
      "+PONG\r\n:42\r\n$5\r\na\r\nbc\r\n$-1\r\n*-1\r\n*0\r\n*3\r\n+a\r\n*2\r\n:-1\r\n-ERR "
      "no\r\n$0\r\n\r\n-ERR bad\r\n";
  const std::string expected =
      R"("PONG" 42 "a\r\nbc" null null [] ["a",[-1,{"error":"ERR no"}],""] !"ERR bad" )";
  for (const std::size_t portion : {1U, 2U, 3U, 7U, 1000U})
    EXPECT_EQ(parse(kWire, portion), expected) << portion;
}

TEST(Resp, RefusesWhatIsNoReply) {
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\n", 5), "protocol.invalid");
  EXPECT_EQ(parse("*9999999999999999999\r\n", 5), "protocol.invalid");
  EXPECT_EQ(parse("$-5\r\n", 5), "protocol.invalid");
  EXPECT_EQ(parse("%1\r\n+a\r\n+b\r\n", 5), "protocol.invalid");  // a map of RESP3
  EXPECT_EQ(parse("+a\r\n\x15\x03\x01", 50), "\"a\" protocol.invalid");
}

TEST(Resp, TakesNothingAfterAnError) {
  RespParser parser;
  EXPECT_FALSE(parser.next("?\r\n"));
  const auto again = parser.next("+OK\r\n");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, "protocol.invalid");
}

TEST(Resp, BoundsDepth) {
  std::string wire;
  for (int i = 0; i < 7; ++i) wire += "*1\r\n";
  EXPECT_EQ(parse(wire + ":1\r\n", 1000), "[[[[[[[1]]]]]]] ");
  EXPECT_EQ(parse(wire + "*1\r\n*1\r\n:1\r\n", 1000), "protocol.invalid");
  for (int i = 0; i < 100'000; ++i) wire += "*1\r\n";
  EXPECT_EQ(parse(wire, 1000), "protocol.invalid");
}

TEST(Resp, BoundsBytes) {
  const std::string line = "+" + std::string(100, 'x');
  EXPECT_EQ(parse(line, 10, {50, 10}), "protocol.too-large");
  EXPECT_EQ(parse("$100000000\r\n" + std::string(1000, 'x'), 10, {500, 10}), "protocol.too-large");
  EXPECT_EQ(parse(line + "\r\n", 1000, {200, 10}), "\"" + std::string(100, 'x') + "\" ");
}

TEST(Resp, TheBudgetIsForEachReply) {
  std::string wire;
  for (int i = 0; i < 100; ++i) wire += "+0123456789\r\n";
  std::string expected;
  for (int i = 0; i < 100; ++i) expected += "\"0123456789\" ";
  EXPECT_EQ(parse(wire, 13, {50, 10}), expected);
}

TEST(Resp, BoundsValuesAndReservesNothingForAnnouncedOnes) {
  EXPECT_EQ(parse("*2147483647\r\n:1\r\n", 1000), "pending");
  std::string wire = "*1000\r\n";
  for (int i = 0; i < 1000; ++i) wire += ":1\r\n";
  EXPECT_EQ(parse(wire, 100, {1 << 20, 999}), "protocol.too-large");
}

TEST(Resp, WritesCommandsAsBulkStrings) {
  const std::string_view words[] = {"SET", "k", "", std::string_view("a\r\n\0b", 5)};
  EXPECT_EQ(resp_command(words).reveal(),
            std::string("*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n$5\r\na\r\n") + '\0' + "b\r\n");
}

TEST(RedisFailure, NamesTheFirstWord) {
  const auto code = [](std::string_view text, std::string_view phase = "request") {
    return redis_failure(text, phase).value().code;
  };
  EXPECT_EQ(code("NOAUTH Authentication required."), "auth.required");
  EXPECT_EQ(code("WRONGPASS invalid username-password pair or user is disabled."), "auth.denied");
  EXPECT_EQ(code("NOPERM this user has no permissions to run the 'set' command"), "auth.denied");
  EXPECT_EQ(code("LOADING Redis is loading the dataset in memory"), "redis.loading");
  EXPECT_EQ(code("READONLY You can't write against a read only replica."), "redis.read-only");
  EXPECT_EQ(code("MISCONF Redis is configured to save RDB snapshots"), "redis.error");
  EXPECT_EQ(code("ERR AUTH <password> called without any password configured", "auth"), "auth.denied");
  EXPECT_EQ(code("ERR AUTH <password> called without any password configured"), "redis.error");
  EXPECT_EQ(code(""), "redis.error");
}

}  // namespace
}  // namespace assay::test

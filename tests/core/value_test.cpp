#include "core/value.h"

#include <gtest/gtest.h>

#include "core/utf8.h"

namespace assay {

TEST(Value, EqualityIsTypedAndIgnoresTheOrderOfMembers) {
  EXPECT_EQ(Value::object({{"a", 1}, {"b", "x"}}), Value::object({{"b", "x"}, {"a", 1}}));
  EXPECT_FALSE(Value(true) == Value("true"));
  EXPECT_FALSE(Value(1) == Value(1.0));
  EXPECT_FALSE(Value::array() == Value::object());
}

TEST(Json, ReadsAndWritesBack) {
  const std::string text = R"({"a":[1,-2.5,true,null,"x\n\"\\"],"b":{"c":9007199254740993}})";
  const auto value = parse_json(text);
  ASSERT_TRUE(value) << value.error().message;
  EXPECT_EQ(to_json(*value), text);
}

TEST(Json, ARepeatedKeyTakesTheLastValue) {
  const auto value = parse_json(R"({"a":1,"b":2,"a":3})");
  ASSERT_TRUE(value);
  EXPECT_EQ(value->get_int("a"), 3);
  EXPECT_EQ(value->members().size(), 2U);
}

TEST(Json, RefusesWhatIsNotJson) {
  for (const char* text : {"", "{", "[1,]", "{\"a\" 1}", "tru", "1 2", "\"\x01\"", "nan"}) {
    EXPECT_FALSE(parse_json(text)) << text;
  }
}

TEST(Json, BoundsTheDepth) {
  EXPECT_FALSE(parse_json(std::string(100000, '[')));
  EXPECT_TRUE(parse_json(std::string(100, '[') + std::string(100, ']')));
}

TEST(Json, ARecordMayBeDeeperThanWhatItWraps) {
  const auto nested = [](int depth) {
    const auto count = static_cast<std::size_t>(depth);
    return std::string(count, '[') + std::string(count, ']');
  };
  EXPECT_TRUE(parse_json(nested(kForeignDepth)));
  EXPECT_FALSE(parse_json(nested(kForeignDepth + 1)));
  EXPECT_TRUE(parse_json(nested(kRecordDepth), kRecordDepth));
  EXPECT_FALSE(parse_json(nested(kRecordDepth + 1), kRecordDepth));
}

TEST(Json, InvalidUtf8AndControlCharactersAreMadeSafe) {
  EXPECT_EQ(to_json(Value(std::string("a\xff\x1b[0m"))), "\"a\xEF\xBF\xBD\\u001b[0m\"");
}

TEST(Utf8, PrintableShowsControlCharacters) {
  EXPECT_EQ(printable("ok\x1b[31mred\x07\xc2\x9b"
                      "2J\xff"),
            "ok\\x1b[31mred\\x07\\xc2\\x9b2J\\xff");
  EXPECT_EQ(printable("äß\n\t"), "äß\n\t");
}

TEST(Utf8, RefusesOverlongAndSurrogates) {
  EXPECT_EQ(utf8_length("\xc0\x80"), 0U);
  EXPECT_EQ(utf8_length("\xed\xa0\x80"), 0U);
  EXPECT_EQ(utf8_length("\xf4\x90\x80\x80"), 0U);
  EXPECT_EQ(utf8_length("\xf0\x9f\x98\x80"), 4U);
}

TEST(Utf8, ShortenCutsAtACharacter) { EXPECT_EQ(shorten("aäö", 2), "a…"); }

}  // namespace assay

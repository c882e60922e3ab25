#include "core/yaml.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

std::string problem(std::string_view text, const YamlLimits& limits = {}) {
  const auto parsed = parse_yaml(text, 1, limits);
  return parsed ? "" : std::to_string(parsed.error().mark.line) + ":" + parsed.error().message;
}

}  // namespace

TEST(Yaml, ScalarsFollowTheCoreSchema) {
  const auto value =
      parse_yaml("{a: true, b: yes, c: 12, d: -1.5, e: ~, f: '12', g: no, h: on, i: 1:20, j: 1_000, k: }", 0);
  ASSERT_TRUE(value);
  EXPECT_EQ(
      to_json(*value),
      R"({"a":true,"b":"yes","c":12,"d":-1.5,"e":null,"f":"12","g":"no","h":"on","i":"1:20","j":"1_000","k":null})");
}

TEST(Yaml, NumbersThatDoNotReadBackMustBeQuoted) {
  for (const char* text :
       {"1.10", "0644", "0x1f", "0o17", "+5", "1e3", "1.0e1", ".5", "123456789012345678901"}) {
    EXPECT_NE(problem(text).find(text), std::string::npos) << text;
    EXPECT_EQ(problem("'" + std::string(text) + "'"), "") << text;
  }
  EXPECT_EQ(problem("1.5"), "");
}

TEST(Yaml, EveryNodeHasItsPlace) {
  const auto value = parse_yaml("a: 1\nb:\n  - x\n  - {c: y}\n", 7);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->members()[1].mark.line, 2U);
  const Value& item = value->find("b")->items()[1];
  EXPECT_EQ(item.mark.file, 7U);
  EXPECT_EQ(item.mark.line, 4U);
  EXPECT_EQ(item.find("c")->mark.column, 9U);
}

TEST(Yaml, WhatIsRefused) {
  EXPECT_EQ(problem("a: 1\nb: 2\na: 3"), "3:the key a stands twice (first on line 1)");
  EXPECT_NE(problem("a: 1\n---\nb: 2").find("second document"), std::string::npos);
  EXPECT_NE(problem("x: {<<: *a}").find("1:"), std::string::npos);
  EXPECT_NE(problem("a: &a {b: 1}\nc: {<<: *a}").find("merge keys"), std::string::npos);
  EXPECT_NE(problem("a: !!python/object x").find("tag"), std::string::npos);
  EXPECT_NE(problem("a: [1, 2").find("not YAML"), std::string::npos);
  EXPECT_NE(problem("\ta: 1"), "");
  EXPECT_NE(problem("a: \xff").find("UTF-8"), std::string::npos);
  EXPECT_NE(problem(std::string("a: \x01")).find("control"), std::string::npos);
  EXPECT_NE(problem("? [a]\n: 1").find("key must be a text"), std::string::npos);
}

TEST(Yaml, WhatIsOlderThanYaml12IsRefused) {
  EXPECT_EQ(problem("a: 1\r\nb: 2\r\n"), "");
  for (const char* text : {"a: 1\rb: 2", "a: \"x\u0085y\"", "a: x\u2028y", "a: x\u2029y"}) {
    EXPECT_NE(problem(text).find("line break"), std::string::npos) << text;
  }
}

TEST(Yaml, AliasesNameTheirAnchors) {
  const auto value = parse_yaml("a: &x [1, &y two]\nb: *x\nc: *y\nd: &x 3\ne: *x", 0);
  ASSERT_TRUE(value);
  EXPECT_EQ(to_json(*value), R"({"a":[1,"two"],"b":[1,"two"],"c":"two","d":3,"e":3})");
  EXPECT_NE(problem("a: &x 1\nb: &x [*x]").find("2:an alias inside"), std::string::npos);
  EXPECT_NE(problem("a: *x").find("anchor x"), std::string::npos);
}

TEST(Yaml, KeysThatStandTwiceAreFoundInLargeMapsToo) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "k" + std::to_string(i) + ": 1\n";
  EXPECT_EQ(problem(text), "");
  EXPECT_EQ(problem(text + "k7: 1\n"), "101:the key k7 stands twice (first on line 8)");
  EXPECT_EQ(problem(text + "k50: 1\n"), "101:the key k50 stands twice (first on line 51)");
}

TEST(Yaml, BillionLaughsAreBounded) {
  std::string text = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c < 'k'; ++c) {
    text += std::string(1, c) + ": &" + c + " [";
    for (int i = 0; i < 9; ++i) text += std::string(i != 0 ? ", *" : "*") + static_cast<char>(c - 1);
    text += "]\n";
  }
  EXPECT_NE(problem(text).find("nodes"), std::string::npos);
}

TEST(Yaml, DepthAndSizeAreBounded) {
  std::string nested;
  for (int i = 0; i < 5000; ++i) nested += "- ";
  EXPECT_NE(problem(nested + "x").find("deeper"), std::string::npos);
  EXPECT_NE(problem(std::string(5000, '[')), "");
  EXPECT_NE(problem(std::string(2000, 'a'), {1000, 1000, 64}).find("2000 bytes"), std::string::npos);
}

TEST(Yaml, AnEmptyFileIsNull) {
  const auto value = parse_yaml("# only a comment\n", 0);
  ASSERT_TRUE(value);
  EXPECT_TRUE(value->is_null());
}

}  // namespace assay

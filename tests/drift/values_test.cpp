#include <gtest/gtest.h>

#include "drift/image.h"
#include "drift/quantity.h"
#include "drift/schema.h"

namespace assay::drift {
namespace {

bool same(std::string_view a, std::string_view b) { return same_quantity(Node::of(a), Node::of(b)); }

TEST(Quantity, IsTheSameNumberInAnyNotation) {
  for (const auto& [a, b] : {std::pair{"1000M", "1G"},
                             {"1000m", "1"},
                             {"0.5", "500m"},
                             {".5", "500m"},
                             {"5.", "5"},
                             {"1Gi", "1024Mi"},
                             {"1e3", "1k"},
                             {"1E3", "1k"},
                             {"1E+3", "1k"},
                             {"5e-1", "500m"},
                             {"1E", "1000P"},
                             {"1.5Gi", "1536Mi"},
                             {"+1", "1"},
                             {"-1", "-1000m"},
                             {"0", "0Mi"},
                             {"-0", "0"},
                             {"1u", "1000n"},
                             {"0.1n", "1n"},
                             {"1.0000000001", "1.000000001"},
                             {"12Ei", "13835058055282163712"},
                             {"0001", "1"},
                             {"100u", "0.1m"}})
    EXPECT_TRUE(same(a, b)) << a << " " << b;
  EXPECT_TRUE(same_quantity(Node::of(std::int64_t{1073741824}), Node::of(std::string_view("1Gi"))));
  EXPECT_TRUE(same_quantity(Node::of(0.5), Node::of(std::string_view("500m"))));
}

TEST(Quantity, OtherNumbersDiffer) {
  for (const auto& [a, b] :
       {std::pair{"1G", "1Gi"}, {"1m", "1M"}, {"1", "-1"}, {"1000000001n", "1"}, {"1k", "1Ki"}})
    EXPECT_FALSE(same(a, b)) << a << " " << b;
}

TEST(Quantity, WhatIsNoneIsRefused) {
  for (const auto* text :
       {"", "-", ".", "1ki", "1KI", "1 Gi", "1GiB", "Gi", "1e", "1e3.5", "1e3k", "1..2", "0x10", "1_000",
        "1e99", "--1", "99999999999999999999999999999999999999999", "1e+-3"})
    EXPECT_FALSE(parse_quantity(text)) << text;
  EXPECT_FALSE(same("one", "one")) << "no number, so nothing is known of it";
}

TEST(Scalars, DurationsTimesAndBytesAreComparedByWhatTheyMean) {
  EXPECT_TRUE(same_duration("90s", "1m30s"));
  EXPECT_TRUE(same_duration("1.5h", "1h30m0s"));
  EXPECT_TRUE(same_duration("1500ms", "1.5s"));
  EXPECT_TRUE(same_duration("0", "0s"));
  EXPECT_TRUE(same_duration("-1m", "-60s"));
  EXPECT_TRUE(same_duration("1\xC2\xB5s", "1us"));
  EXPECT_FALSE(same_duration("1m", "1ms"));
  EXPECT_FALSE(same_duration("90", "90")) << "no unit";
  EXPECT_FALSE(same_duration("", ""));
  EXPECT_TRUE(same_time("2026-01-02T03:04:05Z", "2026-01-02T04:04:05+01:00"));
  EXPECT_TRUE(same_time("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000Z"));
  EXPECT_FALSE(same_time("2026-01-02T03:04:05Z", "2026-01-02T03:04:06Z"));
  EXPECT_FALSE(same_time("yesterday", "yesterday"));
  EXPECT_TRUE(same_bytes("aGVsbG8gd29ybGQ=", "aGVsbG8g\nd29ybGQ=\n"));
  EXPECT_FALSE(same_bytes("aGVsbG8=", "aGVsbG8h"));
}

TEST(Scalars, ATypeComparesOnlyWhatFitsIt) {
  const auto of = [](Type::Form form) {
    Type type;
    type.form = form;
    return type;
  };
  const auto text = [](std::string_view value) { return Node::of(value); };
  const auto port = of(Type::Form::int_or_string);
  EXPECT_TRUE(same_scalar(&port, Node::of(std::int64_t{8080}), text("8080")));
  EXPECT_FALSE(same_scalar(&port, Node::of(std::int64_t{8080}), text("8081")));
  EXPECT_FALSE(same_scalar(&port, Node::of(true), text("true")));
  const auto plain = of(Type::Form::text);
  EXPECT_FALSE(same_scalar(&plain, Node::of(std::int64_t{8080}), text("8080")));
  EXPECT_FALSE(same_scalar(&plain, text("1Gi"), text("1024Mi"))) << "a text is no quantity";
  EXPECT_FALSE(same_scalar(nullptr, text("1Gi"), text("1024Mi"))) << "nothing is known";
  EXPECT_TRUE(same_scalar(nullptr, Node::of(std::int64_t{1}), Node::of(1.0)));
  const auto quantity = of(Type::Form::quantity);
  EXPECT_TRUE(same_scalar(&quantity, text("many"), text("many"))) << "what does not fit is compared exactly";
  EXPECT_FALSE(same_scalar(&quantity, text("many"), text("few")));
}

TEST(Image, IsPulledAlwaysOnlyWithoutAFixedTag) {
  for (const auto* image : {"a", "a:latest", "r.example:5000/a/b", "r.example:5000/a/b:latest", "R.example/a",
                            "localhost/a", "a__b"})
    EXPECT_EQ(pull_policy(image), "Always") << image;
  const std::string digest = "@sha256:4a1c4b21597c1b4415bdbecb28a3296c6b5e23ca4f9feeb599860a1dac6a0108";
  EXPECT_EQ(pull_policy("a:latest" + digest), "Always");
  EXPECT_EQ(pull_policy("a" + digest), "IfNotPresent");
  for (const auto* image :
       {"a:1", "r.example/a:1.2-b_c", "", "A", "a:", "a b", "a@sha256:short", "a/", "a___b", "a:latest/b:1"})
    EXPECT_EQ(pull_policy(image), "IfNotPresent") << image;
}

}  // namespace
}  // namespace assay::drift

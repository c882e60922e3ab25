#include "drift/tree.h"

#include <gtest/gtest.h>

#include <array>

namespace assay::drift {
namespace {

TEST(Arena, GivesAlignedMemoryAndKeepsALittleOfIt) {
  Arena arena;
  const auto text = arena.keep("abc");
  EXPECT_EQ(text, "abc");
  auto* numbers = arena.array<std::int64_t>(10'000);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(numbers) % alignof(std::int64_t), 0U);
  numbers[9'999] = 1;
  EXPECT_EQ(text, "abc") << "a large piece does not disturb what is there";
  for (int i = 0; i < 100; ++i) arena.array<std::byte>(1U << 20);
  EXPECT_GE(arena.bytes(), 100U << 20);
  arena.reset(1U << 20);
  EXPECT_LE(arena.bytes(), 1U << 20);
  const auto held = arena.bytes();
  arena.keep("again");
  EXPECT_EQ(arena.bytes(), held);
}

TEST(Node, FindsSetsAndErasesMembers) {
  Arena arena;
  std::array entries{Entry{"a", Node::of(std::int64_t{1})}, Entry{"c", Node::of(std::string_view("x"))}};
  auto map = Node::map(entries);
  ASSERT_NE(map.find("c"), nullptr);
  EXPECT_EQ(map.text_at("c"), "x");
  EXPECT_EQ(map.find("b"), nullptr);
  set_member(map, "b", Node::of(true), arena);
  set_member(map, "a", Node::of(2.5), arena);
  EXPECT_EQ(to_json(map), R"({"a":2.5,"b":true,"c":"x"})");
  EXPECT_TRUE(erase_member(map, "a"));
  EXPECT_FALSE(erase_member(map, "a"));
  EXPECT_EQ(to_json(map), R"({"b":true,"c":"x"})");
}

TEST(Node, ACopyStandsAlone) {
  Arena arena;
  std::array items{Node::of(std::int64_t{1})};
  std::array entries{Entry{"list", Node::list(items)}};
  const auto original = Node::map(entries);
  const auto copy = copy_tree(original, arena);
  EXPECT_TRUE(same_tree(original, copy));
  copy.find("list")->items()[0] = Node::of(1.0);
  EXPECT_TRUE(same_tree(original, copy)) << "1 and 1.0 are one number";
  copy.find("list")->items()[0] = Node();
  EXPECT_FALSE(same_tree(original, copy));
  EXPECT_EQ(original.find("list")->items()[0].integer(), 1);
}

}  // namespace
}  // namespace assay::drift

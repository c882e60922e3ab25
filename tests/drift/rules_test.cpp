#include "drift/rules.h"

#include <gtest/gtest.h>

#include <thread>

#include "core/yaml.h"

namespace assay::drift {
namespace {

constexpr std::string_view kToday = "2026-11-03";

tl::expected<DriftRules, Problems> parse(std::string_view yaml) {
  const auto value = parse_yaml(yaml, 1);
  EXPECT_TRUE(value) << (value ? "" : value.error().message);
  return DriftRules::parse(*value, "rules.yaml", kToday);
}

DriftRules rules(std::string_view yaml) {
  auto parsed = parse(yaml);
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().front().message);
  return parsed ? std::move(*parsed) : DriftRules();
}

std::string problem(std::string_view yaml) {
  const auto parsed = parse(yaml);
  if (parsed) return "";
  const auto& first = parsed.error().front();
  return std::to_string(first.mark.line) + ":" + std::to_string(first.mark.column) + " " + first.message;
}

const ObjectId kWeb{"apps/v1", "Deployment", "shop", "web-1"};
constexpr const char* kImage = "/spec/template/spec/containers/name=web/image";

bool matches(const DriftRules& rules, std::string_view pointer = kImage, const ObjectId& id = kWeb,
             const std::vector<const Owner*>& owners = {}, Node object = {}) {
  return rules.match(id, object, pointer, owners) != nullptr;
}

TEST(DriftRules, AllThatIsGivenMustHold) {
  const auto some = rules("- {kind: Deployment, name: 'web-*', namespace: shop, reason: r}");
  EXPECT_TRUE(matches(some));
  EXPECT_FALSE(matches(some, kImage, {"apps/v1", "Deployment", "shop", "api"}));
  EXPECT_FALSE(matches(some, kImage, {"apps/v1", "Deployment", "other", "web-1"}));
  EXPECT_FALSE(matches(some, kImage, {"apps/v1", "StatefulSet", "shop", "web-1"}));
  EXPECT_TRUE(matches(rules("- {kind: apps/Deployment, reason: r}")));
  EXPECT_FALSE(matches(rules("- {kind: batch/Deployment, reason: r}")));
  EXPECT_TRUE(matches(rules("- {kind: '*Set', reason: r}"), kImage, {"apps/v1", "StatefulSet", "", "x"}));
}

TEST(DriftRules, APathCoversWhatLiesUnderIt) {
  EXPECT_TRUE(matches(rules("- {path: /spec/template/spec/containers/name=*/image, reason: r}")));
  EXPECT_TRUE(matches(rules("- {path: /spec/template/spec/containers/name=web, reason: r}")));
  EXPECT_FALSE(matches(rules("- {path: /spec/template/spec/containers/name=web/image/x, reason: r}")));
  EXPECT_FALSE(matches(rules("- {path: /spec/template/spec/containers/name=w, reason: r}")));
  EXPECT_TRUE(matches(rules("- {path: /spec/**/image, reason: r}")));
  EXPECT_TRUE(matches(rules("- {path: '/**/name=web/**', reason: r}")));
  EXPECT_FALSE(matches(rules("- {path: '/**/name=api/**/image', reason: r}")));
  EXPECT_FALSE(matches(rules("- {path: '/*/image', reason: r}")));
  EXPECT_TRUE(matches(rules("- {path: '/metadata/annotations/example.com~1*', reason: r}"),
                      "/metadata/annotations/example.com~1checksum"));
}

TEST(DriftRules, ByManagerAndLabel) {
  const Owner flux{"flux-image", "Apply", "", "", {}};
  const Owner helm{"helm", "Apply", "", "", {}};
  const auto by_manager = rules("- {manager: 'flux*', reason: r}");
  EXPECT_TRUE(matches(by_manager, kImage, kWeb, {&helm, &flux}));
  EXPECT_FALSE(matches(by_manager, kImage, kWeb, {&helm}));
  EXPECT_FALSE(matches(by_manager));
  Entry label[] = {{"app", Node::of(std::string_view("web"))}};
  Entry labels[] = {{"labels", Node::map(label)}};
  Entry metadata[] = {{"metadata", Node::map(labels)}};
  const auto by_label = rules("- {labels: {app: w*}, reason: r}");
  EXPECT_TRUE(matches(by_label, kImage, kWeb, {}, Node::map(metadata)));
  EXPECT_FALSE(matches(by_label));
  EXPECT_FALSE(matches(rules("- {labels: {tier: w*}, reason: r}"), kImage, kWeb, {}, Node::map(metadata)));
}

TEST(DriftRules, WholeObjectsAndFieldsAreApart) {
  const auto whole = rules("- {kind: Deployment, object: true, reason: r}");
  EXPECT_NE(whole.match_object(kWeb, {}), nullptr);
  EXPECT_FALSE(matches(whole));
  EXPECT_EQ(rules("- {kind: Deployment, reason: r}").match_object(kWeb, {}), nullptr);
}

TEST(DriftRules, TheFirstInTheFileWins) {
  const auto some = rules(
      "- {name: nobody, reason: one}\n- {name: web-1, reason: two}\n- {kind: Deployment, reason: three}\n"
      "- {reason: four, namespace: shop}\n");
  const auto* found = some.match(kWeb, {}, kImage, {});
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->reason, "two");
  EXPECT_EQ(found->place, "rules.yaml:2");
  const auto other = rules("- {kind: Deployment, reason: one}\n- {name: web-1, reason: two}");
  EXPECT_EQ(other.match(kWeb, {}, kImage, {})->reason, "one");
}

TEST(DriftRules, WhatMatchedNothingIsTold) {
  const auto some = rules(
      "- {kind: Deployment, reason: used}\n- {kind: Pod, reason: left over}\n"
      "- {kind: Deployment, reason: old, until: 2026-11-02}\n"
      "- {kind: Job, reason: today, until: 2026-11-03}");
  EXPECT_TRUE(matches(some));
  EXPECT_EQ(some.unmatched(), (std::vector<std::string>{"rules.yaml:2: matched nothing: left over",
                                                        "rules.yaml:3: expired after 2026-11-02: old",
                                                        "rules.yaml:4: matched nothing: today"}));
}

TEST(DriftRules, AnExpiredRuleMatchesNothing) {
  EXPECT_FALSE(matches(rules("- {kind: Deployment, reason: old, until: 2026-11-02}")));
  EXPECT_TRUE(matches(rules("- {kind: Deployment, reason: old, until: 2026-11-03}")));
}

// Case 29: with rules for /a/0 and /a/1, removing one shifted the other.
TEST(DriftRules, Case29AListElementIsNeverNamedByItsPosition) {
  EXPECT_EQ(problem("- {path: /spec/template/spec/containers/0/image, reason: r}").substr(0, 10),
            "1:10 the s");
  EXPECT_NE(problem("- {path: /spec/tolerations/12, reason: r}"), "");
  EXPECT_EQ(problem("- {path: '/spec/tolerations/*/key', reason: r}"), "");
  EXPECT_EQ(problem("- {path: /data/8080, reason: r}"), "");
  // One element gone, the other rule still means what it meant.
  const auto some =
      rules("- {path: /spec/ports/port=80, reason: r}\n- {path: /spec/ports/port=81, reason: s}");
  EXPECT_EQ(some.match(kWeb, {}, "/spec/ports/port=81/targetPort", {})->reason, "s");
}

TEST(DriftRules, SaysWhatIsWrongWithAFile) {
  EXPECT_EQ(problem("- {kind: Pod}"), "1:3 a rule needs a `reason`");
  EXPECT_EQ(problem("- kind: Pod\n  reason: ''"), "2:11 `reason` is a text, this is an empty one");
  EXPECT_EQ(problem("- {kind: Pod, reason: r, until: 2026-02-30}"),
            "1:33 `until` is a date (YYYY-MM-DD), \"2026-02-30\" is none");
  EXPECT_EQ(problem("- {kind: Pod, reason: r, untill: x}").substr(0, 29), "1:26 a rule has no `untill`; ");
  EXPECT_EQ(problem("- reason: all of it").substr(0, 31), "1:3 a rule that selects nothing");
  EXPECT_EQ(problem("- {path: spec/x, reason: r}").substr(0, 9), "1:10 `pat");
  EXPECT_EQ(problem("- {path: //x, reason: r}"), "1:10 `path` has an empty step");
  EXPECT_NE(problem("- {kind: Pod, object: true, path: /x, reason: r}"), "");
  EXPECT_NE(problem("- {kind: Pod, object: 'true', reason: r}"), "");
  EXPECT_NE(problem("- {labels: {a: 1}, reason: r}"), "");
  EXPECT_EQ(problem("a: b").substr(0, 24), "1:1 rules are a list, th");
  EXPECT_NE(problem("- text"), "");
  // All of them, not only the first.
  EXPECT_EQ(parse("- {kind: Pod}\n- {kind: Job}").error().size(), 2U);
}

TEST(DriftRules, APointersTildeIsEscaped) {
  for (const auto* path : {"/data/a~2b", "/data/~x", "/data/a~", "/data/~0~/y"})
    EXPECT_NE(problem(std::string("- {path: ") + path + ", reason: r}").find("~0 in a JSON pointer"),
              std::string::npos)
        << path;
  EXPECT_EQ(problem("- {path: /data/a~1b~0c, reason: r}"), "");
}

TEST(DriftRules, ManyThreadsMayMatch) {
  const auto some = rules("- {kind: Deployment, path: '/**/image', reason: r}\n- {kind: Pod, reason: s}");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 1000; ++j) EXPECT_TRUE(matches(some));
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(some.unmatched().size(), 1U);
}

TEST(Glob, Stars) {
  EXPECT_TRUE(matches_glob("*", ""));
  EXPECT_TRUE(matches_glob("a*b*c", "axxbyyc"));
  EXPECT_TRUE(matches_glob("a*a", "aa"));
  EXPECT_FALSE(matches_glob("a*a", "a"));
  EXPECT_FALSE(matches_glob("", "a"));
  EXPECT_TRUE(matches_glob("**", "ab"));
  // No pattern makes it slow.
  EXPECT_FALSE(matches_glob("*a*a*a*a*a*a*a*a*b", std::string(20'000, 'a')));
}

}  // namespace
}  // namespace assay::drift

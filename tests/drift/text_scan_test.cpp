// What looks at many bytes at once finds what looking at each would.
#include "drift/text_scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "drift/json_skim.h"

namespace assay::drift {
namespace {

std::string random_text(std::mt19937_64& random, std::string_view alphabet, std::size_t longest) {
  std::string text(random() % (longest + 1), ' ');
  for (char& c : text) c = alphabet[random() % alphabet.size()];
  return text;
}

template <class Find, class IsFound>
void finds_the_same(std::string_view alphabet, Find find, IsFound is_found) {
  std::mt19937_64 random(11);
  std::size_t found = 0;
  for (int round = 0; round < 5000; ++round) {
    const std::string text = random_text(random, alphabet, 70);
    const char* const end = text.data() + text.size();
    const char* const stop = find(text.data(), end);
    ASSERT_EQ(stop - text.data(), std::find_if(text.data(), end, is_found) - text.data()) << text;
    found += stop == end ? 0 : 1;
  }
  EXPECT_GT(found, 1000U);
  EXPECT_LT(found, 4900U);
}

TEST(TextScan, FindsWhereAStringOfJsonCannotGoOn) {
  using namespace std::string_literals;
  finds_the_same("ab \x7f\x80\xff ,:{}[]mnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ\"\\\x1f\n\0 "s,
                 json_string_stop,
                 [](char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; });
}

TEST(TextScan, FindsAnchorsAndAliases) {
  finds_the_same("abcdefghijklmnopqrstuvwxyz \"'%()+,-./0123456789:;<=>?&*\xa6\xaa", reference_mark,
                 [](char c) { return c == '&' || c == '*'; });
}

TEST(TextScan, OrdersKeysBytewise) {
  std::mt19937_64 random(12);
  const auto sign = [](int order) { return order < 0 ? -1 : order > 0 ? 1 : 0; };
  for (int round = 0; round < 20000; ++round) {
    const std::string a = random_text(random, std::string_view("a\0b\xff", 4), 12);
    std::string b = random_text(random, std::string_view("a\0b\xff", 4), 12);
    if (round % 2 == 0) b = a.substr(0, random() % (a.size() + 1)) + b;
    ASSERT_EQ(sign(key_order(a, b)), sign(std::string_view(a).compare(b)));
  }
}

// Everything that a skim has found, as text; fed in pieces of that size.
std::string skimmed(std::string_view text, std::size_t piece) {
  JsonSkim skim;
  auto state = JsonSkim::State::wants_more;
  std::size_t at = 0;
  while (state == JsonSkim::State::wants_more && at < text.size()) {
    std::size_t taken = 0;
    state = skim.feed(text.substr(at, piece), taken);
    at += taken;
  }
  const auto told = [](const FoundId& id) {
    return id.api_version + "/" + id.kind + "/" + id.ns + "/" + id.name + (id.items ? "+" : "") +
           (id.odd ? "?" : "");
  };
  // Of what is wrong only that it is counts.
  std::string out = std::to_string(static_cast<int>(state)) + " ";
  if (state == JsonSkim::State::wrong || state == JsonSkim::State::too_deep) return out;
  out += std::to_string(at) + " " + std::to_string(skim.lines()) + " " + told(skim.found);
  for (const auto& item : skim.items) {
    out += "\n" + std::to_string(item.begin) + "-" + std::to_string(item.end) + " " +
           std::to_string(item.line) + " " + told(item.id);
  }
  return out;
}

constexpr std::string_view kList = R"({
  "kind": "ConfigMapList", "apiVersion": "v1", "metadata": {"resourceVersion": "7"},
  "items": [
    {"metadata": {"name": "one", "namespace": "shop", "labels": {"name": "no", "a\"b": "}]\\"}, "x": [[], {}]},
     "data": {"kind": "Trap", "text": "{\"metadata\": {\"name\": \"inner\"}}", "n": [1, -2.5e3, true, null, {}]}},
    {"kind": "Secret", "spec": {"a": {"b": [{"c": "a string that is longer than sixteen bytes"}, "\u0041"]}},
     "metadata": {"annotations": {}, "name": "two"}}
  ]
})";

TEST(JsonSkim, FindsTheSameInPiecesOfAnySize) {
  const std::string whole = skimmed(kList, kList.size());
  EXPECT_NE(whole.find("/two"), std::string::npos) << whole;
  EXPECT_EQ(whole.find("inner"), std::string::npos) << whole;
  EXPECT_EQ(whole.find("Trap"), std::string::npos) << whole;
  for (std::size_t piece = 1; piece < 40; ++piece) EXPECT_EQ(skimmed(kList, piece), whole) << piece;
}

// A text that breaks off, and another that begins on the next line: what was cut is not taken for whole.
TEST(JsonSkim, SeesWhereATextWasCut) {
  const std::string next = "\n" + std::string(kList) + "\n";
  std::size_t wrong = 0;
  for (std::size_t cut = 1; cut < kList.size(); ++cut) {
    const std::string text = std::string(kList.substr(0, cut)) + next;
    const std::string whole = skimmed(text, text.size());
    for (const std::size_t piece : {1U, 3U, 17U}) ASSERT_EQ(skimmed(text, piece), whole) << cut;
    wrong += whole.starts_with("1") ? 0 : 1;
  }
  EXPECT_EQ(wrong, kList.size() - 1) << "state 1 is `done`";
}

TEST(JsonSkim, LetsNothingStandWhereItCannot) {
  for (const std::string_view text :
       {R"({"a": {"b": ]}})", R"({"a": [1, 2}})", R"({"a": {"b": 1 {"c": 2}}})", R"({"a": {"b" "c"}})",
        R"({"a": ["b" "c"]})", "{\"a\": {\"b\": \"c\nd\"}}", R"({"a": [] "b": 1})"}) {
    for (std::size_t piece = 1; piece < 30; ++piece)
      EXPECT_TRUE(skimmed(text, piece).starts_with("2")) << text << "\n" << skimmed(text, piece);
  }
  EXPECT_TRUE(skimmed("{\"a\": " + std::string(200, '['), 256).starts_with("3"));
  EXPECT_TRUE(skimmed("{\"a\": {\"b\": \"c\td\", \"e\": \"\\\"\"}}", 256).starts_with("1"));
}

}  // namespace
}  // namespace assay::drift

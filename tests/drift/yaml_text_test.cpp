#include "drift/yaml_text.h"

#include <gtest/gtest.h>

#include "core/utf8.h"
#include "core/yaml.h"
#include "drift/line_diff.h"
#include "tests/support/sample_run.h"

namespace assay::drift {
namespace {

std::string yaml(const Value& value) {
  std::string out;
  append_yaml(out, value);
  return out;
}

Value json(std::string_view text) { return *parse_json(text); }

TEST(YamlText, IsWhatPeopleWrite) {
  EXPECT_EQ(
      yaml(json(
          R"({"a":{"b":[{"name":"x","v":[1,2]},[],{}],"c":"nginx:1.25"},"d":["p",["q","r"]],"e":null})")),
      "a:\n"
      "  b:\n"
      "  - name: x\n"
      "    v:\n"
      "    - 1\n"
      "    - 2\n"
      "  - []\n"
      "  - {}\n"
      "  c: nginx:1.25\n"
      "d:\n"
      "- p\n"
      "- - q\n"
      "  - r\n"
      "e: null\n");
}

TEST(YamlText, TextStaysText) {
  for (const auto* text :
       {"yes",      "No",         "on", "y",  "null", "true", "1",    "1.5", "0x1",    "1e3",
        "12:30:45", "",           " a", "a ", "a: b", "a #b", "a:",   "-",   "*x",     "&x",
        "!x",       "%x",         "@x", "`x", "{a",   "[a",   "?",    "|",   ">",      "~",
        ".inf",     "2026-01-01", "<<", "=",  "'",    "\"",   "a\tb", "#a",  "a\r\nb", "\xef\xbb\xbf",
        "a,b",      "::error::x"}) {
    const std::string out = yaml(Value::object({{"k", text}}));
    const auto read = parse_yaml(out, 1);
    ASSERT_TRUE(read) << out;
    EXPECT_EQ(read->get("k", "(no text)"), text) << out;
  }
}

TEST(YamlText, TextsOfSeveralLinesAreBlocksThatLoseNothing) {
  for (const auto* text : {"a\nb", "a\nb\n", "a\nb\n\n", "a\n\nb\n", "a\n  b\n", "\na", "\n", "\n\n", " a\nb",
                           "a\n \nb", "a \nb", "a\n\tb", "a\n::error::x\n", "a\n ##[error]\n", "a\x1b\nb",
                           "- a\n- b\n", "# a\n# b", "a\n\n\n"}) {
    const std::string out =
        yaml(Value::object({{"k", Value::object({{"l", text}})}, {"m", Value(Value::Array{text})}}));
    const auto read = parse_yaml(out, 1);
    ASSERT_TRUE(read) << out;
    EXPECT_EQ(read->find("k")->get("l"), text) << out;
    EXPECT_EQ(read->find("m")->items()[0].string(), text) << out;
  }
  EXPECT_EQ(yaml(Value::object({{"k", "a\nb\n"}})), "k: |\n  a\n  b\n");
}

TEST(YamlText, HostileTextIsSpelledOut) {
  const std::string& evil = test::hostile_text();
  const std::string out = yaml(Value::object({{evil, evil}}));
  EXPECT_EQ(printable(out), out);
  const auto read = parse_yaml(out, 1);
  ASSERT_TRUE(read) << out << read.error().message;
  EXPECT_EQ(read->members()[0].value.string(), to_utf8(evil));
  EXPECT_EQ(read->members()[0].key, to_utf8(evil));
}

std::string edits(std::string_view from, std::string_view to) {
  std::string out;
  for (const LineEdit& edit : diff_lines(split_lines(from), split_lines(to))) {
    out += edit.sign;
    out += edit.line;
  }
  return out;
}

TEST(LineDiff, FewestEdits) {
  EXPECT_EQ(edits("a\nb\nc\n", "a\nx\nc"), " a-b+x c");
  EXPECT_EQ(edits("a\nb\nc\nd", "b\nc\ne\nd"), "-a b c+e d");
  EXPECT_EQ(edits("", "a"), "+a");
  EXPECT_EQ(edits("a\na\n", "a\n"), " a-a");
  EXPECT_EQ(edits("", ""), "");
  EXPECT_EQ(edits("a\n\n", "a\n"), " a-");
}

TEST(LineDiff, IsBounded) {
  std::string from;
  std::string to;
  for (int i = 0; i < 5000; ++i) {
    from += std::to_string(i) + "\n";
    to += std::to_string(-i - 1) + "\n";
  }
  EXPECT_EQ(diff_lines(split_lines(from), split_lines(to)).size(), 10'000U);
}

}  // namespace
}  // namespace assay::drift

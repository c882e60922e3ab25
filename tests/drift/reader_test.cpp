#include "drift/reader.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::drift {
namespace {

// The tree as JSON, or "error: " and its message. Both readers of YAML are asked; the quick one may have
// nothing to say.
std::string yaml(std::string_view text, const ReadLimits& limits = {}) {
  Arena arena;
  const auto node = read_yaml_whole(text, arena, limits);
  const auto quick = read_yaml_plain(text, arena, limits);
  EXPECT_TRUE(!quick || (node && same_tree(*quick, *node) && to_json(*quick) == to_json(*node)))
      << text << "\nquick: " << to_json(*quick)
      << "\nwhole: " << (node ? to_json(*node) : node.error().message);
  const auto read = read_yaml(text, arena, limits);
  EXPECT_EQ(read.has_value(), node.has_value()) << text;
  if (!read) {
    EXPECT_EQ(read.error().code, "drift.manifest");
    return "error: " + read.error().message;
  }
  return to_json(*read);
}

std::string json(std::string_view text, const ReadLimits& limits = {}) {
  Arena arena;
  const auto node = read_json(text, arena, limits);
  if (!node) {
    EXPECT_EQ(node.error().code, "drift.manifest");
    return "error: " + node.error().message;
  }
  return to_json(*node);
}

TEST(ReadYaml, TakesScalarsAsKubernetesDoes) {
  EXPECT_EQ(yaml("[y, Yes, on, TRUE, n, No, OFF, false]"), "[true,true,true,true,false,false,false,false]");
  EXPECT_EQ(yaml("[yEs, truth, 'yes', \"on\", offs]"), R"(["yEs","truth","yes","on","offs"])");
  EXPECT_EQ(yaml("[~, null, Null, NULL, nil, 'null']"), R"([null,null,null,null,"nil","null"])");
  EXPECT_EQ(yaml("[0644, 0o644, 0O17, 0x1F, 0b101, -0b11, 1_000, -0x1f, +12, 0, -0]"),
            "[420,420,15,31,5,-3,1000,-31,12,0,0]");
  EXPECT_EQ(yaml("[08, 0o8, 0x, 1e3, 1.50, .5, 5., +.5, 1_0.5_0, 1e400]"),
            R"([8,"0o8","0x",1000,1.5,0.5,5,0.5,10.5,"1e400"])");
  EXPECT_EQ(yaml("[1:30, 190:20:30, 2001-12-14, 2001-12-14T21:59:43Z, 1.2.3, 1-2]"),
            R"(["1:30","190:20:30","2001-12-14","2001-12-14T21:59:43Z","1.2.3","1-2"])");
  EXPECT_EQ(yaml("[9223372036854775807, -9223372036854775808]"),
            "[9223372036854775807,-9223372036854775808]");
  EXPECT_EQ(yaml("a: .inf"), "error: 1:4: a number that JSON does not have");
  EXPECT_EQ(yaml("a: 1.0"), R"({"a":1})");
  EXPECT_EQ(yaml("a: 12345678901234567890"), R"({"a":12345678901234567168.0})");
  EXPECT_EQ(yaml("[0b-1, 0b+10, 0b-, -0b-1, +0b+1, 0B-1, 0b--1]"),
            R"([-1,2,"0b-","-0b-1","+0b+1","0B-1","0b--1"])");
}

TEST(ReadYaml, TakesLargeRealsAsGoWritesThem) {
  EXPECT_EQ(yaml("[9007199254740991.0, 9007199254740993.0, 1152921504606846976.0, -1152921504606846976.0]"),
            "[9007199254740991,9007199254740992,1152921504606847000,-1152921504606847000]");
  EXPECT_EQ(yaml("[5e18, 9223372036854775000.0, 9223372036854775807.0, -9223372036854775809]"),
            "[5000000000000000000,9223372036854775000,9223372036854775808.0,-9223372036854775808.0]");
}

TEST(ReadYaml, MakesTextsOfKeys) {
  EXPECT_EQ(yaml("on: 1\nno: 2\n3: c\n0x10: d\n1.5: e\n1e6: f\n"),
            R"({"1.5":"e","16":"d","1e+06":"f","3":"c","false":2,"true":1})");
  EXPECT_EQ(yaml("1e19: a\n9.3e18: b"), R"({"1e+19":"a","9.3e+18":"b"})");
  EXPECT_EQ(yaml("9223372036854775808: a"), "error: 1:1: a key that is too large a number");
  EXPECT_EQ(yaml("0x8000_0000_0000_0000: a"), "error: 1:1: a key that is too large a number");
  EXPECT_EQ(yaml("- &x 9223372036854775808\n- {b: *x}\n- {*x : c}"),
            "error: 3:4: a key that is too large a number");
  EXPECT_EQ(yaml("~: 1"), "error: 1:1: a key that is null");
  EXPECT_EQ(yaml("? [a]\n: 1"), "error: 1:3: a key that is a list or a map");
  EXPECT_EQ(yaml("? {a: 1}\n: 1"), "error: 1:3: a key that is a list or a map");
}

TEST(ReadYaml, NamesDuplicateKeys) {
  EXPECT_EQ(yaml("a: 1\nb: 2\na: 3\n"), "error: 3:1: the key a stands twice, first on line 1");
  EXPECT_EQ(yaml("x:\n  true: 1\n  yes: 3\n", {.line = 100}),
            "error: 102:3: the key true stands twice, first on line 101");
  std::string many;
  for (int i = 0; i < 200; ++i)
    many += "k" + std::to_string(i * 7919 % 200) + ": " + std::to_string(i) + "\n";
  EXPECT_TRUE(yaml(many).starts_with("{")) << yaml(many);
  EXPECT_EQ(yaml(many + "k7: again\n"), "error: 201:1: the key k7 stands twice, first on line 154");
}

TEST(ReadYaml, ReadsBlocks) {
  EXPECT_EQ(yaml(""), "null");
  EXPECT_EQ(yaml("# nothing\n\n"), "null");
  EXPECT_EQ(yaml("a:\n- 1\n-\n  b: c\n  d:\n- - x\n  - z\ne: {}\nf: []\n"),
            R"({"a":[1,{"b":"c","d":null},["x","z"]],"e":{},"f":[]})");
  EXPECT_EQ(yaml("a: |\n  x\n   y\n\n  z\n\n\nb: |-\n  1\nc: |+\n  k\n\n\nd: >\n  a\n  b\n\n  c\n"),
            R"({"a":"x\n y\n\nz\n","b":"1","c":"k\n\n\n","d":"a b\nc\n"})");
  EXPECT_EQ(yaml("a: |2\n   x\n"), R"({"a":" x\n"})");
  EXPECT_EQ(yaml("a: \"x\\ty\\u00e9\\x41\\n\" # c\nb: 'it''s' # d\nc: x#y # e\n"),
            "{\"a\":\"x\\ty\u00e9A\\n\",\"b\":\"it's\",\"c\":\"x#y\"}");
  EXPECT_EQ(yaml("a: one\n  two\nb: \"one\n  two\"\n"), R"({"a":"one two","b":"one two"})");
  EXPECT_EQ(yaml("a:\n  - b: 1\n    c: 2\n  -   d: 3\n      e: |\n        t\n"),
            R"({"a":[{"b":1,"c":2},{"d":3,"e":"t\n"}]})");
  EXPECT_EQ(yaml("--- # head\na: 1\n"), R"({"a":1})");
  EXPECT_EQ(yaml("a: 1\n---\nb: 1\n"), "error: 2:1: a second document where one was expected");
  EXPECT_EQ(yaml("a: http://x:1/y?z=#1\nb: -x\nc: a: b\n"),
            "error: 3:5: not YAML: mapping values are not allowed in this context");
  EXPECT_EQ(yaml("a: |\n"), R"({"a":""})");
  EXPECT_EQ(yaml("a: |\n  x"), R"({"a":"x"})");
  EXPECT_EQ(yaml("a: |\n \n  \n  x\n"), R"({"a":"\n\nx\n"})");
  EXPECT_EQ(yaml("a:   \nb:\n  # c\n\n  - 1\n"), R"({"a":null,"b":[1]})");
  EXPECT_EQ(yaml("- a\n- b: 1\n"), R"(["a",{"b":1}])");
}

TEST(ReadYaml, ScansAsGoyamlDoes) {
  EXPECT_EQ(yaml(R"(a: "it\'s \"it\" \'")"), R"({"a":"it's \"it\" '"})");
  EXPECT_EQ(yaml(R"(['\''', "\\'", "\'\'", x\'y, "\'"])"), R"(["\\'","\\'","''","x\\'y","'"])");
  EXPECT_EQ(yaml("? \"\\'\"\n: 1 # \\'\n"), R"({"'":1})");
  EXPECT_EQ(yaml(R"(a: "\'\q")"),
            "error: 1:6: not YAML: while parsing a quoted scalar, found unknown escape character");
  EXPECT_EQ(yaml("a: \"\u00e9\"\nb: \"x\\/\""), "error: 2:4: not YAML: the escape \\/");
  EXPECT_EQ(yaml("b: !!str # \"\n  &x \"x\\/\""), "error: 1:4: not YAML: the escape \\/");
  EXPECT_EQ(yaml("a: 'x\\/'\nb: \\/\nc: \"\\\\/\""), R"({"a":"x\\/","b":"\\/","c":"\\/"})");
  EXPECT_EQ(yaml("[http://x/?y]"), "error: 1:2: a ? in a text without quotes within [] or {}");
  EXPECT_EQ(yaml("a?: x?y\nb: ['?', [x], {? z}]"), R"({"a?":"x?y","b":["?",["x"],{"z":null}]})");
  EXPECT_EQ(yaml("%YAML 1.1\n---\na: 1"), R"({"a":1})");
  EXPECT_EQ(yaml("%YAML 1.2\n---\na: 1"), "error: 1:1: %YAML of another version than 1.1");
  EXPECT_EQ(yaml("\ufeffa: 1\nb: 2\n"), R"({"a":1,"b":2})");
  EXPECT_EQ(yaml("a: x\ufeff\ufeff"), "{\"a\":\"x\ufeff\ufeff\"}");
  for (const auto* end : {"\n", "\r", "\r\n", "\u0085", "\u2028", "\u2029"})
    EXPECT_TRUE(yaml(std::string("a: |") + end + "\ufeff").ends_with(":1: a byte-order mark within the text"))
        << end;
  EXPECT_EQ(yaml("[!x , !y z]"), R"(["","z"])");
  EXPECT_EQ(yaml("\u00e9: [!x, y]"), "error: 1:7: not YAML: a comma in a tag");
}

TEST(ReadYaml, ReadsTags) {
  EXPECT_EQ(yaml("[!!str 1, !!str yes, !!int \"3\", !!float 3, !!bool 'on', !!binary aGk=, !own 5, ! 7]"),
            R"(["1","yes",3,3,true,"hi","5","7"])");
  EXPECT_EQ(yaml("[!!int 9223372036854775808, !!float 1e19]"), "[9223372036854775808.0,1e+19]");
  EXPECT_EQ(yaml("!!float 9223372036854775807: !!float -9223372036854775808\n!!float 3: !!float 4"),
            R"({"3":4,"9.223372e+18":-9223372036854775808.0})");
  EXPECT_EQ(yaml("a: !!float 9223372036854775808"),
            "error: 1:4: a value that is not what its tag says (tag:yaml.org,2002:float)");
  EXPECT_EQ(yaml("a: !!int x"), "error: 1:4: a value that is not what its tag says (tag:yaml.org,2002:int)");
  EXPECT_EQ(yaml("a: !!binary '*'"), "error: 1:4: !!binary with what is not base64");
}

TEST(ReadYaml, BoundsAliases) {
  EXPECT_EQ(yaml("a: &x {k: 1}\nb: *x\nc: [*x, &s t, *s]\n"),
            R"({"a":{"k":1},"b":{"k":1},"c":[{"k":1},"t","t"]})");
  EXPECT_EQ(yaml("- {&x <<: {a: 1}, b: *x}\n- *x"), R"([{"a":1,"b":"<<"},"<<"])");
  // The one that began last counts.
  EXPECT_EQ(yaml("- &x [&x 1, *x]\n- *x"), "[[1,1],1]");
  EXPECT_EQ(yaml("- &x [&x [a], *x]\n- *x"), R"([[["a"],["a"]],["a"]])");
  EXPECT_EQ(yaml("- &x 1\n- &x [*x]"), "error: 2:7: an alias (*) inside of its own anchor");
  EXPECT_EQ(yaml("a: &x [*x]"), "error: 1:8: an alias (*) inside of its own anchor");
  EXPECT_EQ(yaml("a: *x"), "error: 1:4: an alias (*) of an anchor that is not defined");
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 9; ++i) {
    const auto before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int k = 0; k < 9; ++k) bomb += "," + before;
    bomb += "]\n";
  }
  EXPECT_EQ(yaml(bomb), "error: 7:10: more than 2000000 nodes once aliases are expanded");
}

TEST(ReadYaml, TellsNoValueWhereItRefusesOne) {
  for (const auto* text : {"p: !!int swordfish\n", "p: !!binary swordfish!\n", "p: *swordfish\n",
                           "p: &swordfish [*swordfish]\n", "p: \"swordfish\n", "p: !x!y swordfish\n",
                           "p: {swordfish\n", "p: 'a' swordfish\n", "<<: swordfish\n", "p: @swordfish\n"}) {
    const auto said = yaml(text);
    EXPECT_TRUE(said.starts_with("error: ")) << said;
    EXPECT_EQ(said.find("swordfish"), std::string::npos) << said;
  }
}

TEST(ReadYaml, BoundsTheTextThatAliasesStandFor) {
  const std::string text(std::size_t{1} << 20, 'x');
  const auto list = [](std::string_view anchor, int count) {
    std::string out = "[";
    for (int i = 0; i < count; ++i) out += "*" + std::string(anchor) + ",";
    return out + "]\n";
  };
  EXPECT_EQ(yaml("a: &a " + text + "\nb: " + list("a", 65)),
            "error: 2:197: aliases stand for more than 64 MiB of text");
  EXPECT_EQ(yaml("a: &a {" + text.substr(0, 1000) + ": " + text.substr(0, 1 << 19) + "}\nb: &b " +
                 list("a", 2) + "c: " + list("b", 63)),
            "error: 3:191: aliases stand for more than 64 MiB of text");
  EXPECT_FALSE(yaml("a: &a " + text + "\nb: " + list("a", 3)).starts_with("error"));
}

TEST(ReadYaml, CopiesWhatAnAliasStandsFor) {
  Arena arena;
  auto root = read_yaml("a: &x {k: 1, l: 2}\nb: *x\n", arena);
  ASSERT_TRUE(root);
  erase_member(*root->find("a"), "k");
  EXPECT_EQ(to_json(*root), R"({"a":{"l":2},"b":{"k":1,"l":2}})");
}

TEST(ReadYaml, MergesInTheOrderInWhichKubernetesDoes) {
  const std::string base = "x: &x {a: 1, b: 2}\nw: &w {a: 9}\n";
  EXPECT_EQ(yaml(base + "z: {<<: *x, a: 3}"), R"({"w":{"a":9},"x":{"a":1,"b":2},"z":{"a":3,"b":2}})");
  EXPECT_EQ(yaml(base + "z: {a: 3, <<: *x}"), R"({"w":{"a":9},"x":{"a":1,"b":2},"z":{"a":1,"b":2}})");
  EXPECT_EQ(yaml(base + "z: {<<: [*w, *x]}"), R"({"w":{"a":9},"x":{"a":1,"b":2},"z":{"a":9,"b":2}})");
  EXPECT_EQ(yaml("z: {<<: 1}"), "error: 1:9: a merge (<<) of what is no map");
  EXPECT_EQ(yaml("z: {'<<': 1}"), R"({"z":{"<<":1}})");
  EXPECT_EQ(yaml("x: &x {a: 1}\nz: {<<: *x, b: 1, b: 2}"),
            "error: 2:19: the key b stands twice, first on line 2");
}

TEST(ReadYaml, SaysWhereAnErrorIs) {
  EXPECT_EQ(
      yaml("a:\n\tb: 1\n"),
      "error: 2:1: not YAML: while scanning for the next token, found character that cannot start any token");
  EXPECT_EQ(yaml("a:\n  b: \"x\n"),
            "error: 3:1: not YAML: while scanning a quoted scalar, found unexpected end of stream");
  EXPECT_EQ(yaml("a: 1\n b: 2\n"), "error: 2:3: not YAML: mapping values are not allowed in this context");
  EXPECT_EQ(yaml("a: 1\nb: \xff\n"), "error: 2:4: not YAML: invalid leading UTF-8 octet");
  EXPECT_EQ(yaml(std::string("a: 1\nb: x\0y\n", 12)),
            "error: 2:5: not YAML: control characters are not allowed");
}

TEST(ReadYaml, BoundsDepthAndNodes) {
  EXPECT_EQ(yaml(std::string(129, '[') + std::string(129, ']')),
            "error: 1:129: nested deeper than 128 levels");
  EXPECT_TRUE(yaml(std::string(128, '[') + std::string(128, ']')).starts_with("[["));
  std::string deep;
  for (int i = 0; i < 129; ++i) deep += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  EXPECT_EQ(yaml(deep), "error: 129:129: nested deeper than 128 levels");
  std::string dashes;
  for (int i = 0; i < 20'000; ++i) dashes += "- ";
  EXPECT_EQ(yaml(dashes), "error: 1:257: nested deeper than 128 levels");
  EXPECT_EQ(yaml("[1, 2, 3]", {.nodes = 3}), "error: 1:8: more than 3 nodes once aliases are expanded");
}

TEST(ReadJson, ReadsWhatTheApiServerSends) {
  EXPECT_EQ(
      json(R"( {"b": [1, -2.5e1, true, false, null, "x\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"], "a": {}} )"),
      "{\"a\":{},\"b\":[1,-25.0,true,false,null,\"x\\\"\\\\/\\u0008\\u000c\\n\\r\\t\u00e9\U0001F600\"]}");
  EXPECT_EQ(json("9223372036854775808"), "9223372036854775808.0");
  EXPECT_EQ(json("-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(json(R"("\ud800x\udc00")"), "\"\ufffdx\ufffd\"");
  EXPECT_EQ(json("{}"), "{}");
  EXPECT_EQ(json("[[],[]]"), "[[],[]]");
}

TEST(ReadJson, RefusesWhatIsNone) {
  EXPECT_EQ(json(""), "error: 1:1: not JSON: it ends in the middle");
  EXPECT_EQ(json("{\"a\": 1,\n \"b\": }"), "error: 2:7: not JSON: no value begins so");
  EXPECT_EQ(json("{\"a\": 1\n \"b\": 2}"), "error: 2:2: not JSON: a comma or } is missing");
  EXPECT_EQ(json("[1 2]"), "error: 1:4: not JSON: a comma or ] is missing");
  EXPECT_EQ(json("{1: 2}"), "error: 1:2: not JSON: a key in quotes is missing");
  EXPECT_EQ(json("{\"a\" 1}"), "error: 1:6: not JSON: the colon after a key is missing");
  EXPECT_EQ(json("{} x"), "error: 1:4: not JSON: something follows its end");
  EXPECT_EQ(json("\"abc"), "error: 1:5: not JSON: a string has no end");
  EXPECT_EQ(json("\"abc\\\""), "error: 1:7: not JSON: a string has no end");
  EXPECT_EQ(json("\"a\nb\""), "error: 1:3: not JSON: a control character in a string");
  EXPECT_EQ(json("\"a\\n\nb\""), "error: 1:5: not JSON: a control character in a string");
  EXPECT_EQ(json("\"\\x41\""), "error: 1:2: not JSON: an escape that it does not know");
  EXPECT_EQ(json("\"\\u12\""), "error: 1:2: not JSON: \\u wants four hexadecimal digits");
  for (const auto* number :
       {"01", "-", "+1", ".5", "1.", "1e", "1e+", "0x1", "1_0", "NaN", "nul", "[1,]", "{\"a\":1,}"})
    EXPECT_TRUE(json(number).starts_with("error: 1:")) << number << json(number);
  EXPECT_EQ(json("1e999"), "error: 1:6: a number that is too large");
  EXPECT_EQ(json("\"\xc3\x28\""), "error: 1:2: bytes that are not UTF-8");
  EXPECT_EQ(json("{\"a\":1,\"b\":2,\"a\":3}"),
            "error: 1:20: the key a stands twice in the object that ends here");
  EXPECT_EQ(json(std::string(100'000, '[')), "error: 1:129: nested deeper than 128 levels");
  EXPECT_EQ(json("[1,2,3]", {.nodes = 3}), "error: 1:6: more than 3 nodes");
}

}  // namespace
}  // namespace assay::drift

#include "drift/documents.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace assay::drift {
namespace {

std::shared_ptr<const Schema> schema() {
  static const auto built_in = Schema::built_in();
  return *built_in;
}

Documents of(std::string text) {
  auto documents = Documents::of_text(std::move(text), "d.yaml", *schema(), "home");
  EXPECT_TRUE(documents);
  return std::move(*documents);
}

// "line id" of each, then the problems.
std::vector<std::string> told(const Documents& documents) {
  std::vector<std::string> out;
  for (const auto& one : documents.all()) out.push_back(std::to_string(one.line) + " " + one.id.text());
  for (const auto& problem : documents.problems()) out.push_back(problem.code + " " + problem.message);
  return out;
}

using Told = std::vector<std::string>;

std::string read(const Documents& documents, std::size_t i) {
  std::string text;
  Arena arena;
  const auto node = documents.read(documents.all()[i], text, arena);
  return node ? to_json(*node) : "error: " + node.error().message;
}

std::string config_map(const std::string& name) {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\n";
}

TEST(Documents, AreDividedAtDashes) {
  const auto documents = of("# Source: chart/templates/a.yaml\n" + config_map("a") +
                            "---\n# nothing\n---\n\n---\n# Source: b.yaml\n# more\n" + config_map("b") +
                            "  namespace: x\ndata:\n  k: |\n    ---\n    --- x\n--- # end\n" + "---\t\n" +
                            config_map("c") + "---");
  EXPECT_EQ(told(documents),
            (Told{"2 v1/ConfigMap/home/a", "13 v1/ConfigMap/x/b", "24 v1/ConfigMap/home/c"}));
  EXPECT_EQ(documents.all()[0].source, "chart/templates/a.yaml");
  EXPECT_EQ(documents.all()[1].source, "b.yaml");
  EXPECT_EQ(documents.all()[2].source, "");
  EXPECT_EQ(
      read(documents, 1),
      R"({"apiVersion":"v1","data":{"k":"---\n--- x\n"},"kind":"ConfigMap","metadata":{"name":"b","namespace":"x"}})");
  EXPECT_EQ(documents.find("/ConfigMap/x/b"), &documents.all()[1]);
  EXPECT_EQ(documents.find("/ConfigMap/home/b"), nullptr);
}

TEST(Documents, OfClusterScopedKindsHaveNoNamespace) {
  const auto documents = of("apiVersion: v1\nkind: Namespace\nmetadata: {name: nn, namespace: x}\n");
  EXPECT_EQ(told(documents), (Told{"1 v1/Namespace//nn"}));
}

TEST(Documents, AreFoundHoweverTheyAreWritten) {
  const std::string same =
      R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"x"}})";
  for (const auto* text : {
           "kind: ConfigMap\nmetadata:\n  labels: {name: no}\n  namespace: x\n  annotations:\n    name: no\n "
           " name: a\napiVersion: v1\n",
           "\"kind\": ConfigMap\nmetadata: {name: a, namespace: x}\napiVersion: 'v1'\n",
           "kind: \"ConfigMap\"\nmetadata:\n    \"name\": a\n    namespace: 'x'\napiVersion: v1 # comment\n",
           "{kind: ConfigMap, metadata: {name: a, namespace: x}, apiVersion: v1}\n",
           "{kind: ConfigMap,\n metadata: {name: a, namespace: x},\n apiVersion: v1}\n",
           "{\"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"a\", \"x\": \"kind: Pod\", \"namespace\": "
           "\"x\"}, \"apiVersion\": \"v1\"}",
           "{\n  \"kind\": \"ConfigMap\",\n  \"metadata\": {\n    \"name\": \"a\",\n  \"namespace\": "
           "\"\\u0078\"\n},\n \"apiVersion\": \"v1\"}\n",
           "  kind: ConfigMap\n  apiVersion: v1\n  metadata:\n    name: a\n    namespace: x\n",
           "--- {kind: ConfigMap, metadata: {name: a, namespace: x}, apiVersion: v1}\n",
           "kind: &k ConfigMap\napiVersion: v1\nmetadata:\n  name: &n\n    a\n  namespace: x\n",
           "\xef\xbb\xbfkind: ConfigMap\napiVersion: v1\nmetadata:\n  name: a\n  namespace: x\n",
           "\xef\xbb\xbf{\"kind\": \"ConfigMap\", \"apiVersion\": \"v1\",\"metadata\": {\"name\": \"a\", "
           "\"namespace\": \"x\"}}",
           "kind: ConfigMap\r\napiVersion: v1\r\nmetadata:\r\n  name: a\r\n  namespace: x\r\n---\r\n",
           "%YAML 1.1\n---\nkind: ConfigMap\napiVersion: v1\nmetadata:\n  name: a\n  namespace: x\n...\n",
           "data:\n- \"x\nkind: Pod\"\nkind: ConfigMap\napiVersion: v1\nmetadata:\n  name: a\n  namespace: "
           "x\n",
       }) {
    const auto documents = of(text);
    ASSERT_EQ(documents.all().size(), 1U)
        << text << (documents.problems().empty() ? "" : documents.problems()[0].message);
    EXPECT_EQ(documents.all()[0].id.text(), "v1/ConfigMap/x/a") << text;
    EXPECT_TRUE(documents.problems().empty()) << text;
    std::string buffer;
    Arena arena;
    EXPECT_TRUE(documents.read(documents.all()[0], buffer, arena)) << text;
  }
}

TEST(Documents, AreTheItemsOfLists) {
  const Told three{"4 v1/ConfigMap/home/a", "9 v1/ConfigMap/x/b", "13 v1/Secret/home/c"};
  const std::string items =
      "- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: a\n  data: {name: x}\n- kind: ConfigMap\n "
      " apiVersion: v1\n"
      "  metadata: {name: b, namespace: x}\n# end\n-\n  apiVersion: v1\n  kind: Secret\n  metadata:\n    "
      "name: c\n";
  const auto documents = of("apiVersion: v1\nkind: List\nitems:\n" + items);
  EXPECT_EQ(told(documents), (Told{"4 v1/ConfigMap/home/a", "9 v1/ConfigMap/x/b", "13 v1/Secret/home/c"}));
  EXPECT_EQ(read(documents, 0),
            R"({"apiVersion":"v1","data":{"name":"x"},"kind":"ConfigMap","metadata":{"name":"a"}})");
  EXPECT_EQ(read(documents, 1),
            R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b","namespace":"x"}})");
  EXPECT_EQ(read(documents, 2), R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"c"}})");
  EXPECT_EQ(told(of("apiVersion: v1\nitems:\n" + items + "kind: List\nmetadata:\n  resourceVersion: \"\"\n")),
            (Told{"3 v1/ConfigMap/home/a", "8 v1/ConfigMap/x/b", "12 v1/Secret/home/c"}));
}

TEST(Documents, AreTheItemsOfListsInJson) {
  const std::string items =
      "[\n{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"}},\n"
      "{\"metadata\":{\"name\":\"b\",\"namespace\":\"x\"},\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\"}]";
  const Told two{"2 v1/ConfigMap/home/a", "3 v1/ConfigMap/x/b"};
  EXPECT_EQ(told(of("{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":" + items + "}")), two);
  EXPECT_EQ(told(of("{\"apiVersion\":\"v1\",\"items\":" + items + ",\"kind\":\"List\",\"metadata\":{}}\n")),
            two);
}

TEST(Documents, OfATypedListNeedNotSayTheirKind) {
  const auto json = of(
      R"({"kind":"DeploymentList","apiVersion":"apps/v1","metadata":{},"items":[{"metadata":{"name":"a"}},{"metadata":{"na\u006de":"b"}}]})");
  EXPECT_EQ(told(json), (Told{"1 apps/v1/Deployment/home/a", "1 apps/v1/Deployment/home/b"}));
  EXPECT_EQ(read(json, 0), R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a"}})");
  EXPECT_EQ(read(json, 1), R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"b"}})");
  const auto yaml = of(
      "kind: DeploymentList\napiVersion: apps/v1\nitems:\n- metadata: {name: a}\n- metadata:\n    name: b\n");
  EXPECT_EQ(told(yaml), (Told{"4 apps/v1/Deployment/home/a", "5 apps/v1/Deployment/home/b"}));
  EXPECT_EQ(read(yaml, 1), R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"b"}})");
}

TEST(Documents, OfListsThatMustBeReadWhole) {
  const auto documents =
      of("{kind: List, apiVersion: v1, items: [{kind: Pod, apiVersion: v1, metadata: {name: p}},\n"
         "{kind: List, apiVersion: v1, items: [{kind: Pod, apiVersion: v1, metadata: {name: q}}]}, 3]}\n");
  EXPECT_EQ(told(documents), (Told{"1 v1/Pod/home/p", "1 v1/Pod/home/q",
                                   "drift.manifest d.yaml:1: a document that is not an object"}));
  EXPECT_EQ(read(documents, 1), R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"q"}})");
  EXPECT_EQ(told(of("kind: List\napiVersion: v1\nitems: []\n")), Told{});
}

TEST(Documents, OfAListWithAliasesBetweenItsItemsAreAllRead) {
  const std::string item =
      "- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: a\n    labels: &l {x: y}\n  data: &d\n    "
      "k: "
      "v\n";
  const auto other = [](const std::string& name, const std::string& data) {
    return "- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: " + name + "\n  data: " + data + "\n";
  };
  const std::string list = "apiVersion: v1\nkind: List\nitems:\n";
  for (const auto* alias : {"*d", "*d # as above", "{<<: *d}"}) {
    const auto documents = of(list + item + other("b", alias) + other("c", "{}"));
    ASSERT_EQ(told(documents),
              (Told{"1 v1/ConfigMap/home/a", "1 v1/ConfigMap/home/b", "1 v1/ConfigMap/home/c"}))
        << alias;
    EXPECT_EQ(read(documents, 1),
              R"({"apiVersion":"v1","data":{"k":"v"},"kind":"ConfigMap","metadata":{"name":"b"}})");
  }
  // Within an item they are its own.
  const auto own = of(list + item + other("b", "{m: &d x, o: *d}") + other("c", "{m: '*d &d', o: a*d}"));
  ASSERT_EQ(told(own), (Told{"4 v1/ConfigMap/home/a", "11 v1/ConfigMap/home/b", "16 v1/ConfigMap/home/c"}));
  EXPECT_EQ(read(own, 1),
            R"({"apiVersion":"v1","data":{"m":"x","o":"x"},"kind":"ConfigMap","metadata":{"name":"b"}})");
  // Outside of the items.
  EXPECT_EQ(read(of("x: &d {k: v}\n" + list + other("b", "*d")), 0),
            R"({"apiVersion":"v1","data":{"k":"v"},"kind":"ConfigMap","metadata":{"name":"b"}})");
}

TEST(Documents, IsNoListBecauseItsKindEndsSo) {
  EXPECT_EQ(
      told(of("apiVersion: x.io/v1\nkind: IPAllowList\nmetadata:\n  name: a\nspec:\n  items:\n  - 1\n")),
      (Told{"1 x.io/v1/IPAllowList/home/a"}));
}

TEST(Documents, MayBeManyJsonTexts) {
  const std::string a = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}})";
  const std::string b =
      R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b"},"data":{"x":"}\"{"}})";
  EXPECT_EQ(told(of(a + "\n" + b + "\n")), (Told{"1 v1/ConfigMap/home/a", "2 v1/ConfigMap/home/b"}));
  EXPECT_EQ(told(of(a + b + "\n\n" + config_map("c"))),
            (Told{"1 v1/ConfigMap/home/a", "1 v1/ConfigMap/home/b", "3 v1/ConfigMap/home/c"}));
  EXPECT_EQ(told(of(a + "\n---\n" + config_map("c") + "---\n" + b)),
            (Told{"1 v1/ConfigMap/home/a", "3 v1/ConfigMap/home/c", "8 v1/ConfigMap/home/b"}));
}

TEST(Documents, ThatAreCutAreNamedAndTheOthersRead) {
  const std::string a = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}})";
  const auto b = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b"}})";
  for (const auto length : {a.size() - 1, a.size() - 5, a.size() - 9, std::size_t{20}, std::size_t{1}}) {
    const auto cut = of(a.substr(0, length) + "\n" + b);
    ASSERT_EQ(cut.all().size(), 1U) << length;
    EXPECT_EQ(cut.all()[0].id.name, "b");
    ASSERT_EQ(cut.problems().size(), 1U) << length;
    EXPECT_TRUE(cut.problems()[0].message.starts_with("d.yaml:")) << cut.problems()[0].message;
    EXPECT_EQ(cut.problems()[0].code, "drift.manifest");
  }
  const auto yaml = of(config_map("a") + "---\napiVersion: v1\nkind: ConfigMap\nmetad");
  EXPECT_EQ(told(yaml)[0], "1 v1/ConfigMap/home/a");
  ASSERT_EQ(yaml.problems().size(), 1U);
  EXPECT_EQ(yaml.problems()[0].message,
            "d.yaml:9:1: not YAML: while scanning a simple key, could not find expected ':'");
}

TEST(Documents, ThatAreTooDeepAreNamedAndTheOthersRead) {
  const auto deep = [](std::size_t levels, const std::string& before) {
    return "{\"apiVersion\":\"v1\",\"kind\":\"X\",\"metadata\":{\"name\":\"deep\"},\n" + before +
           "\"x\":" + std::string(levels, '[') + std::string(levels, ']') + "}\n";
  };
  const std::string b = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b"}})";
  EXPECT_EQ(told(of(deep(127, "") + b)), (Told{"1 v1/X/home/deep", "3 v1/ConfigMap/home/b"}));
  for (const auto levels : {std::size_t{128}, std::size_t{5'000}, std::size_t{20'000}}) {
    EXPECT_EQ(told(of(deep(levels, "\t") + b)),
              (Told{"3 v1/ConfigMap/home/b", "drift.manifest d.yaml:2:133: nested deeper than 128 levels"}))
        << levels;
  }
}

TEST(Documents, ThatAreNoObjectsAreNamed) {
  EXPECT_EQ(told(of("- a\n---\nhello\n---\n3\n---\n[1]\n---\n~\n---\nkind: ConfigMap\n---\napiVersion: "
                    "v1\nkind: ConfigMap\nmetadata:\n  generateName: x\n"
                    "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: 12\n")),
            (Told{"drift.manifest d.yaml:1: a document that is not an object",
                  "drift.manifest d.yaml:3: a document that is not an object",
                  "drift.manifest d.yaml:5: a document that is not an object",
                  "drift.manifest d.yaml:7: a document that is not an object",
                  "drift.manifest d.yaml:11: an object without apiVersion",
                  "drift.manifest d.yaml:13: an object without metadata.name",
                  "drift.manifest d.yaml:18: an object without metadata.name"}));
  EXPECT_EQ(told(of("a: *x\n")),
            (Told{"drift.manifest d.yaml:1:4: an alias (*) of an anchor that is not defined"}));
}

TEST(Documents, NamesThoseThatAreThereTwice) {
  const auto documents = of(config_map("a") + "---\n" + config_map("b") + "---\n" + config_map("a") +
                            "  namespace: home\ndata: {k: last}\n");
  EXPECT_EQ(
      told(documents),
      (Told{"1 v1/ConfigMap/home/a", "6 v1/ConfigMap/home/b", "11 v1/ConfigMap/home/a",
            "drift.duplicate d.yaml:11: v1/ConfigMap/home/a is declared a second time, first on line 1"}));
  EXPECT_EQ(documents.find("/ConfigMap/home/a"), &documents.all()[2]);
}

TEST(Documents, ReadsNoFurtherThanOneAtATime) {
  const auto path = testing::TempDir() + "assay-documents-" + std::to_string(::getpid()) + ".yaml";
  const std::string big(5U << 20, 'x');
  {
    std::ofstream file(path);
    for (int i = 0; i < 3; ++i)
      file << "---\n" << config_map("big" + std::to_string(i)) << "data:\n  k: \"" << big << i << "\"\n";
    file << "---\n"
         << "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"j\"},\"data\":{\"k\":\""
         << big << "\"}}\n";
    for (int i = 0; i < 20'000; ++i) file << "---\n" << config_map("c" + std::to_string(i));
  }
  const auto documents = Documents::of_file(path, *schema(), "home");
  ASSERT_TRUE(documents);
  ASSERT_EQ(documents->all().size(), 20'004U);
  EXPECT_TRUE(documents->problems().empty());
  EXPECT_EQ(documents->all()[3].id.name, "j");
  EXPECT_EQ(documents->all()[20'003].id.name, "c19999");
  std::string text;
  Arena arena;
  const auto two = documents->read(documents->all()[2], text, arena);
  ASSERT_TRUE(two);
  EXPECT_EQ(two->find({"data", "k"})->text().size(), big.size() + 1);
  EXPECT_EQ(read(*documents, 20'003),
            R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c19999"}})");
  std::filesystem::remove(path);
  const auto missing = Documents::of_file(path + ".none", *schema(), "home");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, "file.missing");
}

TEST(Documents, SayWhereTheyCannotBeRead) {
  const auto documents = of("# c\n---\n" + config_map("a") + "data:\n  k: 1\n  k: 2\n---\n" +
                            config_map("b") + "data:\n\tk: 1\n");
  ASSERT_EQ(documents.all().size(), 1U);
  EXPECT_EQ(read(documents, 0), "error: d.yaml:9:3: the key k stands twice, first on line 8");
  ASSERT_EQ(documents.problems().size(), 1U);
  EXPECT_EQ(documents.problems()[0].message,
            "d.yaml:16:1: not YAML: while scanning for the next token, found character that cannot start any "
            "token");
}

}  // namespace
}  // namespace assay::drift

// What is filled in, what may not be, and how much.
#include <fmt/format.h>

#include "tests/engine/loader_fixture.h"

namespace assay {
namespace {

class VariablesTest : public test::LoaderFixture {
 protected:
  static std::string tcp(const std::string& address, const std::string& more = "") {
    return "  - {id: a, probe: tcp, with: {address: '" + address + "'}" + more + "}\n";
  }
};
using test::expect_has;

}  // namespace

TEST_F(VariablesTest, UseEachOtherInAnyOrder) {
  const Loaded loaded =
      load_text(suite(tcp("${a}"), "vars: {a: '${b}', b: '${c}:1', c: {default: '${d}'}, d: host}\n"));
  ASSERT_TRUE(loaded.ok) << problems_of(loaded);
  EXPECT_EQ(loaded.plan.checks[0].with.get("address"), "host:1");
}

TEST_F(VariablesTest, GivenValuesMayUseThemToo) {
  const Loaded loaded = load_text(suite(tcp("${a}"), "vars: {a: x, host: y}\n"), {"a=${host}:2", "host=z"});
  ASSERT_TRUE(loaded.ok) << problems_of(loaded);
  EXPECT_EQ(loaded.plan.checks[0].with.get("address"), "z:2");
  expect_has(problems_of(suite(tcp("${a}"), "vars: {a: x}\n"), {"a=${nope}"}), "there is no variable nope");
}

TEST_F(VariablesTest, ACircleIsNamed) {
  const std::string text =
      problems_of(suite(tcp("${a}"), "vars:\n  a: '${b}'\n  b: 'x${c}'\n  c: ['${a}']\n"));
  expect_has(text, "suite.yaml:4:3: error: variables that need each other in a circle: a -> b -> c -> a");
  expect_has(problems_of(suite(tcp("h:1"), "vars: {a: '${a}'}\n")), "circle: a -> a");
  EXPECT_FALSE(load_text(suite(tcp("h:1"), "vars: {a: '${a}'}\n"), {}, true).ok);
}

TEST_F(VariablesTest, AChainAsLongAsTheFile) {
  constexpr int kLinks = 50'000;
  std::string vars = "vars:\n";
  for (int i = 0; i < kLinks; ++i) vars += fmt::format("  v{}: '${{v{}}}'\n", i, i + 1);
  vars += fmt::format("  v{}: 'h:1'\n", kLinks);
  const Loaded loaded = load_text(suite(tcp("${v0}"), vars));
  ASSERT_TRUE(loaded.ok) << problems_of(loaded);
  EXPECT_EQ(loaded.plan.checks[0].with.get("address"), "h:1");
}

TEST_F(VariablesTest, FewLinesDoNotBecomeGigabytes) {
  std::string texts = "vars:\n  v0: xxxxxxxxxx\n";
  std::string lists = "vars:\n  v0: [x, x, x, x, x, x, x, x, x, x]\n";
  std::string deep = "vars:\n  v0: x\n";
  for (int i = 1; i < 30; ++i) {
    std::string ten;
    for (int n = 0; n < 10; ++n) ten += fmt::format("{}${{v{}}}", n == 0 ? "" : ", ", i - 1);
    texts += fmt::format("  v{}: '{}'\n", i, ten);
    lists += fmt::format("  v{}: ['{}']\n", i, fmt::format("${{v{}}}', '${{v{}}}", i - 1, i - 1));
  }
  for (int i = 1; i < 200; ++i) deep += fmt::format("  v{}: ['${{v{}}}']\n", i, i - 1);
  expect_has(problems_of(suite(tcp("h:1"), texts)), "MiB of text once variables and matrices are filled in");
  expect_has(problems_of(suite(tcp("h:1"), lists)), "the file has more than 1000000 nodes");
  expect_has(problems_of(suite(tcp("h:1"), deep)), "nested deeper than 100 levels");
}

TEST_F(VariablesTest, AMatrixOfLargeValuesIsBounded) {
  std::string values;
  for (int i = 0; i < 2'000; ++i) values += fmt::format("{}v{}", i == 0 ? "" : ", ", i);
  const std::string large = "[" + std::string(40'000, 'x') + "]";
  expect_has(problems_of(suite("  - {id: a, probe: command, matrix: {n: [" + values +
                                   "]}, with: {argv: ['${n}', '${large[0]}']}}\n",
                               "vars: {large: " + large + "}\n")),
             "MiB of text");
  expect_has(problems_of(suite("  - {id: a, probe: command, matrix: {n: [" + values + "], m: [" + values +
                               "]}, with: {argv: ['${n}', '${m}']}}\n")),
             "more than 10000 combinations");
  std::string thousand;
  for (int i = 0; i < 1'000; ++i) thousand += fmt::format("{}v{}", i == 0 ? "" : ", ", i);
  expect_has(problems_of(suite("  - {id: a, probe: command, matrix: {n: [" + thousand +
                                   "], m: '${large}'}, with: {argv: ['${n}']}}\n",
                               "vars: {large: [[" + thousand + "], [" + thousand + "]]}\n")),
             "more than 1000000 nodes");
}

TEST_F(VariablesTest, ALiteralDollarBraceFitsTextsOnly) {
  const std::string text = problems_of(suite(tcp("h:1", ", timeout: '$${t}'")));
  expect_has(text, "suite.yaml:4:");
  expect_has(text, "timeout is the text \"${t}\"");
  expect_has(problems_of(suite(tcp("$${x}"))), "address is the text \"${x}\"");
  expect_has(problems_of(suite(tcp("h:1", ", expect: {connected: '$${x}'}"))), "connected is true or false");
  expect_has(problems_of(suite(tcp("h:1"), "defaults: {timeout: '$${t}'}\n")), "timeout is the text");
  expect_has(problems_of(suite(tcp("h:1", ", matrix: {n: '$${x}'}"))), "nothing would be checked");
}

TEST_F(VariablesTest, LintLetsAVariableWithoutAValuePass) {
  const std::string text =
      suite(tcp("${a}", ", timeout: '${t}', matrix: {n: '${list}'}, when: {n: {ge: 2}}") +
                "  - {id: b, probe: tcp, matrix: {n: [1, 2]}, needs: [a], with: {address: 'h:1'}}\n",
            "vars: {a: {required: true}, t: {required: true}, list: {required: true}}\n"
            "defaults: {timeout: '${t}'}\ndeadline: '${t}'\n");
  const Loaded linted = load_text(text, {}, true);
  EXPECT_TRUE(linted.ok) << problems_of(linted);
  EXPECT_FALSE(load_text(text).ok);
}

TEST_F(VariablesTest, AKeyThatIsFilledInMustNotStandTwice) {
  expect_has(
      problems_of(suite("  - {id: a, probe: http, with: {url: 'http://h/', headers: {x: a, '${k}': b}}}\n",
                        "vars: {k: x}\n")),
      "the key x stands twice");
}

TEST_F(VariablesTest, ADeclarationIsHeldAgainstItsTable) {
  expect_has(problems_of(suite(tcp("h:1"), "vars: {a: {required: 'yes'}}\n")),
             "required takes true or false");
}

}  // namespace assay

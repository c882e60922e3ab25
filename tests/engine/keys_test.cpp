// The keys of a check beside its parameters and expectations: when, matrix, needs, times, dates.
#include <fmt/format.h>

#include "tests/engine/loader_fixture.h"

namespace assay {
namespace {

class KeysTest : public test::LoaderFixture {
 protected:
  static std::string tcp(const std::string& id, const std::string& more = "") {
    return "  - {id: " + id + ", probe: tcp, with: {address: 'h:1'}" + (more.empty() ? "" : ", " + more) +
           "}\n";
  }
};
using test::expect_has;

}  // namespace

TEST_F(KeysTest, AMalformedWhenIsAProblemAndNoMore) {
  for (const char* matcher : {"{matches: 5}", "{between: 5}", "{one_of: 5}", "{count: {between: 1}}",
                              "{all: {matches: 3}}", "{matches: '('}", "{present: 3}", "{gt: 1, foo: 2}"}) {
    const Loaded loaded =
        load_text(suite(tcp("a", fmt::format("when: {{x: {}}}", matcher)), "vars: {x: [a]}\n"));
    EXPECT_FALSE(loaded.ok) << matcher;
    expect_has(problems_of(loaded), "suite.yaml:5:");
  }
}

TEST_F(KeysTest, AWhenThatCannotBeComparedDoesNotLoad) {
  const std::string text =
      problems_of(suite(tcp("a", "when: {replicas: {ge: 2}}"), "vars: {replicas: three}\n"));
  expect_has(text, "suite.yaml:5:");
  expect_has(text, "when: nobody can tell whether replicas is ge 2: it is \"three\"");
  // Another matcher that says no does not hide it.
  expect_has(problems_of(suite(tcp("a", "when: {mode: ha, replicas: {ge: 2}}"),
                               "vars: {mode: small, replicas: three}\n")),
             "nobody can tell");
}

TEST_F(KeysTest, ANeedWithoutAnInstanceThatAgreesDoesNotLoad) {
  const std::string text =
      problems_of(suite(tcp("a", "matrix: {node: [1, 2]}") + tcp("b", "matrix: {node: [2, 3]}, needs: [a]")));
  expect_has(text, "suite.yaml:5:");
  expect_has(text, "s/b[node=3] needs a, and none of its checks has the same coordinates");
  EXPECT_EQ(text.find("s/b[node=2]"), std::string::npos);
}

TEST_F(KeysTest, AChainOfNeedsAsLongAsTheFile) {
  constexpr int kLinks = 30'000;
  std::string checks = tcp("c0");
  for (int i = 1; i < kLinks; ++i) checks += tcp(fmt::format("c{}", i), fmt::format("needs: [c{}]", i - 1));
  Loaded loaded = load_text(suite(checks));
  ASSERT_TRUE(loaded.ok) << problems_of(loaded);
  Selection last;
  last.only = {fmt::format("c{}", kLinks - 1)};
  EXPECT_TRUE(select(loaded.plan, last).empty());
  EXPECT_EQ(loaded.plan.checks.size(), std::size_t{kLinks});
}

TEST_F(KeysTest, ACircleOfNeedsIsNamed) {
  const std::string text = problems_of(
      suite(tcp("a") + tcp("z", "needs: [a, y]") + tcp("y", "needs: [x]") + tcp("x", "needs: [z]")));
  expect_has(text, "suite.yaml:5:");
  expect_has(text, "in a circle: z -> y -> x -> z");
}

TEST_F(KeysTest, DefaultsAreFilledInAndChecked) {
  const Loaded loaded = load_text(
      suite(tcp("a"),
            "vars: {t: 200ms, r: 2, u: 5s, labels: [x, y], here: local, cap: 3}\n"
            "defaults: {timeout: '${t}', retry: {times: '${r}', every: 20ms}, wait: {until: '${u}'}, "
            "tags: '${labels}', from: '${here}', perTarget: '${cap}'}\n"));
  ASSERT_TRUE(loaded.ok) << problems_of(loaded);
  const Check& check = loaded.plan.checks[0];
  EXPECT_EQ(check.timeout, std::chrono::milliseconds(200));
  EXPECT_EQ(check.retry.times, 2);
  ASSERT_TRUE(check.wait);
  EXPECT_EQ(check.wait->until, std::chrono::seconds(5));
  EXPECT_EQ(check.tags, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(loaded.per_target, 3);

  expect_has(problems_of(suite(tcp("a"), "vars: {t: 5}\ndefaults: {timeout: '${t}'}\n")),
             "suite.yaml:4:21: error: timeout takes a duration");
  expect_has(problems_of(suite(tcp("a"), "defaults: {timeout: '${t}'}\n")), "there is no variable t");
  expect_has(problems_of(suite(tcp("a"), "vars: {f: exec}\ndefaults: {from: '${f}'}\n")),
             "cannot stand at exec");
}

TEST_F(KeysTest, TimesMustBeTimes) {
  const std::string nines(400, '9');
  expect_has(problems_of(suite(tcp("a", "timeout: " + nines + "s"))), "timeout takes a duration");
  expect_has(problems_of(suite(tcp("a", "timeout: 0s"))), "a timeout is longer than nothing");
  expect_has(problems_of(suite(tcp("a"), "defaults: {timeout: 0s}\n")), "a timeout is longer than nothing");
  expect_has(problems_of(suite(tcp("a", "within: 0s"))), "within is longer than nothing");
  expect_has(problems_of(suite(tcp("a"), "deadline: 0s\n")), "suite.yaml:3:11: error: a deadline is longer");
  expect_has(problems_of(suite(tcp("a"), "vars: {d: soon}\ndeadline: '${d}'\n")),
             "deadline takes a duration");
  expect_has(problems_of(suite(tcp("a", "retry: {times: -1}"))), "retry.times is from 0 to 100, this is -1");
  expect_has(problems_of(suite(tcp("a", "retry: {times: 1000}"))), "retry.times is from 0 to 100");
  EXPECT_TRUE(load_text(suite(tcp("a", "retry: {times: 100}, timeout: 1h"))).ok);
}

TEST_F(KeysTest, KnownIsUntilADayOfTheCalendar) {
  for (const char* date :
       {"9999-99-99", "2026-02-29", "2026-13-01", "2026-00-10", "----------", "2026-1-01", "2026-01-01T"}) {
    expect_has(problems_of(suite(tcp("a", fmt::format("known: {{reason: r, until: '{}'}}", date)))),
               "known.until is a date (YYYY-MM-DD)");
  }
  EXPECT_TRUE(load_text(suite(tcp("a", "known: {reason: r, until: 2028-02-29}"))).ok);
}

TEST_F(KeysTest, TwoChecksMustNotHaveOneId) {
  const std::string text = problems_of(suite(tcp("a", "matrix: {n: [1, '1']}")));
  expect_has(text, "suite.yaml:4:");
  expect_has(text, "two checks have the id s/a[n=1]: {n: 1} and {n: \"1\"} of the matrix");
  expect_has(problems_of(suite(tcp("a", "matrix: {n: [x, x]}"))), "two checks have the id s/a[n=x]");
  expect_has(problems_of(suite(tcp("'${x}'") + tcp("a"), "vars: {x: a}\n")), "two checks have the id s/a");
  expect_has(problems_of(suite(tcp("'${x}'"), "vars: {x: a/b}\n")), "the id is a/b: a word");
}

}  // namespace assay

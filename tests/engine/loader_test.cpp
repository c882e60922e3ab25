#include <fmt/format.h>
#include <unistd.h>

#include "engine/schema.h"
#include "tests/engine/loader_fixture.h"

namespace assay {
namespace {

class LoaderTest : public test::LoaderFixture {};
using test::expect_has;

}  // namespace

TEST_F(LoaderTest, ASuiteBecomesChecks) {
  const Loaded loaded = load_text(
      suite("  - id: a\n    probe: tcp\n    with: {address: '${host}:80'}\n    timeout: 2s\n    tags: [x]\n"
            "  - id: b\n    probe: tcp\n    needs: [a]\n    with: {address: 'h:1'}\n    expect: {error.code: "
            "connect.refused}\n",
            "vars: {host: example.org}\n"));
  ASSERT_TRUE(loaded.ok) << (loaded.problems.empty() ? "" : loaded.problems[0].message);
  ASSERT_EQ(loaded.plan.checks.size(), 2U);
  const Check& a = loaded.plan.checks[0];
  EXPECT_EQ(a.id, "s/a");
  EXPECT_EQ(a.with.get("address"), "example.org:80");
  EXPECT_EQ(a.timeout, std::chrono::seconds(2));
  EXPECT_EQ(a.targets, std::vector<std::string>{"example.org:80"});
  EXPECT_TRUE(a.expect[0].is_default);
  EXPECT_EQ(loaded.plan.checks[1].needs, std::vector<std::string>{"s/a"});
  EXPECT_EQ(loaded.plan.checks[1].expect[0].line, 14U);
}

TEST_F(LoaderTest, EveryMessagePointsAtItsLineAndShowsIt) {
  const std::string text = problems_of(suite("  - id: a\n    probe: tcp\n    wth: {address: 'h:1'}\n"));
  expect_has(text, "suite.yaml:6:5: error: a check has no wth; did you mean with?");
  expect_has(text, "    6 |     wth: {address: 'h:1'}\n      |     ^");
}

TEST_F(LoaderTest, WhatDoesNotLoad) {
  expect_has(problems_of(""), "empty");
  expect_has(problems_of("just a text"), "a suite is a map");
  expect_has(problems_of("a: [1"), "not YAML");
  expect_has(problems_of("assay: 1\n"), "suite:");
  expect_has(problems_of("assay: 2\nsuite: s\nchecks: []\n"), "format version 2");
  expect_has(problems_of(suite("  - id: a\n    probe: tcp\n    id: b\n")), "stands twice");
  expect_has(problems_of(suite("  - id: a\n    probe: tpc\n")), "did you mean tcp?");
  expect_has(problems_of(suite("  - id: a\n    probe: tcp\n")), "tcp needs address");
  expect_has(
      problems_of(suite("  - id: a\n    probe: tcp\n    with: {address: '${hst}'}\n", "vars: {host: x}\n")),
      "did you mean host?");
  expect_has(problems_of(suite("  - id: a\n    probe: tcp\n    with: {address: 'no such'}\n")),
             "address takes an address");
  expect_has(problems_of(suite("  - id: a\n    probe: tcp\n    with: {address: 'h:1'}\n    timeout: 5\n")),
             "timeout takes a duration");
  expect_has(problems_of(suite("  - id: a\n    probe: tcp\n    with: {address: 'h:1'}\n    expect: {}\n")),
             "expects nothing");
  expect_has(
      problems_of(suite("  - id: a\n    probe: tcp\n    with: {address: 'h:1'}\n    defaults: none\n")),
      "expects nothing");
  expect_has(problems_of(suite(
                 "  - id: a\n    probe: tcp\n    with: {address: 'h:1'}\n    expect: {conected: true}\n")),
             "did you mean connected?");
  expect_has(
      problems_of(
          suite("  - id: a\n    probe: tcp\n    with: {address: 'h:1'}\n    expect: {connected: {gt: 3}}\n")),
      "no order");
  expect_has(problems_of(suite(
                 "  - id: a\n    probe: tcp\n    with: {address: 'h:1'}\n    from: {exec: {pod: p}}\n")),
             "cannot stand at exec");
  expect_has(problems_of(suite("  - id: a\n    probe: tcp\n    with: {address: 'h:1'}\n    needs: [b]\n  - "
                               "id: b\n    probe: tcp\n    with: {address: 'h:1'}\n    needs: [a]\n")),
             "circle");
  expect_has(problems_of(suite("  - id: a\n    probe: tcp\n    with: {address: 'h:1'}\n    needs: [aa]\n")),
             "there is no check aa");
  expect_has(problems_of(suite("  - id: a\n    probe: tcp\n    with: {address: 'h:1'}\n",
                               "vars: {x: {required: true}}\n")),
             "has no value");
  expect_has(problems_of(suite("  - id: a\n    probe: tcp\n    with: {address: 'h:1'}\n"), {"y=1"}),
             "no suite here declares");
  expect_has(
      problems_of(suite("  - id: a\n    probe: tcp\n    matrix: {n: []}\n    with: {address: 'h:1'}\n")),
      "empty list");
  expect_has(problems_of(
                 suite("  - id: a\n    probe: tcp\n    use: pgg\n", "connections: {pg: {address: 'h:1'}}\n")),
             "did you mean pg?");
}

TEST_F(LoaderTest, AnExactVariableTakesItsType) {
  const Loaded loaded =
      load_text(suite("  - id: a\n    probe: tcp\n    with: {address: '${list[1]}', tls: '${tls}'}\n    "
                      "expect: {tls.names: {count: '${n}'}}\n",
                      "vars: {list: ['a:1', 'b:2'], tls: {ca: /x.pem}, n: 3}\n"));
  ASSERT_TRUE(loaded.ok) << loaded.problems[0].message;
  EXPECT_EQ(loaded.plan.checks[0].with.get("address"), "b:2");
  EXPECT_TRUE(loaded.plan.checks[0].with.find("tls")->is_object());
  EXPECT_EQ(loaded.plan.checks[0].expect[0].matcher, Value::object({{"count", 3}}));
}

TEST_F(LoaderTest, ALiteralDollarBrace) {
  const Loaded loaded =
      load_text(suite("  - id: a\n    probe: command\n    with: {argv: [echo, '$${x}']}\n"));
  ASSERT_TRUE(loaded.ok) << loaded.problems[0].message;
  EXPECT_EQ(loaded.plan.checks[0].with.find("argv")->items()[1], Value("${x}"));
}

TEST_F(LoaderTest, AMatrixIsACheckForEveryCombinationAndNeedsFollowSharedKeys) {
  const Loaded loaded =
      load_text(suite("  - id: a\n    probe: tcp\n    matrix: {h: [x, y]}\n    with: {address: '${h}:1'}\n"
                      "  - id: b\n    probe: tcp\n    matrix: {h: [x, y], p: [1, 2]}\n    needs: [a]\n    "
                      "with: {address: '${h}:${p}'}\n"
                      "  - id: c\n    probe: tcp\n    needs: [a]\n    with: {address: 'z:1'}\n"));
  ASSERT_TRUE(loaded.ok) << loaded.problems[0].message;
  ASSERT_EQ(loaded.plan.checks.size(), 7U);
  EXPECT_EQ(loaded.plan.checks[2].id, "s/b[h=x,p=1]");
  EXPECT_EQ(loaded.plan.checks[2].needs, std::vector<std::string>{"s/a[h=x]"});
  EXPECT_EQ(loaded.plan.checks[6].needs.size(), 2U);
}

TEST_F(LoaderTest, WhenSkipsWithItsReasonEvenWhereTheMatrixIsEmpty) {
  const Loaded loaded =
      load_text(suite("  - id: a\n    probe: tcp\n    when: {mode: ha}\n    matrix: {h: '${nodes}'}\n    "
                      "with: {address: '${h}'}\n",
                      "vars: {mode: small, nodes: []}\n"));
  ASSERT_TRUE(loaded.ok) << loaded.problems[0].message;
  ASSERT_EQ(loaded.plan.checks.size(), 1U);
  expect_has(loaded.plan.checks[0].skip, "when: mode is \"small\"");
}

TEST_F(LoaderTest, AValueThatWhenRulesOutNeedNotFit) {
  const std::string vars = "vars: {host: '', hosts: []}\n";
  const Loaded loaded = load_text(
      suite("  - id: a\n    probe: tcp\n    when: {host: {ne: ''}}\n    with: {address: '${host}'}\n"
            "  - id: b\n    probe: tcp\n    when: {host: {ne: ''}}\n    with: {address: '${hosts}'}\n",
            vars));
  ASSERT_TRUE(loaded.ok) << loaded.problems[0].message;
  EXPECT_FALSE(loaded.plan.checks[1].skip.empty());
  // What is wrong as it stands is wrong in a skipped check, too.
  EXPECT_FALSE(
      load_text(
          suite("  - id: a\n    probe: tcp\n    when: {host: {ne: ''}}\n    with: {addres: '${host}'}\n",
                vars))
          .ok);
}

TEST_F(LoaderTest, ExpectReplacesTheSamePathOfTheDefaultsOnly) {
  const Loaded loaded =
      load_text(suite("  - id: a\n    probe: command\n    with: {argv: ['false']}\n    expect: {exit_code: "
                      "1, stdout: ''}\n"));
  ASSERT_TRUE(loaded.ok) << loaded.problems[0].message;
  int exit_codes = 0;
  for (const Expectation& e : loaded.plan.checks[0].expect) exit_codes += e.path == "exit_code" ? 1 : 0;
  EXPECT_EQ(exit_codes, 1);
}

TEST_F(LoaderTest, IncludesTakeWholeFilesOrTagsWithWhatTheyNeed) {
  write("base.yaml",
        "assay: 1\nsuite: base\nchecks:\n"
        "  - {id: a, probe: tcp, with: {address: 'h:1'}}\n"
        "  - {id: b, probe: tcp, with: {address: 'h:1'}, needs: [a], tags: [smoke]}\n"
        "  - {id: c, probe: tcp, with: {address: 'h:1'}}\n");
  const Loaded some = load_text("assay: 1\nsuite: s\ninclude: [{file: base.yaml, tags: [smoke]}]\n");
  ASSERT_TRUE(some.ok) << some.problems[0].message;
  EXPECT_EQ(some.plan.checks.size(), 2U);
  const Loaded whole = load_text("assay: 1\nsuite: s\ninclude: [base.yaml]\n");
  EXPECT_EQ(whole.plan.checks.size(), 3U);
  const Loaded folder = load({{folder_}, {}, {}, false}, probes_);
  EXPECT_TRUE(folder.ok);
  EXPECT_EQ(folder.plan.checks.size(), 3U);
}

TEST_F(LoaderTest, ValuesFilesAndSetsWinInTheirOrder) {
  const std::string file =
      write("suite.yaml",
            suite("  - id: a\n    probe: tcp\n    with: {address: '${a}:${b}'}\n", "vars: {a: x, b: 1}\n"));
  const std::string values = write("v.yaml", "a: from-file\nb: 2\nunused: 3\n");
  const Loaded loaded = load({{file}, {values}, {"b=3"}, false}, probes_);
  ASSERT_TRUE(loaded.ok) << loaded.problems[0].message;
  EXPECT_EQ(loaded.plan.checks[0].with.get("address"), "from-file:3");
}

TEST_F(LoaderTest, ALargeFileIsRefusedUnread) {
  const std::string path = write("suite.yaml", "");
  std::filesystem::resize_file(path, 50 << 20);
  const Loaded loaded = load({{path}, {}, {}, false}, probes_);
  ASSERT_FALSE(loaded.ok);
  expect_has(loaded.problems[0].message, "larger than");
}

TEST_F(LoaderTest, ASecretThatIsWrittenInAFileIsAWarning) {
  const Loaded loaded =
      load_text(suite("  - id: a\n    probe: redis.ping\n    with: {address: 'h:1', password: hunter2}\n"));
  EXPECT_TRUE(loaded.ok);
  ASSERT_EQ(loaded.problems.size(), 1U);
  EXPECT_TRUE(loaded.problems[0].warning);
}

TEST_F(LoaderTest, SelectionTakesWhatIsNeededAndNamesWhatMatchesNothing) {
  Plan plan = load_text(suite("  - {id: a, probe: tcp, with: {address: 'h:1'}}\n"
                              "  - {id: b, probe: tcp, with: {address: 'h:1'}, needs: [a], tags: [smoke]}\n"
                              "  - {id: c, probe: tcp, with: {address: 'h:1'}, tags: [slow]}\n"))
                  .plan;
  Plan smoke = plan;
  EXPECT_TRUE(select(smoke, {{"smoke"}, {}, {}, false}).empty());
  EXPECT_EQ(smoke.checks.size(), 2U);
  Plan typo = plan;
  EXPECT_EQ(select(typo, {{"smok"}, {}, {}, false}), std::vector<std::string>{"--tag smok"});
  EXPECT_TRUE(typo.checks.empty());
  Plan only = plan;
  EXPECT_TRUE(select(only, {{}, {}, {"c"}, false}).empty());
  ASSERT_EQ(only.checks.size(), 1U);
  EXPECT_EQ(only.checks[0].id, "s/c");
}

TEST_F(LoaderTest, ReadOnlySkipsWriters) {
  Plan plan = load_text(suite("  - {id: a, probe: redis.roundtrip, with: {address: 'h:1'}}\n")).plan;
  select(plan, {{}, {}, {}, true});
  expect_has(plan.checks[0].skip, "--read-only");
}

TEST_F(LoaderTest, AMissingIncludeShowsTheLineThatNamesIt) {
  const std::string text = problems_of("assay: 1\nsuite: s\ninclude: [nope.yaml]\n");
  expect_has(text, "suite.yaml:3:11: error: ");
  expect_has(text, "nope.yaml: cannot be read: No such file or directory (included)");
  expect_has(text, "    3 | include: [nope.yaml]");
}

TEST_F(LoaderTest, WhatCannotBeReadBelowAFolderIsNamedAndHidesNothingElse) {
  write("z.yaml", suite("  - {id: a, probe: tcp, with: {address: 'h:1'}}\n"));
  std::filesystem::create_symlink(folder_ + "/gone", folder_ + "/a.yaml");
  const Loaded dangling = load({{folder_}, {}, {}, false}, probes_);
  EXPECT_FALSE(dangling.ok);
  expect_has(problems_of(dangling), "a.yaml: error: cannot be read");
  EXPECT_EQ(dangling.plan.checks.size(), 1U);
  std::filesystem::remove(folder_ + "/a.yaml");

  std::filesystem::permissions(folder_, std::filesystem::perms(0755));
  std::filesystem::create_directory(folder_ + "/closed");
  std::filesystem::permissions(folder_ + "/closed", std::filesystem::perms(0));
  const bool root = ::geteuid() == 0;  // who may read everything: then be somebody else for a moment
  ASSERT_EQ(root ? ::seteuid(65534) : 0, 0);
  const Loaded closed = load({{folder_}, {}, {}, false}, probes_);
  ASSERT_EQ(root ? ::seteuid(0) : 0, 0);
  EXPECT_FALSE(closed.ok);
  expect_has(problems_of(closed), "/closed: cannot be read: Permission denied");
  EXPECT_EQ(closed.plan.checks.size(), 1U);
}

TEST_F(LoaderTest, AnAddressNeedsAPortWhereTheProbeHasNone) {
  for (const char* probe : {"tcp", "tls", "grpc.health"}) {
    expect_has(problems_of(suite(fmt::format("  - {{id: a, probe: {}, with: {{address: h}}}}\n", probe))),
               "address takes an address with its port");
  }
  EXPECT_TRUE(load_text(suite("  - {id: a, probe: redis.ping, with: {address: h}}\n"
                              "  - {id: b, probe: postgres.ready, with: {address: [h, 'h:1']}}\n"
                              "  - {id: c, probe: kafka.cluster, with: {brokers: 'h,i'}}\n"
                              "  - {id: d, probe: sentinel.master, with: {sentinels: [h]}}\n"
                              "  - {id: e, probe: dns, with: {name: x, server: 127.0.0.1}}\n"))
                  .ok);
}

TEST(Schema, TheCheckedInOneIsCurrent) {
  std::ifstream file(ASSAY_SOURCE_DIR "/suites/suite.schema.json");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_EQ(text, to_json(suite_schema(offered_probes()), 2) + "\n")
      << "make it again: assay schema > suites/suite.schema.json";
}

// Wherever it stands; a reference is worth no word. The value itself is only in the line that is shown.
TEST_F(LoaderTest, ASecretInTheFileIsWorthAWarning) {
  const auto warns = [&](const std::string& checks, const std::string& head, const std::string& field) {
    const Loaded loaded = load_text(suite(checks, head));
    EXPECT_TRUE(loaded.ok) << problems_of(loaded);
    const std::string told = problems_of(loaded);
    const bool said = told.find("warning: " + field + " is written in the file") != std::string::npos;
    return field.empty() ? told.empty() : said;
  };
  EXPECT_TRUE(warns("  - {id: a, probe: redis.ping, with: {address: 'a:1', password: a-real-one}}\n", "",
                    "password"));
  EXPECT_TRUE(warns("  - {id: a, probe: redis.ping, with: {address: 'a:1', password: {env: P}}}\n", "", ""));
  EXPECT_TRUE(
      warns("  - {id: a, probe: http, with: {url: 'http://a/', headers: {Authorization: Bearer abcdefgh}}}\n",
            "", "headers.Authorization"));
  EXPECT_TRUE(
      warns("  - {id: a, probe: http, with: {url: 'http://a/', headers: {Accept: text/html}}}\n", "", ""));
  EXPECT_TRUE(warns("  - {id: a, probe: http, with: {url: 'http://a/?token=abcdefgh'}}\n", "", "url"));
  EXPECT_TRUE(
      warns("  - {id: a, probe: redis.ping, with: {address: 'a:1', password: {vault: {use: v, path: p, key: "
            "k}}}}\n",
            "connections: {v: {url: 'http://v', token: hvs.literal}}\n", "password.vault.token"));
  EXPECT_TRUE(
      warns("  - {id: a, probe: redis.ping, with: {address: 'a:1', password: {vault: {use: v, path: p, key: "
            "k}}}}\n",
            "connections: {v: {url: 'http://v', token: {env: T}}}\n", ""));
}

// It was once told only by the run, as a secret that could not be resolved.
TEST_F(LoaderTest, AReferenceThatNamesNothingIsRefused) {
  const auto problems = [&](const std::string& reference) {
    return problems_of(
        suite("  - {id: a, probe: redis.ping, with: {address: 'a:1', password: " + reference + "}}\n"));
  };
  const std::string number = problems("{env: 5}");
  expect_has(number, "env takes the name of a variable (a text), this is an integer (5)");
  expect_has(number, "suite.yaml:4:");
  expect_has(problems("{file: [x]}"), "file takes the name of a file (a text), this is a list");
  expect_has(problems("{env: ''}"), "env takes the name of a variable");
  expect_has(problems("{secret: {name: s}}"), "a reference to a Secret is");
  EXPECT_EQ(problems("{env: FIVE}"), "");
  EXPECT_EQ(problems("{secret: {name: s, key: k}}"), "");
  // A list is written out; a reference in its place once gave an empty one.
  expect_has(problems_of(suite("  - {id: a, probe: command, with: {argv: {env: X}}}\n")),
             "argv takes a list of texts");
}

}  // namespace assay

#include <gtest/gtest.h>

#include <limits>

#include "reporters/reporter.h"
#include "tests/support/sample_run.h"
#include "tests/support/tool.h"

namespace assay {
namespace {

std::string junit(const std::vector<Record>& records) { return render(*find_reporter("junit"), records); }

testing::AssertionResult validates(const std::string& text) {
  const auto result = test::run_tool({"xmllint", "--noout", "--huge", "--schema",
                                      std::string(ASSAY_SOURCE_DIR) + "/reporters/junit.xsd", "-"},
                                     text);
  return result.exit_code == 0 ? testing::AssertionSuccess()
                               : testing::AssertionFailure() << result.output.substr(0, 2000);
}

// What Debian's junitparser reads, with the interpreter that it is packaged for: the counts that it finds by
// itself and those that the file states, then each case with its result.
std::string parsed(const std::string& text) {
  static constexpr const char* kScript = R"py(
import sys
from junitparser import JUnitXml
xml = JUnitXml.fromstring(sys.stdin.buffer.read())
stated = [(s.name, s.tests, s.failures, s.errors, s.skipped, s.time) for s in xml]
for s in xml:
    s.update_statistics()
print("counts", "agree" if stated == [(s.name, s.tests, s.failures, s.errors, s.skipped, s.time) for s in xml] else "differ")
for suite in xml:
    names = set()
    for case in suite:
        assert case.name not in names, case.name
        names.add(case.name)
        print(suite.name[:20], case.name[:20], [type(r).__name__ + ":" + (r.type or "") for r in case.result], bool(case.system_out))
)py";
  const auto result = test::run_tool({"/usr/bin/python3", "-c", kScript}, text);
  return result.exit_code == 0 ? result.output
                               : "exit " + std::to_string(result.exit_code) + ": " + result.output;
}

TEST(Junit, Golden) {
  const std::string text = junit(test::sample_run());
  test::expect_golden("junit.xml", text);
  EXPECT_TRUE(validates(text));
}

TEST(Junit, IsReadAsItIsMeant) {
  EXPECT_EQ(parsed(junit(test::sample_run())),
            "counts agree\n"
            "soma-local redis [] True\n"
            "soma-local redis-role ['Failure:expect.mismatch'] True\n"
            "soma-local postgres ['Failure:connect.refused'] True\n"
            "soma-local prometheus-query ['Failure:expect.slow'] True\n"
            "soma-local vault-token ['Error:secret.unresolved'] True\n"
            "soma-local vault-kv ['Skipped:need'] False\n"
            "soma-local kafka-roundtrip [] True\n"
            "soma-local kafka-topic [] True\n"
            "soma-local redis-memory [] True\n"
            "soma-local vault-tls [] True\n"
            "soma-local sentinel[node=a] [] True\n"
            "soma-local sentinel[node=b] ['Failure:expect.mismatch'] True\n"
            "soma-local repmgr ['Skipped:when'] False\n"
            "soma-local redis-roundtrip ['Skipped:read-only'] False\n"
            "soma-smoke grafana ['Skipped:budget'] False\n"
            "soma-smoke opa [] True\n");
}

TEST(Junit, HostileTextLosesNothing) {
  const std::string text = junit(test::hostile_run());
  test::expect_golden("junit-hostile.xml", text);
  EXPECT_TRUE(validates(text));
  const std::string read = parsed(text);
  EXPECT_TRUE(read.starts_with("counts agree\n")) << read;
  EXPECT_NE(read.find("Error:secret.unresolved"), std::string::npos) << read;
  // The two twins are told apart.
  EXPECT_NE(read.find("twin \xEF\xBF\xBD ["), std::string::npos) << read;
  EXPECT_NE(read.find("twin \xEF\xBF\xBD (2) ["), std::string::npos) << read;
  EXPECT_EQ(text.find("[[ATTACHMENT"), std::string::npos);
}

TEST(Junit, ARunThatWasCutOffIsNotGreen) {
  auto records = test::sample_run();
  records.resize(2);
  const std::string text = junit(records);
  EXPECT_TRUE(validates(text));
  EXPECT_NE(parsed(text).find("assay-run complete ['Error:run.incomplete']"), std::string::npos)
      << parsed(text);
  const std::string nothing = junit({});
  EXPECT_TRUE(validates(nothing));
  EXPECT_NE(parsed(nothing).find("['Error:run.incomplete']"), std::string::npos);
}

// Numbers that no run writes come from a journal that somebody has changed.
TEST(Junit, ATimeWithoutMeasureIsBounded) {
  auto records = test::sample_run();
  for (Record& record : records) {
    if (record.kind != kind::attempt) continue;
    record.body["took"] = 1e300;
    record.body["attempt"] = std::numeric_limits<std::int64_t>::max();
  }
  const std::string text = junit(records);
  EXPECT_TRUE(validates(text));
  EXPECT_NE(text.find("time=\"4000000000.000\""), std::string::npos);
  EXPECT_EQ(text.find("time=\"-"), std::string::npos);
}

TEST(Junit, StaysBelowGitLabsLimit) {
  for (const auto& [count, bytes] : {std::pair<int, std::size_t>{2, 2U << 20}, {500, 20'000}, {5000, 200}}) {
    const std::string text = junit(test::large_run(count, bytes));
    EXPECT_LT(text.size(), 30'000'000U) << count << " checks";
    EXPECT_TRUE(validates(text));
  }
}

TEST(Junit, ShowsTheAttemptsBeforeAFlakyPass) {
  const std::string text = junit(test::sample_run());
  EXPECT_NE(text.find("<flakyFailure message=\"no acknowledgement within 1s\" type=\"deadline\">"),
            std::string::npos);
  // A check that polled is one case, and a failing one has no repetitions.
  EXPECT_EQ(text.find("rerun"), std::string::npos);
}

}  // namespace
}  // namespace assay

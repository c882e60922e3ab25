#include <gtest/gtest.h>

#include "reporters/reporter.h"
#include "tests/support/sample_run.h"
#include "tests/support/tool.h"

namespace assay {
namespace {

std::string metrics(const std::vector<Record>& records) { return render(*find_reporter("metrics"), records); }

TEST(Metrics, Golden) { test::expect_golden("metrics.prom", metrics(test::sample_run())); }

TEST(Metrics, GoldenHostile) { test::expect_golden("metrics-hostile.prom", metrics(test::hostile_run())); }

TEST(Metrics, AreAcceptedByPromtool) {
  for (const auto& records :
       {test::sample_run(), test::hostile_run(), test::large_run(300, 10), std::vector<Record>{}}) {
    const auto result = test::run_tool({"promtool", "check", "metrics"}, metrics(records));
    EXPECT_EQ(result.exit_code, 0) << result.output;
    EXPECT_EQ(result.output, "");
  }
}

TEST(Metrics, HaveTheRunsTime) {
  const std::string text = metrics(test::sample_run());
  EXPECT_NE(text.find("assay_run_start_timestamp_seconds 1769847300\n"), std::string::npos);
  EXPECT_NE(text.find("assay_check_verdict{suite=\"soma-local\",check=\"sentinel[node=b]\",probe=\"sentinel."
                      "master\",verdict=\"fail\"} 1\n"),
            std::string::npos);
}

}  // namespace
}  // namespace assay

#include "reporters/console.h"

#include <gtest/gtest.h>

#include <sstream>

#include "tests/support/sample_run.h"

namespace assay {
namespace {

std::string console(const std::vector<Record>& records, ReportOptions options = {}) {
  return render(*find_reporter("text"), records, options);
}

TEST(Console, Golden) { test::expect_golden("console.txt", console(test::sample_run())); }

TEST(Console, GoldenVerbose) {
  ReportOptions options;
  options.verbose = true;
  test::expect_golden("console-verbose.txt", console(test::sample_run(), options));
}

TEST(Console, GoldenColor) {
  ReportOptions options;
  options.color = true;
  options.width = 100;
  test::expect_golden("console-color.txt", console(test::sample_run(), options));
}

TEST(Console, GoldenHostile) { test::expect_golden("console-hostile.txt", console(test::hostile_run())); }

TEST(Console, QuietLeavesTheFailuresAndTheTotals) {
  ReportOptions options;
  options.quiet = true;
  const std::string text = console(test::sample_run(), options);
  EXPECT_NE(text.find("fail  soma-local/redis-role"), std::string::npos);
  EXPECT_NE(text.find("16 checks: 5 passed (1 flaky), 4 failed"), std::string::npos);
  EXPECT_EQ(text.find("slowest"), std::string::npos);
  EXPECT_EQ(text.find("flaky soma-local/kafka"), std::string::npos);
  EXPECT_EQ(text.find("\nskipped ("), std::string::npos);
}

// Colours change nothing but colours.
TEST(Console, ColorAddsNothingButEscapeCodes) {
  ReportOptions options;
  options.color = true;
  options.width = 400;
  std::string text = console(test::sample_run(), options);
  for (auto at = text.find('\x1b'); at != std::string::npos; at = text.find('\x1b'))
    text.erase(at, text.find('m', at) - at + 1);
  // Trailing blanks of empty labels are cut only where there are no codes behind them.
  std::istringstream lines(text);
  std::string plain;
  for (std::string line; std::getline(lines, line);)
    plain += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  EXPECT_EQ(plain, console(test::sample_run()));
}

TEST(Console, NoLineIsACommandForACiSystem) {
  ReportOptions options;
  options.verbose = true;
  std::istringstream lines(console(test::hostile_run(), options));
  for (std::string line; std::getline(lines, line);) {
    // GitHub's runner trims a line before it looks for "::", and looks for "##[" anywhere; Azure does for
    // "##vso[".
    const auto start = line.find_first_not_of(" \t");
    EXPECT_FALSE(start != std::string::npos && line.substr(start).starts_with("::")) << line;
    EXPECT_EQ(line.find("##["), std::string::npos) << line;
    EXPECT_EQ(line.find("##vso["), std::string::npos) << line;
    EXPECT_EQ(line.find("##teamcity["), std::string::npos) << line;
  }
}

TEST(Console, ACaretStandsBelowItsColumn) {
  Check check;
  check.id = "s/c";
  check.file = "s.yaml";
  check.expect = {{"naïve", Value(1), false, 3, 21, "      expect: {'naïve': 1, b: 2}"}};
  CheckResult result;
  result.check = check;
  AttemptFacts attempt;
  attempt.observation = Value::object({{"naïve", 2}});
  result.attempts = {attempt};
  result.judgement = judge_check(check, result.attempts, nullptr, "2026-01-31");
  const std::string text = plain_text(explain(result));
  // Column 21 in bytes has 19 characters before it, since ï takes two.
  EXPECT_NE(text.find("\n   | " + std::string(19, ' ') + "^ naïve\n"), std::string::npos) << text;
}

TEST(Console, ALongSourceLineIsShownAroundItsColumn) {
  Check check;
  check.id = "s/c";
  check.file = "s.yaml";
  check.expect = {{"x", Value(1), false, 3, 5001, std::string(5000, 'a') + "HERE" + std::string(5000, 'b')}};
  CheckResult result;
  result.check = check;
  AttemptFacts attempt;
  attempt.observation = Value::object({{"x", 2}});
  result.attempts = {attempt};
  result.judgement = judge_check(check, result.attempts, nullptr, "2026-01-31");
  std::istringstream lines(plain_text(explain(result)));
  std::string source;
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LT(line.size(), 140U);
    const auto caret = line.find('^');
    if (caret != std::string::npos) {
      // Both lines begin with the same gutter; the source one has a three-byte "…" of one column.
      EXPECT_EQ(source.substr(caret + 2, 4), "HERE");
    }
    source = line;
  }
}

// One stream with everything in the order in which a terminal would get it.
struct Terminal {
  explicit Terminal(int width) {
    ReportOptions options;
    options.terminal = true;
    options.width = width;
    options.progress = [this](std::string_view text) { stream += text; };
    console = std::make_unique<Console>(
        results, [this](std::string_view text) { stream += "\x02" + std::string(text) + "\x03"; }, options);
  }
  void feed(const Record& record) {
    results.on(record);
    console->on(record);
  }
  Results results;
  std::string stream;
  std::unique_ptr<Console> console;
};

TEST(Console, TheStatusLineTellsWhatGoesOnAndIsClearedBeforeResults) {
  Terminal terminal(100);
  const TimePoint start{};
  const auto records = test::sample_run();
  std::size_t next = 0;
  while (records[next].kind != kind::attempt) terminal.feed(records[next++]);
  terminal.console->started("soma-local/redis", start);
  terminal.console->started("soma-local/postgres", start + std::chrono::milliseconds(100));
  terminal.console->tick(start + std::chrono::milliseconds(1300));
  EXPECT_EQ(terminal.stream, "\r\x1b[2K2/16  running 2  slowest soma-local/redis 1.3s");
  terminal.stream.clear();
  for (; next < records.size(); ++next) terminal.feed(records[next]);
  // Whatever goes to standard output comes after a cleared line.
  for (auto at = terminal.stream.find('\x02'); at != std::string::npos;
       at = terminal.stream.find('\x02', at + 1)) {
    const std::string before = terminal.stream.substr(0, at);
    EXPECT_TRUE(before.ends_with("\r\x1b[2K") || before.ends_with("\x03")) << before;
  }
  EXPECT_NE(terminal.stream.find("failed 1"), std::string::npos);
  EXPECT_TRUE(terminal.stream.ends_with("\x03"));
  // A tick that comes too late leaves nothing on the screen.
  terminal.stream.clear();
  terminal.console->tick(start + std::chrono::seconds(9));
  EXPECT_EQ(terminal.stream, "");
}

TEST(Console, TheStatusLineFitsTheTerminal) {
  Terminal terminal(30);
  const auto records = test::sample_run();
  terminal.feed(records[0]);
  terminal.feed(records[1]);
  terminal.console->started("soma-local/" + test::hostile_text(), TimePoint{});
  terminal.console->tick(TimePoint{} + std::chrono::seconds(2));
  ASSERT_TRUE(terminal.stream.starts_with("\r\x1b[2K"));
  const std::string line = terminal.stream.substr(5);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
  EXPECT_LT(line.size(), 33U);
}

TEST(Console, SaysThatARunWasKilled) {
  auto records = test::sample_run();
  records.pop_back();
  const std::string text = console(records);
  EXPECT_NE(text.find("the run is not complete: the journal has no end: the run was killed"),
            std::string::npos)
      << text;
  records.push_back(
      {records.size() + 1, 4'000'000'000, std::string(kind::end), Value::object({{"signal", 2}})});
  EXPECT_NE(console(records).find("interrupted by SIGINT"), std::string::npos);
}

}  // namespace
}  // namespace assay

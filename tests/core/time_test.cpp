#include "core/time.h"

#include <gtest/gtest.h>

#include <cmath>

namespace assay {

using namespace std::chrono_literals;

TEST(Duration, ReadsGoNotationAndDays) {
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_duration("1h30m"), 90min);
  EXPECT_EQ(parse_duration("3d"), 72h);
  EXPECT_EQ(parse_duration("0"), 0s);
}

TEST(Duration, RefusesEverythingElse) {
  for (const char* text : {"", "5", "s", "-1s", "1 s", "1.2.3s", "1y", "1s2", "1e3s", "99999999999d"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Duration, WhatNoNumberCanHoldIsRefused) {
  EXPECT_FALSE(parse_duration(std::string(400, '9') + "s"));
  EXPECT_FALSE(parse_duration("1" + std::string(308, '0') + "d"));
  EXPECT_FALSE(parse_duration("50000d50000d"));
  EXPECT_EQ(parse_duration("0." + std::string(400, '0') + "1s").value_or(0s), 0s);
  EXPECT_EQ(parse_duration("40000d"), 40000 * 24h);
  // The longest one can still be added to the clock.
  EXPECT_GT(std::chrono::steady_clock::now() + *parse_duration("46000d"), std::chrono::steady_clock::now());
}

TEST(Duration, FromSecondsIsTotal) {
  EXPECT_EQ(from_seconds(1.5), 1500ms);
  EXPECT_EQ(from_seconds(-0.25), -250ms);
  EXPECT_EQ(from_seconds(std::nan("")), 0s);
  EXPECT_EQ(from_seconds(1e300), from_seconds(1e18));
  EXPECT_EQ(from_seconds(-1e300), -from_seconds(1e300));
  EXPECT_EQ(format_duration(Duration::min()).front(), '-');
}

TEST(Utc, GoesOnAfterTheClocksEnd) {
  EXPECT_EQ(format_utc(std::chrono::sys_seconds(253402300799s)), "9999-12-31T23:59:59Z");
  EXPECT_EQ(format_utc(std::chrono::system_clock::time_point(90s)), "1970-01-01T00:01:30Z");
}

TEST(Duration, PrintsTheShortestUsualNotation) {
  EXPECT_EQ(format_duration(0s), "0s");
  EXPECT_EQ(format_duration(850us), "850us");
  EXPECT_EQ(format_duration(12300us), "12.3ms");
  EXPECT_EQ(format_duration(1240ms), "1.24s");
  EXPECT_EQ(format_duration(125s), "2m05s");
  EXPECT_EQ(format_duration(15min), "15m");
  EXPECT_EQ(format_duration(-2s), "-2s");
}

TEST(Deadline, OneThatWasNotGivenIsNeverReached) {
  EXPECT_TRUE(Deadline().never());
  EXPECT_FALSE(Deadline().passed());
  EXPECT_TRUE(Deadline::in(-1s).passed());
  EXPECT_EQ(Deadline::in(-1s).left(), 0s);
}

TEST(Date, IsOfTheCalendar) {
  EXPECT_TRUE(is_date("2026-12-31"));
  EXPECT_TRUE(is_date("2028-02-29"));
  for (const auto* text : {"2026-02-29", "2026-13-01", "2026-00-10", "2026-1-1", "2026/01/01", "2026-04-31",
                           "", "2026-12-31T00:00:00Z"}) {
    EXPECT_FALSE(is_date(text)) << text;
  }
}

}  // namespace assay

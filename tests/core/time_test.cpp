#include "core/time.h"

#include <gtest/gtest.h>

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

}  // namespace assay

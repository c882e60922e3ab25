#include "core/base64.h"

#include <gtest/gtest.h>

#include "core/rfc3339.h"

namespace assay {

// RFC 4648, section 10.
TEST(Base64, TheRfcsExamples) {
  const std::pair<const char*, const char*> examples[] = {{"", ""},
                                                          {"f", "Zg=="},
                                                          {"fo", "Zm8="},
                                                          {"foo", "Zm9v"},
                                                          {"foob", "Zm9vYg=="},
                                                          {"fooba", "Zm9vYmE="},
                                                          {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : examples) {
    EXPECT_EQ(encode_base64(bytes), text);
    EXPECT_EQ(decode_base64(text), bytes);
  }
}

TEST(Base64, EveryByteComesBack) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  EXPECT_EQ(decode_base64(encode_base64(bytes)), bytes);
}

TEST(Base64, LineBreaksArePassedOverAndNothingElse) {
  EXPECT_EQ(decode_base64("Zm9v\r\nYmFy\n"), "foobar");
  for (const char* bad : {"Zm9", "Z", "Zm9v=", "Zg=", "Z===", "Zg==Zg==", "Zm 9v", "Zm9v-", "===="})
    EXPECT_FALSE(decode_base64(bad)) << bad;
}

TEST(Rfc3339, Times) {
  using namespace std::chrono;
  const auto base = sys_days(2026y / January / 31) + 8h + 15min;
  EXPECT_EQ(parse_rfc3339("2026-01-31T08:15:00Z"), base);
  EXPECT_EQ(parse_rfc3339("2026-01-31T09:45:00.250+01:30"), base + 250ms);
  EXPECT_EQ(parse_rfc3339("2026-01-31T00:15:00-08:00"), base);
  EXPECT_EQ(parse_rfc3339("2026-01-31t08:15:00.123456789z"), base + 123456789ns);
  for (const char* bad :
       {"", "2026-02-30T08:15:00Z", "2026-01-31T24:00:00Z", "2026-01-31 08:15", "2026-01-31T08:15:00",
        "2026-01-31T08:15:00.Z", "2026-01-31T08:15:00Zx", "2026-01-31T08:15:00+1:00", "26-01-31T08:15:00Z",
        "0001-01-01T00:00:00Z", "1013-03-31T09:45:00+01:30"})
    EXPECT_FALSE(parse_rfc3339(bad)) << bad;
}

}  // namespace assay

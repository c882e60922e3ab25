#include "kube/stream.h"

#include <gtest/gtest.h>

namespace assay::test {
namespace {

using namespace std::string_view_literals;

TEST(KubeFrame, AChannelAndItsBytes) {
  const auto out = read_kube_frame("\1text"sv);
  ASSERT_TRUE(out);
  EXPECT_EQ(out->channel, KubeFrame::out);
  EXPECT_EQ(out->bytes, "text");
  const auto close = read_kube_frame("\xff\0"sv);
  ASSERT_TRUE(close);
  EXPECT_EQ(close->channel, KubeFrame::close);
  EXPECT_EQ(close->bytes.size(), 1U);
  for (const std::string_view bad : {""sv, "\5x"sv, "\x80"sv}) {
    const auto refused = read_kube_frame(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code, "protocol.invalid");
  }
}

std::string exit_text(std::string_view status) {
  const auto exit = exit_of_status(status);
  return exit ? std::to_string(*exit) : exit.error().code;
}

// As API servers write them.
TEST(KubeStatus, TheExitCodeOrWhyThereIsNone) {
  EXPECT_EQ(exit_text(R"({"metadata":{},"status":"Success"})"), "0");
  EXPECT_EQ(exit_text(R"({"metadata":{},"status":"Failure","message":"command terminated with exit code 3",
      "reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"3"}]}})"),
            "3");
  EXPECT_EQ(
      exit_text(
          R"({"status":"Failure","code":500,"message":"Internal error occurred: exec: \"none\": executable file not found in $PATH: unknown"})"),
      "command.missing");
  EXPECT_EQ(
      exit_text(R"({"status":"Failure","reason":"NotFound","message":"container not found","code":404})"),
      "kube.not-found");
  EXPECT_EQ(exit_text(R"({"status":"Failure","reason":"NonZeroExitCode","details":{"causes":
      [{"reason":"ExitCode","message":"3x"}]}})"),
            "kube.server");
  EXPECT_EQ(exit_text(R"({"status":"Failure","code":-7})"), "kube.server");
  for (const char* bad : {"", "{", "[]", R"({"status":7})", R"({"status":"Unknown"})"})
    EXPECT_EQ(exit_text(bad), "protocol.invalid") << bad;
}

}  // namespace
}  // namespace assay::test

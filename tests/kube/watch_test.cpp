#include "kube/watch.h"

#include <gtest/gtest.h>

namespace assay::test {
namespace {

std::string code_of(std::string_view line) {
  const auto event = read_kube_event(line);
  return event ? "ok" : event.error().code;
}

TEST(KubeEvent, LinesOfAWatch) {
  const auto added = read_kube_event(
      R"({"type":"ADDED","object":{"kind":"Pod","metadata":{"name":"a","resourceVersion":"7"}}})");
  ASSERT_TRUE(added);
  EXPECT_EQ(added->kind, KubeEvent::Kind::added);
  EXPECT_EQ(added->version(), "7");
  EXPECT_EQ(added->object.get("kind"), "Pod");
  const auto bookmark = read_kube_event(R"({"type":"BOOKMARK","object":{"kind":"Pod"}})");
  ASSERT_TRUE(bookmark);
  EXPECT_EQ(bookmark->kind, KubeEvent::Kind::bookmark);
  EXPECT_EQ(bookmark->version(), "");

  EXPECT_EQ(code_of(R"({"type":"ERROR","object":{"code":410,"message":"too old"}})"), "kube.expired");
  EXPECT_EQ(code_of(R"({"type":"ERROR","object":{"code":1}})"), "kube.server");
  EXPECT_EQ(code_of(R"({"type":"ERROR"})"), "http.body");
  EXPECT_EQ(code_of(R"({"type":"RENAMED","object":{}})"), "http.body");
  EXPECT_EQ(code_of(R"({"type":"ADDED","object":)"), "http.body");
  EXPECT_EQ(code_of("7"), "http.body");
}

}  // namespace
}  // namespace assay::test

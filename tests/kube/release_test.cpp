#include "kube/release.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "core/base64.h"
#include "kube/gunzip.h"

namespace assay {
namespace {

// As Go's gzip writes it.
std::string gzip(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

constexpr const char* kRelease = R"({"name":"shop","namespace":"prod","version":3,
  "info":{"status":"deployed","first_deployed":"2026-01-01T00:00:00Z","last_deployed":"2026-01-02T00:00:00Z","description":"Upgrade complete"},
  "chart":{"metadata":{"name":"shop","version":"1.2.3","appVersion":"9"},"values":{"replicas":1}},
  "config":{"replicas":2},"manifest":"---\nkind: ConfigMap\n",
  "hooks":[{"name":"migrate","kind":"Job","path":"shop/templates/job.yaml","manifest":"kind: Job\n","events":["pre-upgrade"]}]})";

std::string refusal(std::string_view stored) {
  const auto release = decode_release(stored);
  if (release) return "it was taken";
  EXPECT_EQ(release.error().code, "helm.release");
  return release.error().message;
}

}  // namespace

TEST(HelmRelease, IsReadPackedAndPlain) {
  for (const std::string& stored : {encode_base64(gzip(kRelease)), encode_base64(kRelease)}) {
    const auto release = decode_release(stored);
    ASSERT_TRUE(release) << release.error().message;
    EXPECT_EQ(release->name, "shop");
    EXPECT_EQ(release->revision, 3);
    EXPECT_EQ(release->status, "deployed");
    EXPECT_EQ(release->chart_version, "1.2.3");
    EXPECT_EQ(release->values.get_int("replicas"), 2);
    EXPECT_EQ(release->chart_values.get_int("replicas"), 1);
    EXPECT_EQ(release->manifest, "---\nkind: ConfigMap\n");
    ASSERT_EQ(release->hooks.size(), 1U);
    EXPECT_EQ(release->hooks[0].events, std::vector<std::string>{"pre-upgrade"});
  }
}

TEST(HelmRelease, WhatIsWrongWithItIsSaid) {
  EXPECT_NE(refusal("%%%").find("not base64"), std::string::npos);
  EXPECT_NE(refusal(encode_base64("words")).find("not JSON"), std::string::npos);
  EXPECT_NE(refusal(encode_base64("[1]")).find("no object"), std::string::npos);
  EXPECT_NE(refusal(encode_base64("{}")).find("no name or no revision"), std::string::npos);
  const auto with = [](const std::string& member) {
    return encode_base64(R"({"name":"shop","version":3,)" + member + "}");
  };
  EXPECT_NE(refusal(with(R"("manifest":["---"])")).find("manifest is no text"), std::string::npos);
  EXPECT_NE(refusal(with(R"("hooks":{})")).find("hooks are no list"), std::string::npos);
  EXPECT_TRUE(decode_release(with(R"("hooks":null)")));
  const std::string packed = gzip(kRelease);
  EXPECT_NE(refusal(encode_base64(packed.substr(0, packed.size() / 2))).find("cut short"), std::string::npos);
  std::string damaged = packed;
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x55);
  EXPECT_NE(refusal(encode_base64(damaged)).find("cannot be read"), std::string::npos);
}

// A small text may claim to be enormous: what it unpacks to is bounded, not what it says.
TEST(Gunzip, AnInflationIsBounded) {
  const std::string packed = gzip(std::string(64U << 20, 'a'));
  ASSERT_LT(packed.size(), 1U << 20);
  const auto whole = gunzip(packed, 64U << 20);
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_EQ(whole->size(), 64U << 20);
  const auto bounded = gunzip(packed, (64U << 20) - 1);
  ASSERT_FALSE(bounded);
  EXPECT_NE(bounded.error().message.find("more than 63 MiB"), std::string::npos);
}

TEST(Gunzip, EveryCutIsNoticed) {
  const std::string packed = gzip(kRelease);
  for (std::size_t size = 0; size < packed.size(); ++size)
    EXPECT_FALSE(gunzip(packed.substr(0, size), 1U << 20)) << size;
  EXPECT_TRUE(gunzip(packed, 1U << 20));
}

}  // namespace assay

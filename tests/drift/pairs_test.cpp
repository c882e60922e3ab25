// Random objects of every kind that is built in, as they could stand in a manifest, beside what Kubernetes'
// own decoding, defaulting, conversion and storage make of them (fixtures/node/server/tables pairs).
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "kube/gunzip.h"
#include "tests/drift/normalised.h"

namespace assay::drift {
namespace {

std::string sample() {
  if (const auto* path = std::getenv("ASSAY_PAIRS"); path != nullptr) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  std::ifstream in(ASSAY_SOURCE_DIR "/tests/drift/pairs.ndjson.gz", std::ios::binary);
  std::stringstream packed;
  packed << in.rdbuf();
  const auto text = gunzip(packed.str(), std::size_t{64} << 20);
  EXPECT_TRUE(text) << (text ? "" : text.error().message);
  return text ? *text : std::string();
}

template <class F>
void each_pair(F&& call) {
  const auto text = sample();
  auto count = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    Normalised both;
    const auto pair = read_json(std::string_view(text).substr(at, end - at), both.arena());
    ASSERT_TRUE(pair) << pair.error().message;
    call(both, *pair->find("before"), *pair->find("after"));
    if (testing::Test::HasFailure()) return;
    at = end + 1;
    ++count;
  }
  EXPECT_GT(count, 400);
}

TEST(Pairs, WhatWasWrittenIsTheSameAsWhatIsStored) {
  each_pair([](Normalised& both, Node before, Node after) {
    const auto written = to_json(before);
    const auto git = both.of(before);
    EXPECT_EQ(both.differences(git, both.of(after)), Pointers{}) << written;
  });
}

TEST(Pairs, DoingItTwiceChangesNothing) {
  each_pair([](Normalised& both, Node before, Node) {
    const auto once = both.of(before);
    const auto text = to_json(once);
    EXPECT_EQ(to_json(both.of(once)), text);
  });
}

TEST(Pairs, WritingTheDefaultsDownChangesNothing) {
  each_pair([](Normalised& both, Node before, Node) {
    const auto git = both.of(before);
    const auto filled = both.of(both.read(to_json(git)));  // nothing in it is marked as a default
    EXPECT_EQ(both.differences(git, filled), Pointers{});
    EXPECT_EQ(to_json(git), to_json(filled));
  });
}

}  // namespace
}  // namespace assay::drift

// Random objects of every kind that is built in, as they could stand in a manifest, beside what Kubernetes'
// own decoding, defaulting, conversion and storage make of them (fixtures/node/server/tables pairs).
#include "tests/drift/normalised.h"
#include "tests/drift/sample.h"

namespace assay::drift {
namespace {

template <class F>
void each_pair(F&& call) {
  auto count = 0;
  each_line(sample("ASSAY_PAIRS", "pairs.ndjson.gz"), [&](std::string_view line) {
    if (testing::Test::HasFailure()) return;
    Normalised both;
    const auto pair = read_json(line, both.arena());
    ASSERT_TRUE(pair) << pair.error().message;
    call(both, *pair->find("before"), *pair->find("after"));
    ++count;
  });
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

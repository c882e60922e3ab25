#include "reporters/budget.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

TEST(Budget, GreenChecksGiveWayFirst) {
  std::vector<Evidence> evidence(100, {1 << 20, true});
  evidence.insert(evidence.end(), 10, {1 << 20, false});
  EXPECT_EQ(caps_for(evidence, 100U << 20).other, 64U << 10);
  EXPECT_EQ(caps_for(evidence, 100U << 20).green, 8U << 10);
  const Caps tight = caps_for(evidence, 700U << 10);
  EXPECT_EQ(tight.other, 64U << 10);
  EXPECT_LE(tight.green * 100 + tight.other * 10, 700U << 10);
  EXPECT_GT(tight.green, 0U);
  EXPECT_EQ(caps_for(evidence, 1).other, 0U);
}

}  // namespace
}  // namespace assay

#include "drift/quantity.h"

#include <gtest/gtest.h>

namespace assay::drift {
namespace {

TEST(Quantity, IsShownAsKubernetesWritesIt) {
  EXPECT_EQ(canonical_quantity("1000m"), "1");
  EXPECT_EQ(canonical_quantity("1.001"), "1001m");
  EXPECT_EQ(canonical_quantity("0.5"), "500m");
  EXPECT_EQ(canonical_quantity("1500m"), "1500m");
  EXPECT_EQ(canonical_quantity("1000M"), "1G");
  EXPECT_EQ(canonical_quantity("132096Ki"), "129Mi");
  EXPECT_EQ(canonical_quantity("1.5Gi"), "1536Mi");
  EXPECT_EQ(canonical_quantity("512Ki"), "512Ki");
  EXPECT_EQ(canonical_quantity("0.5Ki"), "512");
  EXPECT_EQ(canonical_quantity("1e3"), "1e3");
  EXPECT_EQ(canonical_quantity("1000e3"), "1e6");
  EXPECT_EQ(canonical_quantity("1E"), "1E");
  EXPECT_EQ(canonical_quantity("0Gi"), "0");
  EXPECT_EQ(canonical_quantity("-2000m"), "-2");
  EXPECT_EQ(canonical_quantity("lots"), "lots") << "no quantity stays as it is";
}

}  // namespace
}  // namespace assay::drift

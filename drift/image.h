// Names of images (github.com/distribution/reference, ParseNormalizedNamed).
#pragma once

#include <string_view>

namespace assay::drift {

// What Kubernetes pulls such an image by when nothing is said: "Always" for the tag latest or neither tag nor
// digest, else "IfNotPresent"; so too for what is no image's name.
std::string_view pull_policy(std::string_view image);

}  // namespace assay::drift

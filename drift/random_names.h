// Objects that a chart names anew at each rendering.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "drift/detect.h"
#include "drift/documents.h"
#include "drift/report.h"

namespace assay::drift {

// What Git calls such an object is called so nowhere else. The release knows what it is called: the object of
// the release stands for it, and is compared with the cluster alone.
class RandomNames {
 public:
  RandomNames() = default;
  // Those objects of a chart's rendering that are not in a second one with the same values.
  static RandomNames between(const Documents& first, const Documents& second);

  // Finds in the release what stands for each: an object that Git does not declare, of the same kind,
  // namespace and template, whose name begins and ends as in the two renderings; none stands for two. The
  // result is for DeployFacts::without_git. Both sides of `desired` are there.
  std::set<std::string> find_in(const Desired& desired);

  // What the comparison could not know: where something stands for such an object, it is not missing, and a
  // warning says why. Where no release takes part, nobody can say whether it is missing, and that is a
  // problem; what only lives and may be it is an error then. Where the release has nothing like it, it stays
  // what it is.
  void apply(ReleaseDrift& drift) const;

 private:
  struct Named {
    ObjectId id;
    std::string source;
    std::string begin, end;  // of its name, in both renderings
    std::optional<ObjectId> stored;
  };

  // Whether an object that is called so may be it.
  static bool may_be(const ObjectId& id, const Named& named);

  std::vector<Named> all_;
};

}  // namespace assay::drift

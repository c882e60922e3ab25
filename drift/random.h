// Fields that a chart makes anew at each rendering.
#pragma once

#include <map>
#include <set>
#include <string>

#include "core/result.h"
#include "drift/documents.h"
#include "drift/report.h"

namespace assay::drift {

// What differs between two renderings of one chart with the same values: nobody can say what Git declares
// there.
class RandomFields {
 public:
  RandomFields() = default;
  static RandomFields between(const Documents& first, const Documents& second, const Schema& schema);

  // Fields of `drift` that Git says nothing of: where the release and the cluster agree there, or no release
  // takes part, they are `suppressed`; where they do not agree, it is a change of the cluster. Each has a
  // note that says so.
  void apply(ReleaseDrift& drift, bool with_release) const;

 private:
  bool apply(const ObjectId& id, bool with_release, FieldDrift& field) const;

  std::map<std::string, std::set<std::string>> fields_;  // by ObjectId::key(): pointers
};

}  // namespace assay::drift

// The verdict about all objects of a release, or of a pair of files.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "core/context.h"
#include "drift/detector.h"
#include "drift/documents.h"
#include "drift/report.h"

namespace assay::drift {

// The desired sides; at least one of them is there. Both outlive the comparison.
struct Desired {
  const Documents* git = nullptr;
  const Documents* release = nullptr;
};

// Compares them with a dump of live objects, where what only the dump has is `extra`. Documents whose texts
// are equal on all sides are `same` and are not read. `workers` threads; the order of the result does not
// depend on them. Objects of the result: in the order of Git (or of the release without it), then the
// release's own, then what is only live. Errors: harness.cancelled.
Result<void> detect(const Desired& desired, const Documents& live, const Detector& detector, int workers,
                    const Context& context, ReleaseDrift& out);

// The same with live objects that come page by page: give each to take(), in any order, then finish().
class LiveComparison {
 public:
  LiveComparison(const Desired& desired, const Detector& detector);
  ~LiveComparison();

  // Whether it is desired.
  bool wants(const ObjectId& id) const;
  // `object` is changed, and not needed afterwards. One that nobody desires is `extra`. `metadata_only`: no
  // more of it was read.
  void take(const ObjectId& id, Node object, Arena& arena, bool metadata_only = false);
  // Kinds (ObjectId::kind with its group) whose live objects could not be read: their objects are errors.
  void unreadable(const std::string& api_version, const std::string& kind, const std::string& ns,
                  const Error& why);
  // What was desired and not taken is missing.
  void finish(ReleaseDrift& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace assay::drift

// Differences that are known and wanted.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/source.h"
#include "core/time.h"
#include "core/value.h"
#include "drift/blame.h"
#include "drift/object.h"
#include "drift/path.h"

namespace assay {

// One rule of a file:
//   - {kind: Deployment, name: "web-*", path: "/spec/template/spec/containers/name=*/image", manager: flux,
//      labels: {app: web}, namespace: x, reason: "Flux sets images", until: 2026-12-31}
// All that is given must hold; `reason` must be there. `*` in a name or a path's step stands for any text
// without "/", `**` for any steps. List elements are named by their keys; a step that is a number where the
// list has keys never matches and lint says so. `object: true` suppresses whole objects (missing, extra).
struct DriftRule {
  std::string kind, name, ns, manager, path;
  std::vector<std::pair<std::string, std::string>> labels;
  std::string reason;
  std::string until;  // a date, inclusive, UTC
  bool object = false;
  bool expired = false;
  std::string place;  // "rules.yaml:12"
};

// Reads them once; matching is safe from any thread.
class DriftRules {
 public:
  DriftRules() = default;
  // `today` decides which have expired: they match nothing and are reported.
  static tl::expected<DriftRules, Problem> parse(const Value& list, std::string_view file,
                                                 const std::string& today);

  // The first rule for this field of this object, or null.
  const DriftRule* match(const ObjectId& id, Node live_or_git, const std::string& pointer,
                         const std::vector<const Owner*>& owners) const;
  // For the object as a whole.
  const DriftRule* match_object(const ObjectId& id, Node live_or_git) const;

  // Those that matched nothing until now, and those that have expired: a sentence each.
  std::vector<std::string> unmatched() const;

 private:
  struct Item {
    DriftRule rule;
    mutable std::atomic<bool> used = false;
  };
  std::deque<std::unique_ptr<Item>> rules_;
};

}  // namespace assay

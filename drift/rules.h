// Differences that are known and wanted.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/result.h"
#include "core/source.h"
#include "core/value.h"
#include "drift/blame.h"
#include "drift/object.h"
#include "drift/path.h"
#include "drift/pattern.h"

namespace assay::drift {

// One rule of a file:
//   - {kind: Deployment, name: "web-*", namespace: x, labels: {app: web}, manager: flux,
//      path: "/spec/template/spec/containers/name=*/image", reason: "Flux sets images", until: 2026-12-31}
// All that is given must hold, and at least one of them must be given; `reason` must be there. `kind` is
// "Deployment" or "apps/Deployment". `*` in a text or in a step of a path stands for any text, `**` as a step
// for any steps, none too. A path covers what lies under it; list elements are named by their keys. Without a
// path all fields are meant. `object: true` means whole objects (missing, extra) and no fields.
struct DriftRule {
  std::string kind, name, ns, manager, path;
  std::vector<std::pair<std::string, std::string>> labels;
  std::string reason;
  std::string until;  // a date, inclusive, UTC
  bool object = false;
  bool expired = false;
  std::string place;  // "rules.yaml:12"
};

// The day, UTC, as DriftRules::parse takes it.
std::string utc_today();

// Reads them once; matching is safe from any thread.
class DriftRules {
 public:
  DriftRules() = default;
  // A list of rules, or null for none; `file` is what the marks of `list` point into, for DriftRule::place.
  // `today` (YYYY-MM-DD) decides which have expired: they match nothing and are reported. Everything that is
  // wrong is told, with its mark: unknown keys, no reason, no date, a step that is a position in a list.
  static tl::expected<DriftRules, Problems> parse(const Value& list, std::string_view file,
                                                  std::string_view today);

  bool empty() const { return rules_.empty(); }
  // The first rule for this field of this object, or null.
  const DriftRule* match(const ObjectId& id, Node live_or_git, std::string_view pointer,
                         const std::vector<const Owner*>& owners) const;
  // For the object as a whole.
  const DriftRule* match_object(const ObjectId& id, Node live_or_git) const;

  // Those that matched nothing until now, and those that have expired: a sentence each.
  std::vector<std::string> unmatched() const;

 private:
  struct Item {
    DriftRule rule;
    PathPattern path;
    mutable std::atomic<bool> used = false;
  };
  template <class Matches>
  const DriftRule* first(const ObjectId& id, const Matches& matches) const;

  std::vector<std::unique_ptr<Item>> rules_;
  // In the order of the file: those of one kind (without its group), and those of any.
  std::unordered_map<std::string, std::vector<const Item*>> by_kind_;
  std::vector<const Item*> of_any_kind_;
};

}  // namespace assay::drift

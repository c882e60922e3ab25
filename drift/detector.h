// The verdict about one object.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "drift/classify.h"
#include "drift/mask.h"
#include "drift/report.h"
#include "drift/rules.h"
#include "drift/schema.h"
#include "drift/tree.h"

namespace assay::drift {

// Compares and classifies; no state but its tables. Safe from any thread, with an arena each.
class Detector {
 public:
  Detector(std::shared_ptr<const Schema> schema, const DriftRules& rules, DeployFacts facts, MaskKey key);

  // One object: its trees as read (not normalised), those that there are. They are changed. `metadata_only`:
  // of the live object no more was read (PartialObjectMetadata), so no more is compared. Which side has no
  // say (ObjectDrift::without_git, ::without_release) is for who has the sides: drift/detect.
  ObjectDrift one(const ObjectId& id, std::optional<Node> git, std::optional<Node> release,
                  std::optional<Node> live, Arena& arena, bool metadata_only = false) const;

  // Whether Git, or the release, takes part and has a say about this object.
  bool takes_git(const ObjectId& id) const;
  bool takes_release(const ObjectId& id) const;

  const Schema& schema() const { return *schema_; }
  const DeployFacts& facts() const { return facts_; }

 private:
  std::string shown(const ObjectId& id, const Difference& difference, Node value) const;
  FieldDrift field(const ObjectId& id, const Difference& difference, const KindType* kind, Node object,
                   const Ownership& ownership, bool with_release) const;
  void keep(const Trees& trees, ObjectDrift& out) const;
  void whole(const Trees& trees, const Ownership& ownership, ObjectDrift& out) const;

  std::shared_ptr<const Schema> schema_;
  const DriftRules& rules_;
  DeployFacts facts_;
  MaskKey key_;
};

}  // namespace assay::drift

// The verdict about one object.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "drift/report.h"
#include "drift/rules.h"
#include "drift/schema.h"
#include "drift/tree.h"

namespace assay {

// What is known of the release that wrote the live objects.
struct DeployFacts {
  bool with_release = false;        // a release takes part
  std::string manager = "helm";     // field manager that Helm writes as
  std::string deployed;             // RFC 3339, when the release was deployed; empty: not known
  std::string release, release_ns;  // its name and namespace
  bool keep_objects = false;        // fill ObjectDrift::declared and ::live
};

// Of values of Secrets only hashes are shown, keyed with this.
struct MaskKey {
  std::string bytes;
};
MaskKey random_mask_key();

// Compares and classifies; no state but its tables. Safe from any thread, with an arena each.
class Detector {
 public:
  Detector(std::shared_ptr<const Schema> schema, const DriftRules& rules, DeployFacts facts, MaskKey key);

  // One object: its trees as read (not normalised), those that there are. They are changed.
  ObjectDrift one(const ObjectId& id, std::optional<Node> git, std::optional<Node> release,
                  std::optional<Node> live, Arena& arena) const;

  const Schema& schema() const { return *schema_; }
  const DeployFacts& facts() const { return facts_; }

 private:
  std::shared_ptr<const Schema> schema_;
  const DriftRules& rules_;
  DeployFacts facts_;
  MaskKey key_;
};

}  // namespace assay

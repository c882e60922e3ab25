#include "drift/detector.h"

#include <algorithm>
#include <array>
#include <utility>

#include "drift/compare.h"
#include "drift/normalise.h"
#include "drift/patch.h"
#include "drift/quantity.h"

namespace assay::drift {
namespace {

constexpr std::string_view kHook = "helm.sh/hook";
constexpr std::string_view kHookDeletePolicy = "helm.sh/hook-delete-policy";
constexpr const char* kWithoutRelease =
    "`helm get manifest` prints no hooks and no crds/, so the release says nothing of it";
constexpr const char* kWithoutGit = "the chart names it anew at each rendering, so Git says nothing of it";

Node* annotation(const std::optional<Node>& object, std::string_view name) {
  return object ? object->find({"metadata", "annotations", name}) : nullptr;
}

// What names the object is the same on every side and not compared.
void drop_identity(Node& object) {
  auto* metadata = object.find("metadata");
  if (metadata == nullptr || !metadata->is_map()) return;
  erase_member(*metadata, "name");
  erase_member(*metadata, "namespace");
}

// What PartialObjectMetadata holds of it.
Node metadata_of(Node object, Arena& arena) {
  auto* metadata = arena.array<Entry>(1);
  metadata->key = "metadata";
  metadata->value = object.find("metadata") == nullptr ? Node() : *object.find("metadata");
  return Node::map({metadata, 1});
}

Side side(const std::optional<Node>& object) { return object ? Side{true, *object} : Side{}; }

void set_owner(const Owner* owner, ObjectDrift& out) {
  if (owner == nullptr) return;
  out.manager = owner->manager;
  out.time = owner->time;
}

// What is declared as null ("data: {x: null}") is an empty text after a create and gone after an update by a
// client-side patch; both are what was declared.
bool is_null_removed(const Difference& difference, bool with_release) {
  const auto from_null = [](const Side& one) {
    const auto entries = one.value.entries();
    return one.present &&
           (one.value.was_null() || (!entries.empty() && std::ranges::all_of(entries, [](const Entry& entry) {
              return entry.value.was_null();
            })));
  };
  return !difference.live.present && from_null(difference.git) &&
         (!with_release || from_null(difference.release));
}

// Labels come in by default where there are none (dependent.cpp). On the live side that would put back what
// was taken away, so there they go again where somebody has declared them.
void drop_filled_labels(Node& live, const std::optional<Node>& git, const std::optional<Node>& release) {
  auto* labels = live.find({"metadata", "labels"});
  if (labels == nullptr) return;
  const auto declares = [](const std::optional<Node>& object, std::string_view key) {
    const auto* label = object ? object->find({"metadata", "labels", key}) : nullptr;
    return label != nullptr && !label->defaulted();
  };
  for (std::size_t i = labels->entries().size(); i-- > 0;) {
    const auto [key, value] = labels->entries()[i];
    if (value.defaulted() && (declares(git, key) || declares(release, key))) erase_member(*labels, key);
  }
  if (labels->entries().empty()) erase_member(*live.find("metadata"), "labels");
}

// A place of a Secret whose value is not shown: everything but what the object is. Some tools keep a copy of
// the whole object, or a part of it, in an annotation, so none is shown either.
bool is_secret(const ObjectId& id, const Difference& difference) {
  constexpr std::array<std::string_view, 5> kOpen{"apiVersion", "immutable", "kind", "metadata", "type"};
  const auto& path = difference.path;
  if (id.kind != "Secret") return false;
  if (path.empty() || std::ranges::find(kOpen, path.front().field) == kOpen.end()) return true;
  return path.front().field == "metadata" && (path.size() == 1 || path[1].field == "annotations");
}

// Whether Helm has made this hook and leaves it alone: then it is to be there like any other object. A Job or
// Pod has run; a hook of other events may never have been made, and one of the installation alone may have
// come into the chart after it.
bool is_lasting_hook(const ObjectId& id, const std::optional<Node>& object, int revision) {
  const auto* events = annotation(object, kHook);
  const auto* policy = annotation(object, kHookDeletePolicy);
  const auto on = [&](std::string_view event) {
    return events->text().find(event) != std::string_view::npos;
  };
  return on("-install") && (revision == 1 || on("-upgrade")) && id.kind != "Job" && id.kind != "Pod" &&
         (policy == nullptr || (policy->text().find("hook-succeeded") == std::string_view::npos &&
                                policy->text().find("hook-failed") == std::string_view::npos));
}

// What only a server or a controller writes, also where the kind has no part of its own for it.
void drop_status(Node& live, const std::optional<Node>& git, const std::optional<Node>& release) {
  const auto has = [](const std::optional<Node>& object) {
    return object && object->find("status") != nullptr;
  };
  if (!has(git) && !has(release)) erase_member(live, "status");
}

bool counts_as_change(const FieldDrift& field) {
  return field.kind != DriftClass::controller && field.kind != DriftClass::suppressed;
}

}  // namespace

Detector::Detector(std::shared_ptr<const Schema> schema, const DriftRules& rules, DeployFacts facts,
                   MaskKey key)
    : schema_(std::move(schema)), rules_(rules), facts_(std::move(facts)), key_(std::move(key)) {}

bool Detector::takes_git(const ObjectId& id) const {
  return facts_.with_git && (facts_.without_git.empty() || !facts_.without_git.contains(id.key()));
}

bool Detector::takes_release(const ObjectId& id) const {
  return facts_.with_release &&
         (facts_.without_release.empty() || !facts_.without_release.contains(id.key()));
}

std::string Detector::shown(const ObjectId& id, const Difference& difference, Node value) const {
  const auto quantity =
      value.is_string() && difference.type != nullptr && difference.type->form == Type::Form::quantity;
  std::string out;
  if (is_secret(id, difference) && !value.is_null()) {
    append_json_string(out, key_.token(value));
  } else if (quantity) {
    append_json_string(out, canonical_quantity(value.text()));
  } else {
    append_json(out, value);
  }
  return out;
}

FieldDrift Detector::field(const ObjectId& id, const Difference& difference, const KindType* kind,
                           Node object, const Ownership& ownership, bool with_release) const {
  const auto by_server =
      difference.live.present && is_server_field(kind, difference.path, difference.live.value);
  const auto cause = classify(difference, id, ownership, facts_, with_release, by_server);
  FieldDrift out;
  out.path = to_pointer(difference.path);
  out.steps = to_steps(difference.path);
  if (difference.git.present) out.git = shown(id, difference, difference.git.value);
  if (with_release && difference.release.present)
    out.release = shown(id, difference, difference.release.value);
  if (difference.live.present) out.live = shown(id, difference, difference.live.value);
  out.git_defaulted = difference.git.present && difference.git.value.defaulted();
  out.release_defaulted = difference.release.present && difference.release.value.defaulted();
  out.kind = cause.kind;
  out.note = cause.note;
  if (const auto* owner = cause.owner(); owner != nullptr) {
    out.manager = owner->manager;
    out.operation = owner->operation;
    out.subresource = owner->subresource;
    out.time = owner->time;
  }
  if (out.kind == DriftClass::controller) return out;
  if (const auto* rule = rules_.match(id, object, out.path, cause.owners); rule != nullptr) {
    out.kind = DriftClass::suppressed;
    out.note = rule->reason;
  }
  return out;
}

// An object that not every side has.
void Detector::whole(const Trees& trees, const Ownership& ownership, ObjectDrift& out) const {
  const auto object = trees.live.present  ? trees.live.value
                      : trees.git.present ? trees.git.value
                                          : trees.release.value;
  if (!trees.live.present) {
    // Helm removes hooks as their policy says, and a Job may have a time to live.
    // One that a side does not have yet was never there.
    const auto kept = std::optional(object);
    const auto with_git = takes_git(out.id);
    const auto with_release = takes_release(out.id);
    const bool made = (!with_git || trees.git.present) && (!with_release || trees.release.present);
    if (made && annotation(kept, kHook) != nullptr && !is_lasting_hook(out.id, kept, facts_.revision)) {
      out.note = "a hook that is not there now";
      return;
    }
    if (made && out.id.kind == "Job" && object.find({"spec", "ttlSecondsAfterFinished"}) != nullptr) {
      out.note = "a Job that is removed some time after it has finished";
      return;
    }
    out.verdict = ObjectVerdict::missing;
    out.kind = DriftClass::missing;
    if (with_release && !trees.release.present) out.kind = DriftClass::undeployed;
    if (with_git && with_release && !trees.git.present) {
      out.kind = DriftClass::unrecorded;
      out.note = "the release still holds it";
    }
  } else if (facts_.by_manifest && (annotation(std::optional(trees.live.value), kHook) != nullptr ||
                                    out.id.kind == "CustomResourceDefinition")) {
    out.note = kWithoutRelease;
    return;
  } else {
    out.verdict = ObjectVerdict::extra;
    out.kind = DriftClass::extra;
    if (!ownership.owners().empty()) set_owner(&ownership.owners().front(), out);
  }
  if (const auto* rule = rules_.match_object(out.id, object); rule != nullptr) {
    out.kind = DriftClass::suppressed;
    out.note = rule->reason;
  }
}

void Detector::keep(const Trees& trees, ObjectDrift& out) const {
  if (!facts_.keep_objects || out.verdict == ObjectVerdict::same || out.id.kind == "Secret") return;
  const auto& declared = trees.git.present ? trees.git : trees.release;
  if (declared.present) out.declared = as_written(declared.value);
  if (trees.live.present) out.live = as_written(trees.live.value);
}

ObjectDrift Detector::one(const ObjectId& id, std::optional<Node> git, std::optional<Node> release,
                          std::optional<Node> live, Arena& arena, bool metadata_only) const {
  ObjectDrift out;
  out.id = id;
  const auto with_git = takes_git(id);
  if (facts_.with_git && !with_git) out.note = kWithoutGit;
  if (facts_.with_release && !takes_release(id)) out.note = kWithoutRelease;
  const auto ownership = live ? Ownership(*live) : Ownership(Node());
  const auto* kind = schema_->find(id.api_version, id.kind);
  for (auto* object : {&git, &release, &live}) {
    if (!*object) continue;
    if (metadata_only) *object = metadata_of(**object, arena);
    normalise(**object, kind == nullptr ? nullptr : kind->type, arena);
    drop_identity(**object);
  }
  if (live) drop_filled_labels(*live, git, release);
  if (live) drop_status(*live, git, release);
  const Trees trees{side(git), side(release), side(live)};
  const auto declared = git.has_value() || release.has_value();
  if (!live || !declared) {
    whole(trees, ownership, out);
    keep(trees, out);
    return out;
  }
  // Declared by one side only: the object as a whole is a difference, and its fields differ between the two.
  auto with_release = takes_release(id);
  if (!with_git) {
    with_release = false;
  } else if (with_release && !(git && release)) {
    FieldDrift existence;
    existence.kind = git ? DriftClass::unrecorded : DriftClass::undeployed;
    existence.note = git ? "the release does not hold this object" : "Git no longer declares this object";
    out.dropped = !git;
    if (const auto* rule = rules_.match_object(id, *live); rule != nullptr) {
      existence.kind = DriftClass::suppressed;
      existence.note = rule->reason;
    }
    out.fields.push_back(std::move(existence));
    with_release = false;
  }
  const auto base = git ? side(git) : side(release);
  const auto differences =
      compare({base, side(release), side(live)}, with_release, kind == nullptr ? nullptr : kind->type);
  for (const auto& difference : differences) {
    if (is_null_removed(difference, with_release)) continue;
    auto found = field(id, difference, kind, *live, ownership, with_release);
    if (!git) {
      found.release = std::exchange(found.git, std::nullopt);
      found.release_defaulted = std::exchange(found.git_defaulted, false);
    }
    out.fields.push_back(std::move(found));
  }
  if (std::any_of(out.fields.begin(), out.fields.end(), counts_as_change))
    out.verdict = ObjectVerdict::changed;
  keep(trees, out);
  return out;
}

}  // namespace assay::drift

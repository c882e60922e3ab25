#include "drift/tally.h"

namespace assay::drift {
namespace {

// The worst first.
constexpr std::array kBySeverity{DriftClass::conflict,   DriftClass::manual,     DriftClass::missing,
                                 DriftClass::extra,      DriftClass::undeployed, DriftClass::unrecorded,
                                 DriftClass::deliberate, DriftClass::controller, DriftClass::suppressed};
static_assert(kBySeverity.size() == kDriftClasses);

// The release is the declared side of it.
bool by_release(const ReleaseDrift& release, const ObjectDrift& object) {
  return !takes_git(release, object) || object.dropped;
}

}  // namespace

void DriftTally::add(const ObjectDrift& object) {
  ++objects;
  ++verdicts[static_cast<std::size_t>(object.verdict)];
  if (is_whole(object)) ++classes[static_cast<std::size_t>(object.kind)];
  for (const FieldDrift& field : object.fields) ++classes[static_cast<std::size_t>(field.kind)];
}

void DriftTally::add(const ReleaseDrift& release) {
  for (const ObjectDrift& object : release.objects) add(object);
  problems += release.problems.size();
}

bool is_quiet(DriftClass kind) {
  return kind == DriftClass::controller || kind == DriftClass::deliberate || kind == DriftClass::suppressed;
}

bool is_whole(const ObjectDrift& object) {
  return object.verdict == ObjectVerdict::missing || object.verdict == ObjectVerdict::extra;
}

std::optional<DriftClass> worst_of(const ObjectDrift& object, const std::set<DriftClass>& classes) {
  for (const DriftClass kind : kBySeverity) {
    if (!classes.contains(kind)) continue;
    if (is_whole(object) && object.kind == kind) return kind;
    for (const FieldDrift& field : object.fields) {
      if (field.kind == kind) return kind;
    }
  }
  return std::nullopt;
}

bool takes_git(const ReleaseDrift& release, const ObjectDrift& object) {
  return (release.with_git || !release.with_release) && !object.without_git;
}

bool takes_release(const ReleaseDrift& release, const ObjectDrift& object) {
  return release.with_release && !object.without_release;
}

const std::optional<std::string>& declared_of(const ReleaseDrift& release, const ObjectDrift& object,
                                              const FieldDrift& field) {
  return by_release(release, object) ? field.release : field.git;
}

bool declared_by_default(const ReleaseDrift& release, const ObjectDrift& object, const FieldDrift& field) {
  return by_release(release, object) ? field.release_defaulted : field.git_defaulted;
}

std::string title_of(const ReleaseDrift& release) {
  if (release.name.empty()) return "files";
  std::string title = release.ns.empty() ? release.name : release.ns + "/" + release.name;
  return release.context.empty() ? title : title + " in " + release.context;
}

std::string release_text(const ReleaseDrift& release) {
  if (!release.with_release && release.release_unread)
    return release.with_git ? "could not be read: Git stands for it" : "could not be read";
  if (!release.with_release) return release.with_git ? "none took part: Git stands for it" : "none took part";
  if (release.revision == 0) return release.status;
  std::string text = "revision " + std::to_string(release.revision);
  if (!release.status.empty()) text += " (" + release.status + ")";
  if (!release.deployed.empty()) text += " of " + release.deployed;
  return text;
}

std::string author_of(const FieldDrift& field) {
  std::string author = field.manager;
  if (author.empty() || field.operation.empty()) return author;
  author += " (" + field.operation;
  if (!field.subresource.empty()) author += ", " + field.subresource;
  return author + ")";
}

}  // namespace assay::drift

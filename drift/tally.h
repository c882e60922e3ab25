// What every output says of a report in numbers.
#pragma once

#include <array>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>

#include "drift/report.h"

namespace assay::drift {

inline constexpr std::size_t kObjectVerdicts = 5;

struct DriftTally {
  std::size_t objects = 0;
  std::array<std::size_t, kObjectVerdicts> verdicts{};  // by ObjectVerdict
  // By DriftClass: fields, and objects that are missing or extra as a whole.
  std::array<std::size_t, kDriftClasses> classes{};
  std::size_t problems = 0;

  void add(const ObjectDrift& object);
  void add(const ReleaseDrift& release);
};

// What the autoscaler, a person on purpose or a rule explains: no drift.
bool is_quiet(DriftClass kind);
// The object is there on one side only.
bool is_whole(const ObjectDrift& object);
// Git is a side of this object; where it is none, the release stands for it.
bool takes_git(const ReleaseDrift& release, const ObjectDrift& object);
// The release takes part, and has a say about this object.
bool takes_release(const ReleaseDrift& release, const ObjectDrift& object);
// The worst class of the object that is in `classes`, or nothing.
std::optional<DriftClass> worst_of(const ObjectDrift& object, const std::set<DriftClass>& classes);

// What stands for the declared side: Git's value, or the release's where no Git takes part or Git has dropped
// the object.
const std::optional<std::string>& declared_of(const ReleaseDrift& release, const ObjectDrift& object,
                                              const FieldDrift& field);

// Whether that is the API server's default, which is written nowhere.
bool declared_by_default(const ReleaseDrift& release, const ObjectDrift& object, const FieldDrift& field);

// "payments/api" or "payments/api in prod"; "files" for a pair of files.
std::string title_of(const ReleaseDrift& release);
// Whether a release took part, and which: "revision 7 (deployed) of 2026-11-03T10:00:00Z", "from a file",
// "none took part: Git stands for it".
std::string release_text(const ReleaseDrift& release);
// "kubectl (Update, scale)"; empty where nobody is known.
std::string author_of(const FieldDrift& field);

}  // namespace assay::drift

// What drift found: plain data, for every output.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drift/object.h"

namespace assay::drift {

enum class DriftClass {
  manual,      // Git and release agree, a person changed it
  controller,  // ... an owner that is expected to write it did
  deliberate,  // ... an operator's ordinary action did (rollout restart)
  undeployed,  // Git has moved on, release and cluster agree
  unrecorded,  // the cluster is as Git says, the release is not
  conflict,    // all three differ
  extra,       // only live
  missing,     // not live
  suppressed   // by a rule
};
inline constexpr std::size_t kDriftClasses = 9;
std::string_view name_of(DriftClass kind);
// The names of all, in their order.
std::vector<std::string> drift_class_names();
std::optional<DriftClass> drift_class(std::string_view name);

// A step of a path, which stands for itself (drift/path.h has those that point into trees).
struct FieldStep {
  enum class Kind : std::uint8_t { field, element, member, index };
  Kind kind = Kind::field;
  std::string text;  // field: its name; element: its keys, {"port":80,"protocol":"TCP"}; member: its value as
                     // JSON; index: the number
};

// A field that is not the same everywhere. Values are JSON; no value: the place does not exist there. Values
// of Secrets are "hmac:..." (equal texts: equal values).
struct FieldDrift {
  std::string path;              // a JSON pointer; list elements are named by their keys
  std::vector<FieldStep> steps;  // the same for programs: to_steps() of drift/patch.h
  std::optional<std::string> git, release, live;
  bool git_defaulted = false, release_defaulted = false;  // the API server's default, not written there
  DriftClass kind = DriftClass::manual;
  std::string manager;    // who, where it is known
  std::string operation;  // Apply, Update
  std::string subresource;
  std::string time;
  std::string note;  // "removed, author not recorded"; a rule's reason; both causes of a conflict
};

enum class ObjectVerdict { same, changed, missing, extra, error };
std::string_view name_of(ObjectVerdict verdict);

struct ObjectDrift {
  ObjectId id;
  ObjectVerdict verdict = ObjectVerdict::same;
  DriftClass kind = DriftClass::missing;  // of the object as a whole, where it is missing or extra
  std::vector<FieldDrift> fields;
  std::string source;   // the template it was rendered from, "chart/templates/x.yaml"
  std::string manager;  // of an extra object: who made it
  std::string time;
  std::string note;  // a hook; a rule's reason; why there is no verdict
  std::string code;  // of an error
  // Git takes part, and says nothing of this object: the chart names it anew at each rendering.
  bool without_git = false;
  // A release takes part, and its text leaves out such objects by its nature: hooks, a chart's crds/.
  bool without_release = false;
  bool dropped = false;  // Git no longer declares it, and the release holds it
  // For patches, and only where the detector was told to keep them (DeployFacts::keep_objects): the whole
  // object as Git declares it and as it lives, normalised, by as_written() of drift/patch.h. Empty for an
  // object that is the same, and for every Secret.
  std::string declared, live;
};

// One release, or one pair of files.
struct ReleaseDrift {
  std::string name;
  std::string ns;
  std::string context;
  std::string git;                   // what stood for Git: "chart at main (3f2a...)", "desired.yaml"
  std::string git_commit;            // where it came from a repository
  bool with_git = false;             // Git took part
  bool release_unread = false;       // one was to take part and could not be read
  bool with_release = false;         // a release took part; where it did not, Git stands for it
  int revision = 0;                  // of a release of the cluster
  std::string status;                // deployed, failed, pending-upgrade ...
  std::string deployed;              // RFC 3339
  std::string manager = "helm";      // the field manager that Helm writes as
  std::vector<ObjectDrift> objects;  // in the order of the desired side, then what is only live
  std::vector<std::string> warnings;
  // What kept a verdict from being reached, beside single objects: code and sentence.
  struct Problem {
    std::string code;
    std::string message;
  };
  std::vector<Problem> problems;
};

struct DriftReport {
  std::string started;  // UTC
  std::vector<ReleaseDrift> releases;
  // Releases in reach that nothing covers.
  struct Unmanaged {
    std::string name, ns, context;
  };
  std::vector<Unmanaged> unmanaged;
  std::vector<std::string> unmatched_rules;     // each with its place in the file
  std::vector<ReleaseDrift::Problem> problems;  // of no release: what kept others from being looked for
  std::vector<std::string> warnings;
};

}  // namespace assay::drift

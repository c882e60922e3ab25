// Files to a plan: reading, checking, filling in variables, expanding matrices, tying up needs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/source.h"
#include "engine/plan.h"
#include "engine/vars.h"
#include "probes/probe.h"

namespace assay {

struct LoadOptions {
  std::vector<std::string> paths;   // files, or folders in which every *.yaml with `suite:` is taken
  std::vector<std::string> values;  // files with variables, later ones win
  std::vector<std::string> sets;    // "name=value"; the value is read as YAML; wins over files
  bool lint = false;                // a required variable may lack a value; what depends on it is not checked
};

struct Loaded {
  Plan plan;  // complete only when `ok`
  Sources sources;
  Problems problems;
  bool ok = false;                // no problem that is not a warning
  std::optional<int> per_target;  // the smallest `defaults.perTarget` of the files
};

// Never throws for what is in files: everything wrong is a problem with its place. Reads files only; resolves
// no reference and connects nowhere.
Loaded load(const LoadOptions& options, const Probes& probes);

// What a run selects of a plan.
struct Selection {
  std::vector<std::string> tags;       // any of these
  std::vector<std::string> skip_tags;  // none of these
  std::vector<std::string> only;       // ids: suite/check, check, or with their matrix part
  bool read_only = false;              // writers are kept and skipped with that reason
};

// Keeps what is selected and whatever it needs. Returns words of the selection that matched nothing, so that
// a typing mistake is never green.
std::vector<std::string> select(Plan& plan, const Selection& selection);

}  // namespace assay

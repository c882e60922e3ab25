// What the loader's files share.
#pragma once

#include <set>

#include "engine/loader.h"

namespace assay {

// One file while it is turned into checks.
struct SuiteFile {
  std::uint32_t file = 0;
  std::string path;
  std::string key;  // the file itself, however it was named
  std::string name;
  Value root;
  Vars vars;
  std::vector<std::string> tags;  // only checks with one of these, and what they need; empty: all
};

// A check with what tying up its needs requires.
struct Draft {
  Check check;
  std::vector<std::pair<std::string, Mark>> needs;  // as written
  Mark runbook_mark;
  bool included = true;  // false: an include wants other tags only, and nothing needs it
};

// The variables of a file: its declarations with what was given from outside. `declared` collects all names.
// With `lint` a required one may lack a value; it then stands as a text "${name}" that every check of types
// lets pass.
Vars file_vars(const Value& root, const Vars& given, bool lint, std::set<std::string>& declared,
               Problems& problems);

// All checks of a file, matrices expanded.
std::vector<Draft> expand(const SuiteFile& file, const Probes& probes, const Sources& sources,
                          Problems& problems);

// Turns the names under `needs` into full ids, and names unknown ones and cycles.
void tie_needs(std::vector<Draft>& drafts, Problems& problems);

// Reads a file of at most `limit` bytes.
Result<std::string> read_text(const std::string& path, std::size_t limit);

}  // namespace assay

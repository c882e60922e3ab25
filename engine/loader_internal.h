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
  bool open = false;  // a variable has no value: texts with ${ may stand where another type belongs
  Value defaults;     // `defaults`, filled in; null where there are none
  Room room;          // for what is filled in
  std::vector<std::string> tags;  // only checks with one of these, and what they need; empty: all
};

// A check with what tying up its needs requires.
struct Draft {
  Check check;
  std::vector<std::pair<std::string, Mark>> needs;  // as written, the control among them
  std::string control;                              // as written
  const Probe* probe = nullptr;
  Mark runbook_mark;
  bool included = true;  // false: an include wants other tags only, and nothing needs it
};

// What the parts of a check are read with. `problems` collects what is wrong.
struct Reading {
  SuiteFile& file;
  const Sources& sources;
  Problems& problems;

  void say(Mark mark, std::string message) { problems.push_back({mark, std::move(message), false}); }
  Value fill(const Value& value, const Vars& vars) { return substitute(value, vars, problems, file.room); }
};

// Fills the variables of a file: its declarations with what was given from outside; each may use the others.
// `declared` collects all names. With `lint` a required one may lack a value; it then stands as a text
// "${name}" that every check of types lets pass, as does one of a circle.
void fill_vars(SuiteFile& file, const Vars& given, bool lint, std::set<std::string>& declared,
               Problems& problems);

// Fills in a file's `defaults` and checks them again, now that their types are known.
void fill_defaults(Reading reading);

// Where variables have been filled in and none is without a value, no ${ may be left but in texts: a check of
// types lets those pass that are still to be filled in. Names the others.
void refuse_open(Reading& reading, const Value& map, const Fields& fields);

// The parts of a check. `check` has its variables filled in; `out.skip` says whether it is skipped.
void read_parameters(Reading& reading, const Value& check, const Probe& probe, Check& out);
void read_expectations(Reading& reading, const Value& check, const Probe& probe, const Fields& observable,
                       Check& out);
void read_timing(Reading& reading, const Value& check, Check& out);  // timeout, within, wait, retry
void read_known(Reading& reading, const Value& check, Check& out);
void read_vantage(Reading& reading, const Value& check, const Probe& probe, Check& out);

// All checks of a file, matrices expanded.
std::vector<Draft> expand(SuiteFile& file, const Probes& probes, const Sources& sources, Problems& problems);

// Turns the names under `needs` and `control` into full ids, and names unknown ones and cycles.
void tie_needs(std::vector<Draft>& drafts, Problems& problems);

// Names checks whose expectation proves nothing without a control (see Probe::wants_control) and that have
// none, and controls that are none: another probe, another address, or one that expects the same.
void check_controls(const std::vector<Draft>& drafts, Problems& problems);

// Reads a file of at most `limit` bytes.
Result<std::string> read_text(const std::string& path, std::size_t limit);

}  // namespace assay

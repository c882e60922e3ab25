// runbooks.yaml: what to read and do when a check fails.
#pragma once

#include <map>
#include <string>

#include "core/source.h"

namespace assay {

struct Runbook {
  std::string symptom;
  std::string evidence;
  std::string cause;
  std::string fix;
  std::string link;
};

using Runbooks = std::map<std::string, Runbook>;

// The runbooks.yaml that belongs to a file: the one beside it or in the nearest of the four folders above;
// empty when there is none.
std::string find_runbooks(const std::string& suite_file);

// Reads it: `runbooks:` is a map of ids to {symptom, evidence, cause, fix, link}.
Runbooks read_runbooks(const std::string& path, Sources& sources, Problems& problems);

// Is it a link rather than an id?
bool is_url(std::string_view runbook);

}  // namespace assay

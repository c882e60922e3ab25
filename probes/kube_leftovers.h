// What is left of a release and its namespace.
#pragma once

#include <string>
#include <vector>

#include "kube/client.h"
#include "probes/probe.h"

namespace assay {

struct Leftovers {
  std::string release;  // or empty
  std::string ns;
  bool namespace_gone = true;      // the namespace itself must be gone
  std::vector<std::string> kinds;  // empty: all that can be listed and deleted
  std::vector<std::string> crds;   // patterns of names
};

// Looks for them and shows what it finds. Errors: kube.left, with what is left and what holds it; where
// nothing was found and something could not be read, that error; those of the client.
Result<void> find_leftovers(const Leftovers& wanted, KubeClient& client, Attempt& attempt, Trace& trace);

}  // namespace assay

// The other side of a vantage: makes the attempts that a run orders, from where this process stands.
#pragma once

#include <map>
#include <string>

#include "core/secret.h"
#include "probes/probe.h"

namespace assay {

struct AgentOptions {
  int in = 0;   // orders are read here
  int out = 1;  // answers are written here
  Duration deadline = std::chrono::minutes(15);
  int signal_fd = -1;  // read for SIGINT and SIGTERM; -1: none
  // What was taken out of the environment and may be named by references (see set_up_process).
  std::map<std::string, Secret> taken = {};
};

// Why an agent ended.
enum class AgentEnd { told, end_of_input, silence, deadline, signal, broken };

// Serves one run until it says `end`, its input ends, it has said nothing for kAgentPatience, or the deadline
// or a signal comes. Answers that nobody acknowledged are kept and repeated after a new hello. Lines that are
// damaged (a connection was cut in the middle of one) are passed over: the run repeats its orders. {env:} and
// {file:} are read here; every secret is taken out of an observation before it is written.
AgentEnd serve_agent(const Probes& probes, const AgentOptions& options);

}  // namespace assay

// assay agent: what runs in the pod of a job vantage.
#include "engine/agent.h"

#include "cli/commands.h"
#include "cli/console_io.h"
#include "cli/probes.h"
#include "core/process.h"
#include "core/process_setup.h"

namespace assay {

int agent_command(const Args& args, const std::map<std::string, Secret>& taken) {
  const Fd signals = signal_descriptor();
  AgentOptions options;
  options.deadline = args.deadline;
  options.signal_fd = signals.get();
  options.taken = taken;
  const AgentEnd end = serve_agent(offered_probes(), options);
  kill_all_running();
  switch (end) {
    case AgentEnd::told:
    case AgentEnd::end_of_input:
    case AgentEnd::signal:
      return 0;
    case AgentEnd::silence:
      complain("the run has said nothing for 30 s");
      return 3;
    case AgentEnd::deadline:
      complain("the agent's time is up");
      return 3;
    case AgentEnd::broken:
      complain("standard input or output is broken");
      return 3;
  }
  return 3;
}

}  // namespace assay

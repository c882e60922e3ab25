// The lines of assay's agent, of either side: what is read is written again the same.
#include <cstdint>
#include <cstdlib>

#include "engine/agent_session.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto line = assay::parse_agent_line(text)) {
    if (line->word == assay::AgentWord::order) {
      const std::string written = to_line(line->order);
      const auto again = assay::parse_agent_line(written);
      if (!again || to_line(again->order) != written) std::abort();
    }
    if (line->word == assay::AgentWord::answer) {
      const std::string written = to_line(line->answer);
      const auto again = assay::parse_agent_line(written);
      if (!again || to_line(again->answer) != written) std::abort();
    }
  }
  assay::AgentSession session({assay::kAgentProtocol, "r", "k", 1, 0});
  session.open();
  [[maybe_unused]] const auto taken = session.take(text);
  return 0;
}

// The run's side of the agent's protocol, without its connection. Pure but for the clock that bounds orders.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/agent_protocol.h"

namespace assay {

// One agent from its first hello to its end, over as many connections as it takes. One thread at a time.
class AgentSession {
 public:
  explicit AgentSession(AgentHello hello) : hello_(std::move(hello)) {}

  // What is sent first on a new connection: hello, and every order that has no answer yet.
  std::string open();
  // Gives the order its number and keeps it until it is answered. What is to be sent. Errors: params.invalid,
  // for one that would be a longer line than an agent takes; then it is not kept.
  Result<std::string> order(AgentOrder order, Deadline bound);

  // The number of the newest order.
  std::int64_t last() const { return last_; }

  struct Taken {
    std::vector<AgentAnswer> answers;  // each order's once, whatever was repeated
    std::string reply;                 // to be sent
  };
  // Takes what has come. Before the agent's greeting everything else is passed over (a connection can begin
  // in the middle of a line). Errors: vantage.protocol.
  Result<Taken> take(std::string_view bytes);

  bool greeted() const { return greeted_; }
  // Gives up on them: a new agent knows nothing of the old one's answers.
  void start_anew();

 private:
  struct Open {
    AgentOrder order;
    Deadline bound;
  };
  static std::string line_of(const Open& open);

  AgentHello hello_;
  std::map<std::int64_t, Open> open_;
  std::int64_t last_ = 0;
  LineCutter cutter_;
  bool greeted_ = false;
};

}  // namespace assay

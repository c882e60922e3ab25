// What a run and its agent (`assay agent`, in a vantage's pod) say to each other: lines of JSON, pure.
//
// The run speaks first: `hello`, then orders, acknowledgements and beats; at last `end`. The agent answers
// hello with its own, and each order with one numbered answer, which it keeps until it is acknowledged. After
// a connection was lost the run says hello again, with the number of the last answer that it has, and every
// order that has no answer yet; the agent repeats what is missing and does nothing twice. Durations travel,
// never times of a clock.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/time.h"
#include "core/value.h"

namespace assay {

inline constexpr int kAgentProtocol = 1;
// The run sends something at least this often; an agent that has heard nothing for kAgentPatience ends
// itself.
inline constexpr Duration kAgentBeat = std::chrono::seconds(5);
inline constexpr Duration kAgentPatience = std::chrono::seconds(30);
inline constexpr std::size_t kMostAgentLine = 8U << 20;

struct AgentHello {
  int protocol = kAgentProtocol;
  std::string run;        // the run's id
  std::string key;        // of the redactor, so that tokens are the run's own
  std::int64_t jobs = 1;  // attempts at once
  std::int64_t seen = 0;  // the number of the last answer that arrived
};

// How the agent gets one reference of an order's parameters.
struct AgentReference {
  Value reference;
  std::string value;  // the secret itself, where neither of the next two is set
  std::string file;   // the path at which the vantage mounts it
  std::string error;  // why it could not be read
};

struct AgentOrder {
  std::int64_t number = 0;  // of the run's own; an order that comes twice is made once
  std::string probe;
  Value with;
  Duration timeout{};
  Duration left{};  // until the bound from outside; zero: there is none
  std::uint64_t random = 0;
  std::vector<AgentReference> references;
};

struct AgentAnswer {
  std::int64_t line = 0;    // the agent's own number, gapless from 1
  std::int64_t number = 0;  // of the order
  Value observation;
  double took = 0;
  double queued = 0;
  double lag = 0;
  bool cut = false;
};

// Lines, each with its line break.
std::string to_line(const AgentHello& hello);
std::string to_line(const AgentOrder& order);
std::string to_line(const AgentAnswer& answer);
std::string agent_greeting();               // the agent's first line
std::string ack_line(std::int64_t number);  // the run has all answers up to this one
std::string beat_line();
std::string end_line();

// What a line says. Members that do not belong are passed over.
enum class AgentWord { hello, order, answer, ack, beat, end };
struct AgentLine {
  AgentWord word = AgentWord::beat;
  AgentHello hello;
  AgentOrder order;
  AgentAnswer answer;
  std::int64_t ack = 0;
};

// Reads one line of either side. Errors: vantage.protocol.
Result<AgentLine> parse_agent_line(std::string_view line);

// Cuts a stream into lines. Errors: vantage.protocol for a line of more than kMostAgentLine bytes.
class LineCutter {
 public:
  Result<std::vector<std::string>> take(std::string_view bytes);
  void forget() { rest_.clear(); }  // the stream begins anew

 private:
  std::string rest_;
};

}  // namespace assay

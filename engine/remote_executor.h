// A vantage whose attempts are made by an agent somewhere else.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/agent_protocol.h"
#include "engine/local_executor.h"

namespace assay {

// A connection to an agent: bytes to its standard input, and from its standard output. One thread at a time.
class AgentLink {
 public:
  AgentLink() = default;
  virtual ~AgentLink() = default;
  AgentLink(const AgentLink&) = delete;
  AgentLink& operator=(const AgentLink&) = delete;

  // Everything, or an error.
  virtual Result<void> send(std::string_view bytes, const Context& context) = 0;
  // What has come, without waiting; empty: nothing yet. Errors: the connection has ended.
  virtual Result<std::string> receive(const Context& context) = 0;
  // Readable when receive() may have something.
  virtual int fd() const = 0;
};

// Where an agent runs. Called by one thread; every call is bounded by its context.
class AgentPlace {
 public:
  AgentPlace() = default;
  virtual ~AgentPlace() = default;
  AgentPlace(const AgentPlace&) = delete;
  AgentPlace& operator=(const AgentPlace&) = delete;

  // Puts an agent there and connects to it. Errors say why it did not begin.
  virtual Result<std::unique_ptr<AgentLink>> start(const Context& context) = 0;
  // Connects to the same agent again. Errors: it is not there any more, and why.
  virtual Result<std::unique_ptr<AgentLink>> again(const Context& context) = 0;
  // Takes it away, whatever state it is in. False when that could not be done, so that something may be left.
  virtual bool remove(const Context& context) = 0;
};

// The attempts of one vantage, through one agent that is started with the first of them. When the agent
// cannot be started, or is lost, attempts end as `vantage.*` errors; the next one tries anew.
class RemoteExecutor : public Executor {
 public:
  struct Options {
    std::size_t jobs = 256;
    Deadline deadline;                             // of the run
    Duration start = std::chrono::minutes(1);      // how long the agent's start may take
    Duration greeting = std::chrono::seconds(10);  // how long a connected agent may take to answer
    std::string key;                               // of the redactor
    std::string mounts;                            // the folder in which Secrets are mounted: MOUNTS/NAME/KEY
  };
  RemoteExecutor(std::unique_ptr<AgentPlace> place, std::shared_ptr<LocalShared> shared, Options options,
                 HandIn hand_in);
  ~RemoteExecutor() override;

  void submit(Order order) override;
  void stop(Deadline deadline) override;
  void close() override;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace assay

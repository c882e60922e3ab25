// The near end of a forward: a loopback port whose connections are carried to a pod.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "core/context.h"
#include "core/fd.h"
#include "kube/stream.h"
#include "net/address.h"

namespace assay {

// Serves one attempt, on a thread of its own.
class ForwardLine {
 public:
  // Makes the far end of a connection.
  using Open = std::function<Result<KubeStream>(const Context& context)>;

  // Listens on a port of 127.0.0.1 that the system chooses. Every connection gets a far end. Errors:
  // harness.internal (no socket or thread).
  static Result<std::unique_ptr<ForwardLine>> start(Open open);
  ~ForwardLine();  // ends all connections and waits for the thread
  ForwardLine(const ForwardLine&) = delete;
  ForwardLine& operator=(const ForwardLine&) = delete;

  // When the far ends of connections that are made from now on must be there; at first they need not.
  void until(Deadline deadline);
  const SocketAddress& near() const;
  // Why a connection did not reach its target or was cut, the first of them (what a probe does after that is
  // to find out why): connect.* by the target, vantage.failed on the way there. Nothing where all stand, or
  // have ended as connections end. Any thread.
  std::optional<Error> failure() const;

 private:
  struct State;
  explicit ForwardLine(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace assay

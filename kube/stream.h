// What runs in a pod, and its ports, over the API server: exec, attach and port-forward.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "core/context.h"
#include "net/websocket.h"

namespace assay {

// One message of the subprotocols v4.channel.k8s.io and v5.channel.k8s.io: a byte that names the channel,
// then its bytes (k8s.io/apimachinery, pkg/util/remotecommand).
struct KubeFrame {
  enum Channel : int { in = 0, out = 1, err = 2, status = 3, resize = 4, close = 255 };
  int channel = 0;
  std::string_view bytes;
};
// Errors: protocol.invalid (an empty message, a channel that there is not).
Result<KubeFrame> read_kube_frame(std::string_view message);

// How a program in a container ended, from the v1.Status on the channel `status`: its exit code. Errors:
// command.missing (there is no such program), the codes of KubeClient (the runtime could not start it),
// protocol.invalid (no Status).
Result<int> exit_of_status(std::string_view status);

// What became of a connection to a port of a pod, from the text on the channel for errors: connect.refused,
// connect.reset or connect.failed where it is about that connection, else kube.server.
Failure port_failure(std::string_view text);

// A program's standard streams, or a connection to a port of a pod. Made by KubeClient's exec, attach and
// forward. One thread at a time. That thread can send and receive without being held up: queue(), try_next()
// until it gives nothing, then poll fd() for events().
//
// Errors of every call: those of WebSocket; protocol.closed when the stream was cut before the program's
// status came; those of port_failure() for a forwarded port. The first one stays.
class KubeStream {
 public:
  struct Chunk {
    int channel = KubeFrame::out;  // out or err; `out` where a port was forwarded
    std::string text;
  };

  // Sends bytes to standard input (or the port) and returns when all of them are on their way. What arrives
  // meanwhile is kept for next(), up to 64 MiB (then it is protocol.too-large), so that a program that
  // answers before it has read everything holds nobody up.
  Result<void> send(std::string_view bytes, const Context& context);
  // The end of standard input. Errors: kube.invalid where the server speaks v4 only, which has no way to say
  // it.
  Result<void> close_stdin(const Context& context);
  bool can_close_stdin() const;

  // What came next, or nothing at the end. A deadline that passes here loses nothing.
  Result<std::optional<Chunk>> next(const Context& context);

  // The same in pieces that never wait. queue() keeps the bytes until try_next() can send them, or
  // try_flush(), which receives nothing; unsent() is how many are kept (with the protocol's few bytes a
  // message).
  void queue(std::string_view bytes);
  void try_flush() { socket_.try_flush(); }
  std::size_t unsent() const { return socket_.unsent(); }
  Result<std::optional<Chunk>> try_next();
  bool ended() const { return ended_; }
  int fd() const { return socket_.fd(); }
  short events() const { return socket_.events(); }

  // What the far end said of a forwarded port (see port_failure), apart from what became of the connection to
  // the API server.
  const std::optional<Error>& refusal() const { return refusal_; }

  // The exit code, once the end was reached; see exit_of_status(). Not for forwarded ports. Attach gives 0
  // whatever the program's exit code is, since the API does not say it.
  Result<int> exit() const;

 private:
  friend class KubeClient;
  enum class Kind { program, port };
  KubeStream(WebSocket socket, Kind kind) : socket_(std::move(socket)), kind_(kind) {}

  Result<void> take(std::string_view message);
  Result<void> take_port(const KubeFrame& frame);
  Result<bool> receive();
  Result<void> drain(const Context& context);

  WebSocket socket_;
  Kind kind_;
  std::deque<Chunk> kept_;
  std::size_t kept_bytes_ = 0;
  std::optional<Result<int>> exit_;
  std::optional<Error> failure_;
  std::optional<Error> refusal_;
  std::size_t port_seen_[2] = {0, 0};  // bytes of the port number that begins each of its channels
  bool ended_ = false;
};

}  // namespace assay

// WebSocket (RFC 6455) as a client, over assay's own transport.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/context.h"
#include "net/http.h"
#include "net/network.h"
#include "net/trace.h"

namespace assay {

// What is asked of a server before the protocol is switched.
struct WebSocketRequest {
  HostPort target;                     // what is dialled
  std::optional<Proxy> proxy;          // through this
  TlsOptions tls;                      // `enabled` decides
  std::string authority;               // the header Host
  std::string path;                    // with its query
  std::vector<HttpHeader> headers;     // besides those of the protocol itself
  std::vector<std::string> protocols;  // subprotocols, the one that is liked best first; one must be taken
  std::size_t max_message = 8U << 20;  // of one message that is received, in bytes
};

// One connection of binary messages. Pings are answered and fragments put together while messages are asked
// for; nothing is read ahead of the message that was not taken yet, so that a slow reader holds the server
// back. Messages to be sent are kept until the connection takes them. One thread at a time; that thread can
// do both without being held up: poll fd() for events(), then advance() and take().
//
// Errors: those of Transport, protocol.closed (the connection ended without the closing handshake of section
// 7), protocol.invalid (what came is no WebSocket), protocol.too-large. The first one stays.
class WebSocket {
 public:
  // Connects and switches the protocol. A server that answers with another status than 101 is
  // protocol.invalid, and `answer` holds its status, headers and body; with 101 it holds status and headers.
  static Result<WebSocket> open(Network& network, const WebSocketRequest& request, const Context& context,
                                Trace& trace, HttpResponse& answer);

  WebSocket(WebSocket&&) noexcept;
  WebSocket& operator=(WebSocket&&) noexcept;
  ~WebSocket();  // closes the connection, without a word

  // The subprotocol that the server chose.
  const std::string& protocol() const;

  // Adds a message to what is to be sent; sends nothing yet.
  void queue(std::string_view message);
  // How many bytes wait to be sent.
  std::size_t unsent() const;
  // Adds the close frame (status 1000). Messages are received as before, until the server closes too.
  void queue_close();

  // Sends what the connection takes now and reads what is there, up to one message; waits for nothing.
  Result<void> advance();
  // The message that has come, if one has.
  std::optional<std::string> take();
  // The closing handshake is done: no message follows.
  bool ended() const;

  // What to poll once advance() has done its work and take() has nothing.
  int fd() const;
  short events() const;

  // The next message, or nothing at the end. Sends meanwhile.
  Result<std::optional<std::string>> next(const Context& context);
  // Sends what the connection takes now. Does not read; what fails is told by the calls that do.
  void try_flush();
  // Sends everything that is queued. Does not read.
  Result<void> flush(const Context& context);

 private:
  struct Connection;
  explicit WebSocket(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> connection_;
};

}  // namespace assay

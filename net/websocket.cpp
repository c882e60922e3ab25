#include "net/websocket.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <boost/system/system_error.hpp>

#include "core/utf8.h"
#include "net/transport.h"

namespace assay {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using Code = boost::system::error_code;

// A stream for Boost.Beast that is no connection: what Beast sends is put into `out`, and what it waits for
// is handed to it by feed(). So Beast does the protocol and never waits, whatever the connection does.
class Wire {
 public:
  using executor_type = asio::io_context::executor_type;
  explicit Wire(asio::io_context& turns) : turns_(turns) {}
  executor_type get_executor() noexcept { return turns_.get_executor(); }

  std::string out;

  // Does Beast wait for bytes?
  bool hungry() const { return reader_ != nullptr; }
  void feed(std::string_view bytes) {
    in_ += bytes;
    serve();
  }
  void end() {
    ended_ = true;
    serve();
  }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(Code, std::size_t)>(
        [this](auto handler, Buffers into) {
          reader_ = std::make_unique<ReaderOf<Buffers, decltype(handler)>>(into, std::move(handler));
          serve();
        },
        token, buffers);
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(Code, std::size_t)>(
        [this](auto handler, Buffers from) {
          const std::size_t before = out.size();
          for (auto one = asio::buffer_sequence_begin(from); one != asio::buffer_sequence_end(from); ++one) {
            const asio::const_buffer part(*one);
            out.append(static_cast<const char*>(part.data()), part.size());
          }
          asio::post(turns_, beast::bind_front_handler(std::move(handler), Code(), out.size() - before));
        },
        token, buffers);
  }

 private:
  // A read that waits for its bytes.
  struct Reader {
    virtual ~Reader() = default;
    virtual std::size_t fill(std::string_view bytes) = 0;
    virtual void done(asio::io_context& turns, Code code, std::size_t count) = 0;
  };
  template <class Buffers, class Handler>
  struct ReaderOf : Reader {
    ReaderOf(const Buffers& into, Handler handler) : into_(into), handler_(std::move(handler)) {}
    std::size_t fill(std::string_view bytes) override {
      return asio::buffer_copy(into_, asio::buffer(bytes.data(), bytes.size()));
    }
    void done(asio::io_context& turns, Code code, std::size_t count) override {
      asio::post(turns, beast::bind_front_handler(std::move(handler_), code, count));
    }
    Buffers into_;
    Handler handler_;
  };

  void serve() {
    if (reader_ == nullptr || (in_.empty() && !ended_)) return;
    const auto reader = std::move(reader_);
    if (in_.empty()) return reader->done(turns_, asio::error::eof, 0);
    const std::size_t count = reader->fill(in_);
    in_.erase(0, count);
    reader->done(turns_, Code(), count);
  }

  asio::io_context& turns_;
  std::unique_ptr<Reader> reader_;
  std::string in_;
  bool ended_ = false;
};

// Beast finds these by their argument; the connection is Connection's to close.
[[maybe_unused]] void beast_close_socket(Wire&) {}
template <class Handler>
void async_teardown(beast::role_type, Wire& wire, Handler&& handler) {
  asio::post(wire.get_executor(), beast::bind_front_handler(std::forward<Handler>(handler), Code()));
}

Failure failure_of(const Code& code) {
  if (code == asio::error::eof || code == beast::http::error::end_of_stream ||
      code == beast::http::error::partial_message)
    return fail("protocol.closed", "transfer", "the connection ended in the middle of the stream");
  if (code == websocket::error::message_too_big)
    return fail("protocol.too-large", "transfer", "a message is larger than the limit");
  return fail("protocol.invalid", "transfer", "the WebSocket is broken: " + code.message());
}

constexpr std::size_t kWriteBuffer = 64U << 10;

Result<Transport> connect(Network& network, const WebSocketRequest& request, const Context& context,
                          Trace& trace) {
  if (!request.proxy) return Transport::connect(network, request.target, request.tls, context, trace);
  auto transport = connect_through(network, *request.proxy, request.target, context, trace);
  if (!transport || !request.tls.enabled) return transport;
  const auto secured = transport->start_tls(network, request.target.host, request.tls, context, trace);
  if (!secured) return Failure(secured.error());
  return transport;
}

}  // namespace

struct WebSocket::Connection {
  explicit Connection(Transport connected) : transport(std::move(connected)), stream(turns) {
    stream.auto_fragment(false);
    stream.write_buffer_bytes(kWriteBuffer);
    stream.binary(true);
  }

  // Everything that can be done now, up to a message.
  void turn() {
    turns.restart();
    turns.poll();
  }
  Wire& wire() { return stream.next_layer(); }
  void listen();
  void send_now();
  Result<void> advance();
  Result<void> wait_for(const bool& done, const Context& context);
  Result<void> shake_hands(const WebSocketRequest& request, const Context& context, HttpResponse& answer);

  Transport transport;
  asio::io_context turns{1};
  // The first timer takes asio's descriptors and throws where there are none. In Beast's own constructor,
  // which has told asio of itself by then, that would leave asio with memory that is gone.
  asio::steady_timer first{turns};
  websocket::stream<Wire, false> stream;
  std::string protocol;
  beast::flat_buffer incoming;
  bool has_message = false;
  bool ended = false;
  bool closing = false;
  bool deaf = false;  // the other side takes nothing more
  std::optional<Error> failure;
  std::array<char, 32U << 10> piece;
};

// Asks Beast for the next message.
void WebSocket::Connection::listen() {
  stream.async_read(incoming, [this](const Code& code, std::size_t) {
    if (!code) {
      has_message = true;
    } else if (code == websocket::error::closed || (closing && code == asio::error::operation_aborted)) {
      ended = true;
    } else if (!failure) {
      failure = failure_of(code).value();
    }
  });
}

void WebSocket::Connection::send_now() {
  std::string& out = wire().out;
  std::size_t at = 0;
  while (at < out.size() && !deaf) {
    const auto sent = transport.try_write(std::string_view(out).substr(at));
    // What the server said before it hung up is still to be read; the reading side reports the end.
    if (!sent) deaf = true;
    if (!sent || !*sent) break;
    at += **sent;
  }
  out.erase(0, deaf ? out.size() : at);
}

Result<void> WebSocket::Connection::advance() {
  while (true) {
    turn();
    send_now();
    if (has_message || ended) return {};
    if (failure) return Failure(*failure);
    if (!wire().hungry()) return fail("harness.internal", "transfer", "the WebSocket waits for nothing");
    const auto got = transport.try_read(piece);
    if (!got) {
      failure = got.error();
      return Failure(*failure);
    }
    if (!*got) return {};
    if (**got == 0) {
      wire().end();
    } else {
      wire().feed({piece.data(), **got});
    }
  }
}

// For what happens before there are messages.
Result<void> WebSocket::Connection::wait_for(const bool& done, const Context& context) {
  while (true) {
    turn();
    send_now();
    if (done) return {};
    if (!wire().hungry()) return fail("harness.internal", "request", "the WebSocket waits for nothing");
    const auto got = transport.read(piece, context);
    if (!got) return Failure(got.error());
    if (*got == 0) {
      wire().end();
    } else {
      wire().feed({piece.data(), *got});
    }
  }
}

WebSocket::WebSocket(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
WebSocket::WebSocket(WebSocket&&) noexcept = default;
WebSocket& WebSocket::operator=(WebSocket&&) noexcept = default;
WebSocket::~WebSocket() = default;

Result<WebSocket> WebSocket::open(Network& network, const WebSocketRequest& request, const Context& context,
                                  Trace& trace, HttpResponse& answer) {
  auto transport = connect(network, request, context, trace);
  if (!transport) return Failure(transport.error());
  const PhaseTimer timer(trace, "request");
  std::unique_ptr<Connection> connection;
  try {
    connection = std::make_unique<Connection>(std::move(*transport));
    if (const auto agreed = connection->shake_hands(request, context, answer); !agreed)
      return Failure(agreed.error());
  } catch (const std::exception& error) {
    // asio wants descriptors of its own, and a header of Beast's has at most 64 KiB.
    return fail("harness.internal", "setup", std::string("no WebSocket: ") + error.what());
  }
  connection->listen();
  return WebSocket(std::move(connection));
}

Result<void> WebSocket::Connection::shake_hands(const WebSocketRequest& request, const Context& context,
                                                HttpResponse& answer) {
  stream.read_message_max(request.max_message);
  stream.set_option(websocket::stream_base::decorator([&](websocket::request_type& head) {
    head.set("User-Agent", "assay");
    std::string protocols;
    for (const std::string& one : request.protocols) protocols += (protocols.empty() ? "" : ", ") + one;
    if (!protocols.empty()) head.set("Sec-WebSocket-Protocol", protocols);
    for (const HttpHeader& header : request.headers) head.insert(header.name, header.value.reveal());
  }));
  websocket::response_type head;
  bool done = false;
  Code code;
  stream.async_handshake(head, request.authority, request.path, [&](const Code& outcome) {
    code = outcome;
    done = true;
  });
  const auto waited = wait_for(done, context);
  if (!waited) return Failure(waited.error());
  answer.status = static_cast<int>(head.result_int());
  answer.version = "1.1";
  for (const auto& field : head) {
    answer.headers.emplace_back(lower_ascii({field.name_string().data(), field.name_string().size()}),
                                std::string(field.value()));
  }
  answer.body = head.body();
  if (code == websocket::error::upgrade_declined)
    return fail("protocol.invalid", "request",
                "the server does not switch to WebSocket: HTTP " + std::to_string(answer.status));
  if (code) {
    Failure why = failure_of(code);
    why.value().phase = "request";
    return why;
  }
  const std::string* chosen = answer.header("sec-websocket-protocol");
  // RFC 6455, section 4.1: one that was not asked for fails the connection.
  const auto& asked = request.protocols;
  if (chosen == nullptr ? !asked.empty() : std::find(asked.begin(), asked.end(), *chosen) == asked.end())
    return fail("protocol.invalid", "request", "the server chose none of the WebSocket's subprotocols");
  if (chosen != nullptr) protocol = *chosen;
  return {};
}

const std::string& WebSocket::protocol() const { return connection_->protocol; }

void WebSocket::queue(std::string_view message) {
  if (connection_->closing || connection_->ended || connection_->failure) return;
  connection_->stream.async_write(asio::buffer(message.data(), message.size()),
                                  [](const Code&, std::size_t) {});
  connection_->turn();  // Wire takes everything at once, so that `message` is not needed any more
}

void WebSocket::queue_close() {
  if (std::exchange(connection_->closing, true) || connection_->ended || connection_->failure) return;
  connection_->stream.async_close(websocket::close_code::normal, [](const Code&) {});
  connection_->turn();
}

std::size_t WebSocket::unsent() const { return connection_->wire().out.size(); }
bool WebSocket::ended() const { return connection_->ended; }
int WebSocket::fd() const { return connection_->transport.fd(); }

short WebSocket::events() const {
  return static_cast<short>(POLLIN | (connection_->wire().out.empty() ? 0 : POLLOUT));
}

Result<void> WebSocket::advance() { return connection_->advance(); }
void WebSocket::try_flush() { connection_->send_now(); }

std::optional<std::string> WebSocket::take() {
  Connection& connection = *connection_;
  if (!std::exchange(connection.has_message, false)) return std::nullopt;
  const auto data = connection.incoming.data();
  std::string message(static_cast<const char*>(data.data()), data.size());
  connection.incoming.consume(message.size());
  connection.listen();
  return message;
}

Result<std::optional<std::string>> WebSocket::next(const Context& context) {
  while (true) {
    const auto done = advance();
    if (auto message = take()) return message;
    if (!done) return Failure(done.error());
    if (ended()) return std::nullopt;
    const auto ready = context.wait(fd(), events(), "transfer");
    if (!ready) return Failure(ready.error());
  }
}

Result<void> WebSocket::flush(const Context& context) {
  while (true) {
    connection_->send_now();
    if (connection_->failure) return Failure(*connection_->failure);
    if (connection_->deaf) return fail("connect.reset", "transfer", "the other side takes nothing more");
    if (unsent() == 0) return {};
    const auto ready = context.wait(fd(), POLLOUT, "transfer");
    if (!ready) return Failure(ready.error());
  }
}

}  // namespace assay

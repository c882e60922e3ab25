#include "kube/stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/utf8.h"
#include "kube/client.h"
#include "kube/status.h"

namespace assay {
namespace {

constexpr std::size_t kPiece = 32U << 10;  // as kubectl cuts what it sends
constexpr std::size_t kMostKept = 64U << 20;

// A port's channels: data and error, each beginning with the port's number in two bytes
// (k8s.io/kubelet, pkg/cri/streaming/portforward/websocket.go).
constexpr int kPortData = 0;
constexpr int kPortError = 1;
constexpr std::size_t kPortNumber = 2;

std::string message_of(char channel, std::string_view bytes) {
  std::string message(1, channel);
  message += bytes;
  return message;
}

// The runtimes' words for a program that is not there (runc and crun).
bool says_missing(const std::string& message) {
  return message.find("executable file not found") != std::string::npos ||
         message.find("no such file or directory") != std::string::npos;
}

std::optional<int> exit_cause(const Value& status) {
  const Value* details = status.find("details");
  const Value* causes = details == nullptr ? nullptr : details->find("causes");
  if (causes == nullptr || !causes->is_array()) return std::nullopt;
  for (const Value& cause : causes->items()) {
    if (cause.get("reason") != "ExitCode") continue;
    const std::string text = cause.get("message");
    int code = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code);
    if (error == std::errc() && end == text.data() + text.size()) return code;
  }
  return std::nullopt;
}

std::string pod_path(const std::string& ns, const std::string& pod, const char* part) {
  return "/api/v1/namespaces/" + url_escaped(ns) + "/pods/" + url_escaped(pod) + "/" + part;
}

std::string streams_query(const std::string& container, bool with_stdin) {
  std::string query = "?stdout=true&stderr=true";
  if (with_stdin) query += "&stdin=true";
  if (!container.empty()) query += "&container=" + url_escaped(container);
  return query;
}

const std::vector<std::string>& program_protocols() {
  static const std::vector<std::string> protocols = {"v5.channel.k8s.io", "v4.channel.k8s.io"};
  return protocols;
}

}  // namespace

Result<KubeStream> KubeClient::exec(const std::string& ns, const std::string& pod,
                                    const std::string& container, const std::vector<std::string>& argv,
                                    bool with_stdin, const Context& context, Trace& trace) {
  if (argv.empty()) return fail("kube.invalid", "setup", "no program is named that is to run in the pod");
  std::string path = pod_path(ns, pod, "exec") + streams_query(container, with_stdin);
  for (const std::string& argument : argv) path += "&command=" + url_escaped(argument);
  auto socket = upgrade(path, program_protocols(), context, trace);
  if (!socket) return Failure(socket.error());
  return KubeStream(std::move(*socket), KubeStream::Kind::program);
}

Result<KubeStream> KubeClient::attach(const std::string& ns, const std::string& pod,
                                      const std::string& container, bool with_stdin, const Context& context,
                                      Trace& trace) {
  auto socket = upgrade(pod_path(ns, pod, "attach") + streams_query(container, with_stdin),
                        program_protocols(), context, trace);
  if (!socket) return Failure(socket.error());
  return KubeStream(std::move(*socket), KubeStream::Kind::program);
}

Result<KubeStream> KubeClient::forward(const std::string& ns, const std::string& pod, std::uint16_t port,
                                       const Context& context, Trace& trace) {
  auto socket = upgrade(pod_path(ns, pod, "portforward") + "?ports=" + std::to_string(port),
                        {"v4.channel.k8s.io"}, context, trace);
  if (!socket) return Failure(socket.error());
  return KubeStream(std::move(*socket), KubeStream::Kind::port);
}

Result<KubeFrame> read_kube_frame(std::string_view message) {
  if (message.empty()) return fail("protocol.invalid", "transfer", "the API server sent an empty message");
  KubeFrame frame{static_cast<unsigned char>(message.front()), message.substr(1)};
  if (frame.channel > KubeFrame::resize && frame.channel != KubeFrame::close)
    return fail("protocol.invalid", "transfer",
                fmt::format("the API server sent a message of channel {}", frame.channel));
  return frame;
}

Result<int> exit_of_status(std::string_view text) {
  const auto status = parse_json(text);
  const std::string outcome = status ? status->get("status") : "";
  if (outcome == "Success") return 0;
  if (outcome != "Failure")
    return fail("protocol.invalid", "transfer",
                "how the program ended is no Status: " + shorten(printable(text), 200));
  if (status->get("reason") == "NonZeroExitCode") {
    if (const auto code = exit_cause(*status)) return *code;
  }
  const std::string said = shorten(printable(status->get("message")), 500);
  if (says_missing(said)) return fail("command.missing", "request", said);
  const std::int64_t code = status->get_int("code", 500);
  return fail(kube_code(code >= 400 && code < 600 ? static_cast<int>(code) : 500), "request",
              said.empty() ? "the program could not be run, for no reason that was given" : said);
}

// containerd and CRI-O pass on what Go says of the connection that they make in the pod's network; anything
// else is about the pod itself.
Failure port_failure(std::string_view text) {
  const auto says = [&](std::string_view words) { return text.find(words) != std::string_view::npos; };
  const char* code = "kube.server";
  if (says("connection refused")) {
    code = "connect.refused";
  } else if (says("reset by peer") || says("broken pipe")) {
    code = "connect.reset";
  } else if (says("dial tcp")) {
    code = "connect.failed";
  }
  return fail(code, "connect", shorten(printable(text), 500));
}

bool KubeStream::can_close_stdin() const { return socket_.protocol() == "v5.channel.k8s.io"; }

void KubeStream::queue(std::string_view bytes) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), kPiece)))
    socket_.queue(message_of(KubeFrame::in, bytes.substr(0, kPiece)));
}

Result<void> KubeStream::send(std::string_view bytes, const Context& context) {
  while (!bytes.empty()) {
    const std::size_t count = std::min(bytes.size(), kPiece);
    queue(bytes.substr(0, count));
    bytes.remove_prefix(count);
    if (const auto sent = drain(context); !sent) return sent;
  }
  return {};
}

Result<void> KubeStream::close_stdin(const Context& context) {
  if (!can_close_stdin())
    return fail("kube.invalid", "request",
                "this API server is too old to end a program's standard input (it speaks " +
                    printable(socket_.protocol()) + ", not v5.channel.k8s.io)");
  socket_.queue(message_of(static_cast<char>(KubeFrame::close), std::string_view("\0", 1)));
  return drain(context);
}

// Until everything is sent; that the program ends upon that is no fault. After the end there is nobody to
// send to.
Result<void> KubeStream::drain(const Context& context) {
  bool sent = false;
  while (true) {
    const auto more = receive();
    if (!more) return Failure(more.error());
    if (ended_ && sent) return {};
    if (ended_) return fail("protocol.closed", "transfer", "the program has ended and takes no more input");
    sent = sent || unsent() == 0;
    if (kept_bytes_ > kMostKept)
      return fail("protocol.too-large", "transfer", "64 MiB came while this side was still sending");
    if (*more) continue;
    if (sent) return {};
    const auto ready = context.wait(fd(), events(), "transfer");
    if (!ready) return Failure(ready.error());
  }
}

Result<std::optional<KubeStream::Chunk>> KubeStream::try_next() {
  while (kept_.empty() && !ended_) {
    const auto more = receive();
    if (!more) return Failure(more.error());
    if (!*more) return std::nullopt;
  }
  if (kept_.empty()) return std::nullopt;
  Chunk chunk = std::move(kept_.front());
  kept_.pop_front();
  kept_bytes_ -= chunk.text.size();
  return chunk;
}

Result<std::optional<KubeStream::Chunk>> KubeStream::next(const Context& context) {
  while (true) {
    auto chunk = try_next();
    if (!chunk || *chunk || ended_) return chunk;
    const auto ready = context.wait(fd(), events(), "transfer");
    if (!ready) return Failure(ready.error());
  }
}

Result<int> KubeStream::exit() const {
  if (exit_) return *exit_;
  return fail("protocol.closed", "transfer", "the program has not ended");
}

// One step that does not wait: true when something came (a message, or the end).
Result<bool> KubeStream::receive() {
  if (ended_) return false;
  if (failure_) return Failure(*failure_);
  const auto keep = [this](const Error& error) {
    failure_ = error;
    return Failure(error);
  };
  const auto done = socket_.advance();
  if (const auto message = socket_.take()) {
    if (const auto taken = take(*message); !taken) return keep(taken.error());
    return true;
  }
  if (done && !socket_.ended()) return false;
  // A program's end is its status; a port's is that of the stream, however it comes.
  const bool complete = exit_.has_value() || (kind_ == Kind::port && done);
  if (!complete && !done) return keep(done.error());
  if (!complete) {
    return keep(fail("protocol.closed", "transfer",
                     "the API server ended the stream without saying how the program ended")
                    .value());
  }
  ended_ = true;
  return true;
}

Result<void> KubeStream::take(std::string_view message) {
  const auto frame = read_kube_frame(message);
  if (!frame) return Failure(frame.error());
  if (kind_ == Kind::port) return take_port(*frame);
  if (frame->bytes.empty()) return {};  // kubelets open each channel with one
  if (frame->channel == KubeFrame::status) {
    if (!exit_) exit_ = exit_of_status(frame->bytes);
  } else if (frame->channel == KubeFrame::out || frame->channel == KubeFrame::err) {
    kept_bytes_ += frame->bytes.size();
    kept_.push_back({frame->channel, std::string(frame->bytes)});
  }
  return {};
}

Result<void> KubeStream::take_port(const KubeFrame& frame) {
  if (frame.channel != kPortData && frame.channel != kPortError)
    return fail("protocol.invalid", "transfer",
                fmt::format("the API server sent a message of channel {}", frame.channel));
  std::string_view bytes = frame.bytes;
  std::size_t& seen = port_seen_[frame.channel];
  const std::size_t number = std::min(bytes.size(), kPortNumber - seen);
  seen += number;
  bytes.remove_prefix(number);
  if (bytes.empty()) return {};
  if (frame.channel == kPortData) {
    kept_bytes_ += bytes.size();
    kept_.push_back({KubeFrame::out, std::string(bytes)});
    return {};
  }
  refusal_ = port_failure(bytes).value();
  return Failure(*refusal_);
}

}  // namespace assay

// What a healthy gRPC server does not do; a real one is in tests/local. The server below speaks just enough
// HTTP/2 (RFC 9113) with literal header fields (RFC 7541, section 6.2.2) to answer one call.
#include <gtest/gtest.h>

#include "probes/probe.h"
#include "tests/support/certs.h"
#include "tests/support/http_server.h"
#include "tests/support/observe.h"

namespace assay::test {
namespace {

constexpr std::size_t kPreface = 24;
constexpr std::size_t kFrameHeader = 9;
enum FrameType : unsigned char { kData = 0, kHeaders = 1, kSettings = 4 };
constexpr unsigned char kEndStream = 1;  // of SETTINGS: ACK
constexpr unsigned char kEndHeaders = 4;

std::string frame(FrameType type, unsigned char flags, unsigned char stream, const std::string& payload) {
  std::string bytes;
  for (int shift = 16; shift >= 0; shift -= 8) bytes += static_cast<char>((payload.size() >> shift) & 0xff);
  bytes += static_cast<char>(type);
  bytes += static_cast<char>(flags);
  bytes += std::string(3, '\0') + static_cast<char>(stream);
  return bytes + payload;
}

// A text with its length before it (RFC 7541, sections 5.1 and 5.2).
std::string text(const std::string& bytes) {
  constexpr std::size_t kPrefix = 127;
  if (bytes.size() < kPrefix) return static_cast<char>(bytes.size()) + bytes;
  std::string length(1, static_cast<char>(kPrefix));
  std::size_t rest = bytes.size() - kPrefix;
  for (; rest >= 128; rest /= 128) length += static_cast<char>(rest % 128 + 128);
  return length + static_cast<char>(rest) + bytes;
}

std::string field(const std::string& name, const std::string& value) {
  return std::string(1, '\0') + text(name) + text(value);
}

struct Answer {
  std::string headers = "\x88" + field("content-type", "application/grpc");  // 0x88: ":status: 200"
  std::string message = std::string("\0\0\0\0\2\x08\x01", 7);                // SERVING
  std::string trailers = field("grpc-status", "0");
  bool trailers_only = false;
};

// The client's frames until its request is complete: the payload of its DATA frame.
template <class Stream>
std::string read_request(Stream& stream) {
  std::string text;
  std::size_t at = kPreface;
  while (true) {
    while (text.size() < at + kFrameHeader) {
      const std::string more = stream.read_some();
      if (more.empty()) return {};
      text += more;
    }
    const auto byte = [&](std::size_t i) {
      return static_cast<std::size_t>(static_cast<unsigned char>(text[at + i]));
    };
    const std::size_t size = byte(0) << 16 | byte(1) << 8 | byte(2);
    while (text.size() < at + kFrameHeader + size) {
      const std::string more = stream.read_some();
      if (more.empty()) return {};
      text += more;
    }
    if (byte(3) == kData && (byte(4) & kEndStream) != 0) return text.substr(at + kFrameHeader, size);
    at += kFrameHeader + size;
  }
}

template <class Stream>
std::string serve(Stream& stream, const Answer& answer) {
  stream.write(frame(kSettings, 0, 0, ""));
  const std::string request = read_request(stream);
  std::string bytes = frame(kSettings, kEndStream, 0, "");
  if (answer.trailers_only) {
    bytes += frame(kHeaders, kEndHeaders | kEndStream, 1, answer.headers + answer.trailers);
  } else {
    bytes += frame(kHeaders, kEndHeaders, 1, answer.headers);
    bytes += frame(kData, 0, 1, answer.message);
    bytes += frame(kHeaders, kEndHeaders | kEndStream, 1, answer.trailers);
  }
  stream.write(bytes);
  while (!stream.read_some().empty()) {
  }
  return request;
}

Value observe_answer(const Answer& answer, const std::string& more = "") {
  Server server([&](Peer& peer) { serve(peer, answer); });
  return observe("grpc.health", "{address: '" + server.address() + "'" + more + "}");
}

Answer with_message(std::string message) {
  Answer answer;
  answer.message = std::move(message);
  return answer;
}

Answer with_status(const std::string& status, const std::string& message, bool trailers_only) {
  Answer answer;
  answer.message = "";
  answer.trailers = field("grpc-status", status) + field("grpc-message", message);
  answer.trailers_only = trailers_only;
  return answer;
}

TEST(GrpcHealth, Serving) {
  std::string request = "nothing";
  {
    Server server([&](Peer& peer) { request = serve(peer, Answer()); });
    const Value seen = observe("grpc.health", "{address: '" + server.address() + "', service: a.B}");
    EXPECT_EQ(code_of(seen), "") << to_json(seen);
    EXPECT_EQ(at(seen, "serving"), Value("SERVING"));
    EXPECT_EQ(at(seen, "grpc_status"), Value("OK"));
    EXPECT_TRUE(at(seen, "phases.request").is_number());
  }
  EXPECT_EQ(request, std::string("\0\0\0\0\5\x0a\3a.B", 10));
}

TEST(GrpcHealth, NotServing) {
  const Value seen = observe_answer(with_message(std::string("\0\0\0\0\2\x08\x02", 7)));
  EXPECT_EQ(code_of(seen), "grpc.not-serving");
  EXPECT_EQ(at(seen, "serving"), Value("NOT_SERVING"));
  const Value unknown =
      observe_answer(with_message(std::string("\0\0\0\0\0", 5)));  // proto3 leaves a default out
  EXPECT_EQ(code_of(unknown), "grpc.not-serving");
  EXPECT_EQ(at(unknown, "serving"), Value("UNKNOWN"));
}

TEST(GrpcHealth, UnknownFieldsAreSkipped) {
  const Value seen = observe_answer(with_message(std::string("\0\0\0\0\x07\x12\x03\x08\x02x\x08\x01", 12)));
  EXPECT_EQ(at(seen, "serving"), Value("SERVING")) << to_json(seen);
}

TEST(GrpcHealth, ALongMessageIsWhole) {
  const Value seen = observe_answer(with_status("13", std::string(1000, 'w'), false));
  EXPECT_EQ(code_of(seen), "grpc.status");
  EXPECT_EQ(at(seen, "message"), Value(std::string(1000, 'w')));
  EXPECT_LT(at(seen, "error.message").string().size(), 300U);
}

TEST(GrpcHealth, StatusesInTrailersAndInTrailersAlone) {
  for (const bool alone : {false, true}) {
    const Value seen = observe_answer(with_status("12", "unknown service%20grpc.health.v1.Health%0A", alone));
    EXPECT_EQ(code_of(seen), "grpc.status");
    EXPECT_EQ(at(seen, "grpc_status"), Value("UNIMPLEMENTED"));
    EXPECT_NE(at(seen, "message").string().find("unknown service grpc.health"), std::string::npos);
    EXPECT_EQ(code_of(observe_answer(with_status("16", "no token", alone))), "auth.required");
    EXPECT_EQ(code_of(observe_answer(with_status("7", "no", alone))), "auth.denied");
    EXPECT_EQ(at(observe_answer(with_status("99", "odd", alone)), "grpc_status"), Value("99"));
  }
}

TEST(GrpcHealth, BrokenMessages) {
  for (const std::string& message :
       {std::string(), std::string("\0\0\0\0\2\x08", 6), std::string("\1\0\0\0\2\x08\x01", 7),
        std::string("\0\0\0\0\3\x12\x7f\x01", 8), std::string("\0\xff\xff\xff\xff\x08\x01", 7),
        std::string("\0\0\0\0\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16)}) {
    EXPECT_EQ(code_of(observe_answer(with_message(message))), "protocol.invalid");
  }
  Answer no_status;
  no_status.trailers = field("x", "y");
  EXPECT_EQ(code_of(observe_answer(no_status)), "protocol.invalid");
  Answer not_grpc;
  not_grpc.headers = "\x8d";  // ":status: 404"
  not_grpc.trailers = field("x", "y");
  EXPECT_EQ(code_of(observe_answer(not_grpc)), "http.status");
}

TEST(GrpcHealth, NoHttp2) {
  EXPECT_EQ(code_of(observe("grpc.health", "address: 127.0.0.1:" + std::to_string(closed_port()))),
            "connect.refused");
  Server silent([](Peer& peer) { peer.hold(); });
  EXPECT_EQ(
      code_of(observe("grpc.health", "address: '" + silent.address() + "'", std::chrono::milliseconds(100))),
      "deadline");
  Server one([](Peer& peer) {
    peer.read_some();
    peer.write("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    peer.hold();
  });
  const Value answered = observe("grpc.health", "address: '" + one.address() + "'");
  EXPECT_EQ(code_of(answered), "protocol.closed");
  EXPECT_NE(at(answered, "error.message").string().find("HTTP/2"), std::string::npos);
  Server closing([](Peer& peer) { peer.read_some(); });
  const std::string gone = code_of(observe("grpc.health", "address: '" + closing.address() + "'"));
  EXPECT_TRUE(gone == "protocol.closed" || gone == "connect.reset") << gone;
}

TEST(GrpcHealth, OverTls) {
  Authority authority;
  const Identity identity = authority.issue({"127.0.0.1"});
  for (const std::string& alpn : {std::string("h2"), std::string("http/1.1")}) {
    Server server([&](Peer& peer) {
      TlsPeer tls(peer, identity, alpn);
      if (!tls.secure()) return;
      if (alpn == "h2") {
        serve(tls, Answer());
      } else if (!tls.read_until("\r\n\r\n").empty()) {
        tls.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nGrpc-Status: 0\r\n\r\n");
      }
    });
    const Value seen =
        observe("grpc.health", "{address: '" + server.address() + "', tls: {ca: '" + authority.ca() + "'}}");
    EXPECT_EQ(code_of(seen), alpn == "h2" ? "" : "protocol.invalid") << to_json(seen);
    EXPECT_EQ(at(seen, "tls.verified"), Value(true));
    EXPECT_EQ(code_of(observe("grpc.health", "{address: '" + server.address() + "', tls: true}")),
              "tls.untrusted");
  }
}

}  // namespace
}  // namespace assay::test

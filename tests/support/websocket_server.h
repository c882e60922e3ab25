// The server's side of a WebSocket, byte by byte.
#pragma once

#include <openssl/sha.h>

#include <optional>
#include <string>

#include "core/base64.h"
#include "tests/support/server.h"

namespace assay::test {

inline std::string accept_key(const std::string& head) {
  const std::string name = "Sec-WebSocket-Key: ";
  const auto at = head.find(name) + name.size();
  const std::string text =
      head.substr(at, head.find("\r\n", at) - at) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  return encode_base64({reinterpret_cast<const char*>(digest), sizeof digest});
}

// The switch of protocols, where the head of the request was read already.
inline void switch_protocol_of(const std::string& head, Peer& peer, const std::string& then,
                               const std::string& protocol) {
  peer.write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Protocol: " +
      protocol + "\r\nSec-WebSocket-Accept: " + accept_key(head) + "\r\n\r\n" + then);
}

// The switch of protocols; gives the head of the request.
inline std::string switch_protocol(Peer& peer, const std::string& then = "",
                                   const std::string& protocol = "second") {
  const std::string head = peer.read_until("\r\n\r\n");
  switch_protocol_of(head, peer, then, protocol);
  return head;
}

// A frame as a server sends it (RFC 6455, section 5.2).
inline std::string frame(int opcode, const std::string& bytes, bool last = true) {
  std::string out(1, static_cast<char>((last ? 0x80 : 0) | opcode));
  if (bytes.size() < 126) {
    out += static_cast<char>(bytes.size());
  } else {
    out += static_cast<char>(126);
    out += static_cast<char>(bytes.size() >> 8);
    out += static_cast<char>(bytes.size());
  }
  return out + bytes;
}

// A short frame as a client sends it, unmasked.
inline std::string read_frame(Peer& peer, int& opcode) {
  std::string bytes;
  const auto want = [&](std::size_t count) {
    while (bytes.size() < count) {
      const std::string more = peer.read_some();
      if (more.empty()) return false;
      bytes += more;
    }
    return true;
  };
  if (!want(6)) return "";
  opcode = bytes[0] & 15;
  const auto size = static_cast<std::size_t>(bytes[1] & 127);
  if (!want(6 + size)) return "";
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text += static_cast<char>(bytes[6 + i] ^ bytes[2 + i % 4]);
  return text;
}

// Frames as a client sends them, unmasked, one after the other.
class FrameReader {
 public:
  explicit FrameReader(Peer& peer) : peer_(peer) {}
  // The next one's bytes; nothing at the end.
  std::optional<std::string> next() {
    if (!want(2)) return std::nullopt;
    auto size = static_cast<std::size_t>(bytes_[1] & 127);
    const std::size_t extra = size < 126 ? 0 : size == 126 ? 2 : 8;
    if (!want(2 + extra + 4)) return std::nullopt;
    if (extra > 0) size = 0;
    for (std::size_t i = 0; i < extra; ++i) size = size << 8 | static_cast<unsigned char>(bytes_[2 + i]);
    const std::size_t begin = 2 + extra + 4;
    if (!want(begin + size)) return std::nullopt;
    std::string text;
    for (std::size_t i = 0; i < size; ++i)
      text += static_cast<char>(bytes_[begin + i] ^ bytes_[begin - 4 + i % 4]);
    bytes_.erase(0, begin + size);
    return text;
  }

 private:
  bool want(std::size_t count) {
    while (bytes_.size() < count) {
      const std::string more = peer_.read_some();
      if (more.empty()) return false;
      bytes_ += more;
    }
    return true;
  }
  Peer& peer_;
  std::string bytes_;
};

}  // namespace assay::test

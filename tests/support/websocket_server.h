// The server's side of a WebSocket, byte by byte.
#pragma once

#include <openssl/sha.h>

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

// The switch of protocols; gives the head of the request.
inline std::string switch_protocol(Peer& peer, const std::string& then = "",
                                   const std::string& protocol = "second") {
  const std::string head = peer.read_until("\r\n\r\n");
  peer.write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Protocol: " +
      protocol + "\r\nSec-WebSocket-Accept: " + accept_key(head) + "\r\n\r\n" + then);
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

}  // namespace assay::test

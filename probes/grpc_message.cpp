#include "probes/grpc_message.h"

#include <charconv>

#include "core/utf8.h"

namespace assay {
namespace {

constexpr std::size_t kPrefix = 5;  // a message's compressed flag and 32-bit length

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7f) | 0x80);
  out += static_cast<char>(value);
}

std::optional<std::uint64_t> read_varint(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return std::nullopt;
}

}  // namespace

std::string health_request(std::string_view service) {
  std::string message;
  if (!service.empty()) {
    message += '\x0a';  // field 1, length-delimited
    append_varint(message, service.size());
    message += service;
  }
  std::string framed(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) framed += static_cast<char>((message.size() >> shift) & 0xff);
  return framed + message;
}

std::optional<std::uint64_t> read_health_response(std::string_view body) {
  if (body.size() < kPrefix || body[0] != '\0') return std::nullopt;
  std::uint32_t length = 0;
  for (std::size_t i = 1; i < kPrefix; ++i) length = length << 8 | static_cast<unsigned char>(body[i]);
  body.remove_prefix(kPrefix);
  if (body.size() != length) return std::nullopt;
  std::uint64_t status = 0;
  while (!body.empty()) {
    const auto tag = read_varint(body);
    if (!tag) return std::nullopt;
    const auto wire = *tag & 7;
    if (wire != 0 && wire != 2) return std::nullopt;
    const auto value = read_varint(body);
    if (!value) return std::nullopt;
    if (*tag == (1U << 3)) status = *value;
    if (wire != 2) continue;
    if (*value > body.size()) return std::nullopt;
    body.remove_prefix(*value);
  }
  return status;
}

std::string grpc_words(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ptr == text.data() + i + 3) {
      result += static_cast<char>(byte);
      i += 2;
    } else {
      result += text[i];
    }
  }
  return printable(result);
}

}  // namespace assay

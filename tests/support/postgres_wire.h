// What a server of Postgres sends, for tests of what a bad one does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/server.h"

namespace assay::test {

// One message: its type, its length, its body
// (https://www.postgresql.org/docs/current/protocol-message-formats.html).
inline std::string pg_message(char type, std::string_view body, std::int64_t length = -1) {
  const auto size =
      static_cast<std::uint32_t>(length < 0 ? static_cast<std::int64_t>(body.size()) + 4 : length);
  std::string out(1, type);
  for (const int shift : {24, 16, 8, 0}) out += static_cast<char>((size >> shift) & 0xff);
  return out + std::string(body);
}

inline std::string pg_error(std::string_view state, std::string_view message) {
  std::string body = "SFATAL";
  body += '\0';
  body += "VFATAL";
  body += '\0';
  body += 'C' + std::string(state) + '\0';
  body += 'M' + std::string(message) + '\0';
  body += '\0';
  return pg_message('E', body);
}

inline std::string pg_ready() { return pg_message('Z', "I"); }

// "Come in" without a password.
inline std::string pg_welcome() { return pg_message('R', std::string_view("\0\0\0\0", 4)) + pg_ready(); }

// Reads the start-up packet and lets the client in.
inline void pg_let_in(Peer& peer) {
  peer.read_some();
  peer.write(pg_welcome());
}

// A row description of text columns; fewer than 256.
inline std::string pg_columns(const std::vector<std::string>& names) {
  std::string body{'\0', static_cast<char>(names.size())};
  for (const std::string& name : names) {
    body += name + '\0';
    body += std::string("\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0", 18);
  }
  return pg_message('T', body);
}
inline std::string pg_column(const std::string& name) { return pg_columns({name}); }

// A row of as many columns.
inline std::string pg_row(const std::vector<std::string>& values) {
  std::string body{'\0', static_cast<char>(values.size())};
  for (const std::string& value : values) {
    const auto size = static_cast<std::uint32_t>(value.size());
    for (const int shift : {24, 16, 8, 0}) body += static_cast<char>((size >> shift) & 0xff);
    body += value;
  }
  return pg_message('D', body);
}
inline std::string pg_row(const std::string& value) { return pg_row(std::vector{value}); }

}  // namespace assay::test

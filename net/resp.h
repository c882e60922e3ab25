// The wire format of Redis (RESP2): commands out, replies in.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/result.h"
#include "core/secret.h"
#include "core/value.h"

struct redisReader;

namespace assay {

// What one reply may cost. `bytes` is on the wire; `nodes` counts values, since the smallest takes four bytes
// on the wire and many more in memory.
struct RespLimits {
  std::size_t bytes = 4 << 20;
  std::size_t nodes = 100'000;
};

// A reply. An error reply ("-WRONGTYPE ...") has `is_error` and its text as value; an error inside an array
// is an object {error: text}.
struct RespReply {
  Value value;
  bool is_error = false;
};

// Reads replies from foreign bytes, fed in any portions. Strings are bytes as they came; a null is a null.
// At most seven arrays lie in one another. After an error it takes nothing more. One thread at a time.
// Source of the format: https://redis.io/docs/latest/develop/reference/protocol-spec/
class RespParser {
 public:
  explicit RespParser(RespLimits limits = {});
  ~RespParser();
  RespParser(RespParser&&) noexcept;
  RespParser& operator=(RespParser&&) noexcept;

  // Adds bytes and returns the next reply, or nothing as long as it is incomplete; next({}) asks for one that
  // came along with an earlier one. Errors (phase request): protocol.invalid, protocol.too-large.
  Result<std::optional<RespReply>> next(std::string_view bytes);

  // True when bytes have come that belong to no reply returned so far.
  bool pending() const { return failed_ || taken_ > 0; }

 private:
  struct Builder;
  struct FreeReader {
    void operator()(redisReader* reader) const;
  };
  RespLimits limits_;
  std::unique_ptr<Builder> builder_;
  std::unique_ptr<redisReader, FreeReader> reader_;
  std::size_t taken_ = 0;  // bytes that belong to no complete reply yet
  bool failed_ = false;
};

// A command as an array of bulk strings; a Secret because an argument may be one.
Secret resp_command(std::span<const std::string_view> words);

}  // namespace assay

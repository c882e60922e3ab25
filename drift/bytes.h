// Bytes in memory or in a file, read piece by piece.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/fd.h"
#include "core/result.h"

namespace assay::drift {

// Not mapped: pages of a mapping count as memory of the process. Safe from any thread.
class Bytes {
 public:
  static Bytes of(std::string text);
  // Errors: file.missing, file.unreadable.
  static Result<Bytes> open(const std::string& path);

  std::uint64_t size() const { return size_; }
  // As many as there are from `offset` on, at most `count`. Errors: file.unreadable.
  Result<void> read(std::uint64_t offset, std::size_t count, std::string& out) const;
  // All of them where they lie in memory, else nothing.
  const std::string* memory() const { return fd_ ? nullptr : &text_; }

 private:
  std::string text_;
  std::string path_;
  Fd fd_;
  std::uint64_t size_ = 0;
};

// A walk over them, from the beginning to the end.
class ByteStream {
 public:
  explicit ByteStream(const Bytes& bytes) : bytes_(bytes) {}

  // What is at hand from here on. Stays until the next call of a function that is not const.
  std::string_view at_hand() const;
  // Adds to what is at hand; false: this is all.
  bool more();
  void skip(std::size_t count) { at_ += count; }
  // The rest of this line, without its end, and goes on to the next; false: there is nothing left. A carriage
  // return before the end belongs to it.
  bool line(std::string_view& out);
  std::uint64_t offset() const { return begin_ + at_; }
  void seek(std::uint64_t offset);
  // Why more() has said false before the end.
  const Result<void>& result() const { return result_; }

 private:
  const Bytes& bytes_;
  std::string buffer_;
  std::uint64_t begin_ = 0;  // of the buffer
  std::size_t at_ = 0;       // in it
  Result<void> result_;
};

}  // namespace assay::drift

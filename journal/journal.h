// Writing and reading journal.jsonl.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "core/fd.h"
#include "core/time.h"
#include "journal/record.h"

namespace assay {

// Appends records to a journal. Each line is one write(2) with O_APPEND and no buffer of ours, so that what
// was recorded survives SIGKILL; header and end are synced to the disk. Safe from any thread.
class JournalWriter {
 public:
  using Listener = std::function<void(const Record&)>;

  // Makes `path` (it must not exist; mode 0640). Times count from `start`.
  static Result<JournalWriter> create(const std::string& path, TimePoint start);

  // Numbers, stamps and writes one record, then hands it to the listener in the order of the file. Errors:
  // journal.write (no space, no device); after the first every further append fails the same way, and the
  // listener still gets the record, so that a console can go on.
  Result<void> append(std::string_view kind, Value body);

  // Who sees each record right after it was written, under the writer's lock.
  void listen(Listener listener) { listener_ = std::move(listener); }

  // Waits until what was written is on the disk.
  Result<void> sync();

  JournalWriter(JournalWriter&&) noexcept;
  ~JournalWriter() = default;

 private:
  JournalWriter(Fd fd, TimePoint start) : fd_(std::move(fd)), start_(start) {}

  std::mutex mutex_;
  Fd fd_;
  TimePoint start_;
  std::uint64_t next_ = 1;
  Listener listener_;
  std::string failed_;
};

// What reading a journal found. `complete` is whether an `end` record was there; `cut` whether a last line
// without newline was dropped.
struct JournalContents {
  std::vector<Record> records;
  bool complete = false;
  bool cut = false;
};

// Reads a whole journal. A last line without newline is dropped; any other bad line, a gap in the numbers or
// a newer format is an error that names the line.
Result<JournalContents> read_journal(const std::string& path);
Result<JournalContents> parse_journal(std::string_view text);

}  // namespace assay

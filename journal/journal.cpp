#include "journal/journal.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace assay {

Result<JournalWriter> JournalWriter::create(const std::string& path, TimePoint start) {
  Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0640));
  if (!fd) return fail("journal.write", "setup", "cannot make " + path + ": " + std::strerror(errno));
  return JournalWriter(std::move(fd), start);
}

JournalWriter::JournalWriter(JournalWriter&& other) noexcept
    : fd_(std::move(other.fd_)),
      start_(other.start_),
      next_(other.next_),
      listener_(std::move(other.listener_)),
      failed_(std::move(other.failed_)) {}

Result<void> JournalWriter::append(std::string_view kind_name, Value body) {
  const std::lock_guard lock(mutex_);
  Record record{next_++, Duration(std::chrono::steady_clock::now() - start_).count(), std::string(kind_name),
                std::move(body)};
  if (failed_.empty()) {
    const std::string line = to_line(record) + "\n";
    std::size_t done = 0;
    while (done < line.size()) {
      const auto written = ::write(fd_.get(), line.data() + done, line.size() - done);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) {
        failed_ = std::string("cannot write the journal: ") + std::strerror(written < 0 ? errno : ENOSPC);
        // A line that was cut must not stand in the middle of a journal: nothing is written after it.
        break;
      }
      done += static_cast<std::size_t>(written);
    }
    if (failed_.empty() && (record.kind == kind::header || record.kind == kind::end)) {
      if (::fdatasync(fd_.get()) != 0 && errno != EINVAL && errno != EROFS) {
        failed_ = std::string("cannot write the journal: ") + std::strerror(errno);
      }
    }
  }
  if (listener_) listener_(record);
  if (!failed_.empty()) return fail("journal.write", "setup", failed_);
  return {};
}

Result<void> JournalWriter::sync() {
  const std::lock_guard lock(mutex_);
  if (!failed_.empty()) return fail("journal.write", "setup", failed_);
  if (::fdatasync(fd_.get()) != 0)
    return fail("journal.write", "setup", std::string("fdatasync: ") + std::strerror(errno));
  return {};
}

Result<JournalContents> parse_journal(std::string_view text) {
  JournalContents contents;
  const auto bad = [](std::size_t line, const std::string& why) {
    return fail("harness.internal", "setup", "journal line " + std::to_string(line) + ": " + why);
  };
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) {
      contents.cut = true;
      break;
    }
    auto record = parse_record(text.substr(0, end));
    text.remove_prefix(end + 1);
    if (!record) return bad(number, record.error().message);
    if (record->n != number) {
      return bad(number, "has number " + std::to_string(record->n) + ": records are missing or were changed");
    }
    if (number == 1) {
      if (record->kind != kind::header) return bad(1, "no header: not a journal of assay");
      if (record->body.get_int("version") > kJournalVersion) {
        return bad(1, "format version " + std::to_string(record->body.get_int("version")) +
                          " is newer than this assay reads (" + std::to_string(kJournalVersion) + ")");
      }
    }
    if (record->kind == kind::end) contents.complete = true;
    contents.records.push_back(std::move(*record));
  }
  if (contents.records.empty()) return fail("harness.internal", "setup", "the journal is empty");
  return contents;
}

Result<JournalContents> read_journal(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail("harness.internal", "setup", "cannot read " + path + ": " + std::strerror(errno));
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  auto contents = parse_journal(text);
  if (!contents) return fail("harness.internal", "setup", path + ": " + contents.error().message);
  return contents;
}

}  // namespace assay

#include "journal/journal.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace assay {
namespace {

class JournalTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "assay-journal-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = folder_ + "/journal.jsonl";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static void write_some(JournalWriter& journal, int attempts) {
    ASSERT_TRUE(journal.append(kind::header,
                               Value::object({{"format", "assay-journal"}, {"version", kJournalVersion}})));
    for (int i = 0; i < attempts; ++i)
      ASSERT_TRUE(journal.append(kind::attempt, Value::object({{"check", "a"}, {"text", "line\nbreak"}})));
  }
  std::string text() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

  std::string folder_;
  std::string path_;
};

}  // namespace

TEST_F(JournalTest, WhatWasWrittenIsReadBack) {
  auto journal = JournalWriter::create(path_, std::chrono::steady_clock::now());
  ASSERT_TRUE(journal) << journal.error().message;
  write_some(*journal, 3);
  ASSERT_TRUE(journal->append(kind::end, Value::object()));
  const auto read = read_journal(path_);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_TRUE(read->complete);
  EXPECT_FALSE(read->cut);
  ASSERT_EQ(read->records.size(), 5U);
  EXPECT_EQ(read->records[1].body.get("text"), "line\nbreak");
  EXPECT_EQ(read->records[4].n, 5U);
}

// Whatever byte a kill cuts it at, what came before is read.
TEST_F(JournalTest, CutAtAnyByteItIsReadable) {
  auto journal = JournalWriter::create(path_, std::chrono::steady_clock::now());
  ASSERT_TRUE(journal);
  write_some(*journal, 4);
  const std::string whole = text();
  const std::size_t header_end = whole.find('\n') + 1;
  for (std::size_t length = header_end; length <= whole.size(); ++length) {
    const std::string_view part(whole.data(), length);
    const auto read = parse_journal(part);
    ASSERT_TRUE(read) << "cut at byte " << length << ": " << read.error().message;
    const auto lines = static_cast<std::size_t>(std::count(part.begin(), part.end(), '\n'));
    EXPECT_EQ(read->records.size(), lines);
    EXPECT_EQ(read->cut, !part.ends_with('\n'));
    EXPECT_FALSE(read->complete);
  }
}

TEST_F(JournalTest, EverythingWrittenBeforeSigkillIsThere) {
  const pid_t child = ::fork();
  if (child == 0) {
    auto journal = JournalWriter::create(path_, std::chrono::steady_clock::now());
    if (!journal || !journal->append(kind::header, Value::object({{"version", 1}}))) ::_exit(1);
    for (int i = 0; i < 100; ++i) {
      if (!journal->append(kind::attempt, Value::object({{"i", i}}))) ::_exit(1);
    }
    ::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  const auto read = read_journal(path_);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->records.size(), 101U);
}

TEST_F(JournalTest, ABadLineIsNamedByItsNumber) {
  auto journal = JournalWriter::create(path_, std::chrono::steady_clock::now());
  ASSERT_TRUE(journal);
  write_some(*journal, 3);
  std::string broken = text();
  broken.replace(broken.find("\"n\":3"), 5, "\"n\":7");
  const auto gap = parse_journal(broken);
  ASSERT_FALSE(gap);
  EXPECT_NE(gap.error().message.find("line 3"), std::string::npos) << gap.error().message;
  const auto garbage = parse_journal(text().substr(0, text().find('\n') + 1) + "no json\n");
  ASSERT_FALSE(garbage);
  EXPECT_NE(garbage.error().message.find("line 2"), std::string::npos) << garbage.error().message;
}

TEST_F(JournalTest, ANewerFormatIsRefusedAndUnknownKindsAreKept) {
  EXPECT_FALSE(parse_journal("{\"n\":1,\"t\":0,\"kind\":\"header\",\"version\":99}\n"));
  const auto read = parse_journal(
      "{\"n\":1,\"t\":0,\"kind\":\"header\",\"version\":1,\"new\":true}\n{\"n\":2,\"t\":5,\"kind\":\"moon\","
      "\"x\":1}\n");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->records[1].kind, "moon");
  EXPECT_TRUE(read->records[0].body.get_bool("new"));
}

TEST_F(JournalTest, AFullDiskIsAnErrorAndTheListenerGoesOn) {
  auto journal = JournalWriter::create("/dev/full", std::chrono::steady_clock::now());
  EXPECT_FALSE(journal) << "an existing file must not be taken for a new journal";
  std::filesystem::create_symlink("/dev/full", path_);
  EXPECT_FALSE(JournalWriter::create(path_, std::chrono::steady_clock::now()));
}

}  // namespace assay

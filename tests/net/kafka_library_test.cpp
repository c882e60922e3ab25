// The loading of librdkafka, with what is no librdkafka.
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <link.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "net/rdkafka.h"

namespace assay::test {
namespace {

void expect_failure(const Result<RdKafka>& loaded, const std::vector<std::string>& words) {
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, "harness.internal");
  EXPECT_EQ(loaded.error().phase, "setup");
  EXPECT_FALSE(loaded.error().retriable);
  for (const std::string& word : words) {
    EXPECT_NE(loaded.error().message.find(word), std::string::npos)
        << word << " in: " << loaded.error().message;
  }
  EXPECT_EQ(loaded.error().message.find('\n'), std::string::npos);
}

bool mapped(const std::string& name) {
  std::pair<const std::string&, bool> search(name, false);
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        auto& [wanted, found] = *static_cast<std::pair<const std::string&, bool>*>(data);
        found = found || std::string(info->dlpi_name).find(wanted) != std::string::npos;
        return 0;
      },
      &search);
  return search.second;
}

}  // namespace

TEST(KafkaLibrary, OneThatDoesNotExistIsNamedWithItsPackage) {
  expect_failure(load_rdkafka("libno-such-kafka.so.1"),
                 {"libno-such-kafka.so.1", "librdkafka1", "No such file"});
}

TEST(KafkaLibrary, WhatIsNoLibraryIsNamed) {
  const std::string file = testing::TempDir() + "assay-no-library-" + std::to_string(::getpid()) + ".so";
  std::ofstream(file) << "neither code\nnor data\n";
  expect_failure(load_rdkafka(file), {"assay-no-library-", "librdkafka1"});
  std::filesystem::remove(file);
}

TEST(KafkaLibrary, AFunctionThatIsLackingIsNamed) {
  expect_failure(load_rdkafka("libm.so.6"), {"libm.so.6", "has no rd_kafka_", "librdkafka1"});
}

// In a process of its own: other tests load the library, and that is for good.
TEST(KafkaLibraryDeathTest, IsNotThereUntilItIsOpened) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(
      {
        const bool before = mapped("librdkafka");
        const bool ok = open_rdkafka().has_value();
        std::exit(!before && ok && mapped("librdkafka") ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST(KafkaLibrary, ManyThreadsOpenItOnce) {
  std::vector<std::thread> threads;
  std::vector<int> versions(16);
  for (int& version : versions) {
    threads.emplace_back([&version] {
      if (open_rdkafka()) version = rdk().rd_kafka_version();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int version : versions) EXPECT_GE(version, 0x02000000);
}

}  // namespace assay::test

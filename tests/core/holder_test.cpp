#include "core/holder.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace assay {

TEST(Holder, ALivingProcessIsNotGoneADeadOneIs) {
  EXPECT_FALSE(is_gone(this_holder()));
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string own = this_holder();
    ::_exit(::write(ends[1], own.data(), own.size()) == static_cast<ssize_t>(own.size()) ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  std::string holder(256, '\0');
  const auto got = ::read(ends[0], holder.data(), holder.size());
  ASSERT_GT(got, 0);
  holder.resize(static_cast<std::size_t>(got));
  EXPECT_NE(holder, this_holder());
  EXPECT_TRUE(is_gone(holder));
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(Holder, WhatNobodyCanTellIsNotGone) {
  const std::string own = this_holder();
  const std::string rest = own.substr(own.find('/'));
  EXPECT_FALSE(is_gone("another-boot" + rest));
  // The same machine, and another container on it: its numbers are not ours.
  const std::string place = own.substr(0, own.find('/'));
  EXPECT_FALSE(is_gone(place.substr(0, place.find(',')) + ",pid:[1]/1/1"));
  EXPECT_FALSE(is_gone(""));
  EXPECT_FALSE(is_gone(own.substr(0, own.find('/')) + "/../1"));
  // The number is another process' now.
  EXPECT_TRUE(is_gone(own.substr(0, own.rfind('/')) + "/1"));
}

}  // namespace assay

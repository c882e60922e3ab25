#include "net/resolver.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/support/descriptors.h"
#include "tests/support/name_server.h"

namespace assay::test {
namespace {

using namespace std::chrono_literals;

// Keeps the server's thread for a while, as a server far away does.
void linger(Duration time) {
  const Stop never;
  [[maybe_unused]] const auto waited = Context(Deadline(), never).pause(Deadline::in(time), "test");
}

struct Outcomes {
  std::vector<std::string> codes;  // "": an answer
  std::size_t count(const std::string& code) const {
    return static_cast<std::size_t>(std::count(codes.begin(), codes.end(), code));
  }
};

// `timeouts.size()` threads ask for one name at once.
Outcomes ask_at_once(Resolver& resolver, const std::string& name, const std::vector<Duration>& timeouts) {
  Outcomes outcomes;
  outcomes.codes.resize(timeouts.size());
  std::vector<std::thread> threads;
  const Stop never;
  for (std::size_t i = 0; i < timeouts.size(); ++i) {
    threads.emplace_back([&, i] {
      const auto answer = resolver.resolve(name, 80, Context(Deadline::in(timeouts[i]), never));
      outcomes.codes[i] = answer ? "" : answer.error().code;
    });
  }
  for (std::thread& thread : threads) thread.join();
  return outcomes;
}

}  // namespace

TEST(Resolver, EveryoneWhoWaitsLearnsThatANameDoesNotExist) {
  NameServer server([](const std::string& query) {
    linger(100ms);
    return dns_answer(query, 3, 0);
  });
  Resolver resolver(server.address());
  const Outcomes all = ask_at_once(resolver, "no-such-host.example.test.", std::vector<Duration>(60, 4s));
  EXPECT_EQ(all.count("dns.unknown"), 60U);
  EXPECT_LT(server.asked(), 60);
}

TEST(Resolver, EveryoneWhoWaitsLearnsThatTheServersFail) {
  NameServer server([](const std::string& query) {
    linger(100ms);
    return dns_answer(query, 2, 0);
  });
  Resolver resolver(server.address());
  EXPECT_EQ(ask_at_once(resolver, "host.example.test.", std::vector<Duration>(60, 4s)).count("dns.failed"),
            60U);
}

TEST(Resolver, WhoRunsOutOfTimeDoesNotAnswerForTheOthers) {
  std::atomic<int> questions = 0;
  NameServer server([&](const std::string& query) {
    // The first flight's two questions, for IPv4 and IPv6, are lost.
    return ++questions <= 2 ? std::string() : one_address(query);
  });
  Resolver resolver(server.address());
  const Outcomes all = ask_at_once(resolver, "slow.example.test.", {150ms, 8s, 8s, 8s});
  EXPECT_EQ(all.count(""), 3U) << all.codes[1];
  EXPECT_EQ(all.codes[0], "dns.timeout");
}

TEST(Resolver, AnAnswerIsSharedAndKept) {
  NameServer server(one_address);
  Resolver resolver(server.address());
  EXPECT_EQ(ask_at_once(resolver, "host.example.test.", std::vector<Duration>(20, 5s)).count(""), 20U);
  const int asked = server.asked();
  EXPECT_EQ(ask_at_once(resolver, "host.example.test.", {5s}).count(""), 1U);
  EXPECT_EQ(server.asked(), asked);
}

// The second server cannot be asked for want of a descriptor: that says nothing about the name.
TEST(Resolver, WithoutASocketNobodyIsToBlameButUs) {
  NameServer failing([](const std::string& query) { return dns_answer(query, 2, 0); });
  NameServer good(one_address);
  const Stop never;
  const Context context(Deadline::in(5s), never);
  const std::string servers = failing.address() + "," + good.address();
  EXPECT_TRUE(Resolver::ask("host.example.test.", 80, servers, context));
  const FewDescriptors few(1);
  const auto answer = Resolver::ask("host.example.test.", 80, servers, context);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, "harness.internal") << answer.error().message;
}

}  // namespace assay::test

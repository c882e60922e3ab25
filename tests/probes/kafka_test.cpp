#include "net/kafka.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <thread>
#include <tuple>

#include "tests/support/certs.h"
#include "tests/support/observe.h"
#include "tests/support/server.h"

namespace assay::test {
namespace {

constexpr auto kShort = std::chrono::milliseconds(300);

std::string number(std::uint64_t value, int bytes) {
  std::string out;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xff);
  return out;
}

std::string text(const std::string& value) { return number(value.size(), 2) + value; }

struct Request {
  int key = -1;  // -1: the client has gone
  std::uint32_t correlation = 0;
};

// One request of a client, by the framing and the header of Kafka's protocol.
Request read_request(Peer& peer, std::string& buffer) {
  const auto word = [&](std::size_t at, int bytes) {
    std::uint32_t value = 0;
    for (int i = 0; i < bytes; ++i)
      value = value << 8 | static_cast<unsigned char>(buffer[at + static_cast<std::size_t>(i)]);
    return value;
  };
  while (buffer.size() < 4 || buffer.size() < 4 + word(0, 4)) {
    const std::string more = peer.read_some();
    if (more.empty()) return {};
    buffer += more;
  }
  const Request request = {static_cast<int>(word(4, 2)), word(8, 4)};
  buffer.erase(0, 4 + word(0, 4));
  return request;
}

// A broker's side of a conversation: what it answers to each request in turn, by its API key; without an
// answer it is silent from then on, with an empty one it closes the connection.
using Script = std::vector<std::pair<int, std::string>>;

constexpr int kMetadata = 3;
constexpr int kHandshake = 17;
constexpr int kApiVersions = 18;
constexpr int kAuthenticate = 36;

const std::string kVersions =
    number(0, 2) + number(1, 4) + number(kMetadata, 2) + number(0, 2) + number(12, 2);
const std::string kClose;

std::function<void(Peer&)> broker(Script script) {
  return [script = std::move(script)](Peer& peer) {
    std::string buffer;
    for (const auto& [key, answer] : script) {
      const Request request = read_request(peer, buffer);
      if (request.key != key || answer.empty()) return;
      peer.write(number(answer.size() + 4, 4) + number(request.correlation, 4) + answer);
    }
    peer.hold();
  };
}

std::function<void(Peer&)> says(std::string bytes, bool close) {
  return [bytes = std::move(bytes), close](Peer& peer) {
    peer.read_some();
    peer.write(bytes);
    if (!close) peer.hold();
  };
}

Value observe_cluster(const Server& server, const std::string& more = {},
                      Duration timeout = std::chrono::seconds(5)) {
  return observe("kafka.cluster", "{brokers: '" + server.address() + "'" + more + "}", timeout);
}

constexpr const char* kLogin = ", sasl: {username: app, password: right}";

}  // namespace

TEST(Kafka, RefusedIsRefusedAndEachBrokerIsListed) {
  const std::string first = "127.0.0.1:" + std::to_string(closed_port());
  const std::string second = "127.0.0.1:" + std::to_string(closed_port());
  const Value seen = observe("kafka.cluster", "brokers: ['" + first + "', '" + second + "']");
  EXPECT_EQ(code_of(seen), "connect.refused");
  EXPECT_EQ(at(seen, "error.phase"), Value("connect"));
  ASSERT_EQ(at(seen, "bootstrap").items().size(), 2U);
  EXPECT_EQ(at(seen, "bootstrap").items()[1].get("address"), second);
  EXPECT_EQ(at(seen, "bootstrap").items()[1].get("code"), "connect.refused");
  EXPECT_FALSE(at(seen, "bootstrap").items()[1].get_bool("answered", true));
}

TEST(Kafka, SilenceEndsAtTheDeadline) {
  Server server([](Peer& peer) { peer.hold(); });
  const Value seen = observe_cluster(server, "", kShort);
  EXPECT_EQ(code_of(seen), "deadline");
  EXPECT_EQ(at(seen, "error.phase"), Value("request"));
}

TEST(Kafka, WhatIsNotKafkaIsNamed) {
  const std::vector<std::tuple<std::string, bool, std::string>> cases = {
      {"HTTP/1.1 400 Bad Request\r\n\r\n", true, "protocol.invalid"},
      {"-ERR unknown command\r\n", false, "protocol.invalid"},
      {std::string("\xff\xff\xff\xff", 4), false, "protocol.invalid"},
      {number(10, 4) + number(999, 4) + "abcdef", false, "protocol.invalid"},  // the answer to something else
      {number(10, 4) + number(1, 4) + number(0, 2) + number(9, 4), false,
       "protocol.invalid"},  // fewer than announced
      {number(100 << 20, 4) + std::string(5000, 'x'), false, "protocol.too-large"},
      {number(500, 4) + number(1, 4) + "half", true, "protocol.closed"},
      {std::string("\x15\x03\x03\x00\x02\x02\x46", 7), true, "tls.required"},
      {"", true, "connect.reset"},
  };
  for (const auto& [bytes, close, code] : cases) {
    Server server(says(bytes, close));
    const Value seen = observe_cluster(server);
    EXPECT_EQ(code_of(seen), code) << to_json(seen);
  }
}

TEST(Kafka, AnEndlessAnswerIsNotReadToItsEnd) {
  Server server([](Peer& peer) {
    peer.read_some();
    while (peer.write(std::string(65536, 'x'))) {
    }
  });
  EXPECT_EQ(code_of(observe_cluster(server)), "protocol.invalid");
}

TEST(Kafka, TlsThatIsWrongIsNamedAndShown) {
  Authority authority;
  const std::vector<std::pair<Identity, std::string>> cases = {
      {authority.issue({"other.example.test"}), "tls.name"},
      {authority.issue({"127.0.0.1"}, -30, -1), "tls.expired"},
      {authority.self_signed({"127.0.0.1"}), "tls.self-signed"},
  };
  for (const auto& [identity, code] : cases) {
    Server server([&, shown = identity](Peer& peer) { TlsPeer(peer, shown).read_some(); });
    const Value seen = observe_cluster(server, ", tls: {ca: '" + authority.ca() + "'}");
    EXPECT_EQ(code_of(seen), code) << to_json(seen);
    EXPECT_EQ(at(seen, "tls.verified"), Value(false));
  }
  Server plain(says("no TLS here, never was\r\n", false));
  EXPECT_EQ(code_of(observe_cluster(plain, ", tls: true")), "tls.not-tls");
}

TEST(Kafka, AnAuthorityThatCannotBeReadIsOurFault) {
  Server server([](Peer& peer) { peer.hold(); });
  EXPECT_EQ(code_of(observe_cluster(server, ", tls: {ca: /no/such/file}")), "tls.local");
}

TEST(Kafka, AListenerThatWantsALoginSaysSo) {
  Server server(broker({{kApiVersions, kVersions}, {kMetadata, kClose}}));
  EXPECT_EQ(code_of(observe_cluster(server)), "auth.required");
}

TEST(Kafka, TheBrokersMechanismsAreNamed) {
  Server server(
      broker({{kApiVersions, kVersions}, {kHandshake, number(33, 2) + number(1, 4) + text("PLAIN")}}));
  const Value seen = observe_cluster(server, kLogin);
  EXPECT_EQ(code_of(seen), "auth.mechanism");
  EXPECT_NE(at(seen, "error.message").string().find("it offers PLAIN"), std::string::npos);
}

TEST(Kafka, ARefusedLoginIsDeniedWithTheBrokersWords) {
  const std::string agreed = number(0, 2) + number(1, 4) + text("SCRAM-SHA-256");
  Server server(broker({{kApiVersions, kVersions},
                        {kHandshake, agreed},
                        {kAuthenticate, number(58, 2) + text("no such luck") + number(0, 4)}}));
  const Value seen = observe_cluster(server, kLogin);
  EXPECT_EQ(code_of(seen), "auth.denied");
  EXPECT_EQ(at(seen, "error.phase"), Value("auth"));
  EXPECT_NE(at(seen, "error.message").string().find("no such luck"), std::string::npos);
  EXPECT_TRUE(at(seen, "phases.auth").is_number());
}

TEST(Kafka, ABrokerThatOnlyGreetsEndsAtTheDeadline) {
  const std::string metadata = number(0, 4) + number(1, 4) + number(0, 4);
  Server server(broker({{kApiVersions, kVersions}, {kMetadata, metadata}}));
  const Value seen = observe_cluster(server, "", std::chrono::milliseconds(800));
  EXPECT_NE(code_of(seen), "");
  EXPECT_TRUE(at(seen, "brokers").is_null());
  EXPECT_EQ(at(seen, "bootstrap").items().front().get_bool("answered"), true) << to_json(seen);
}

TEST(Kafka, OtherTopicsThanItsOwnAreNotWrittenTo) {
  Server server([](Peer& peer) { peer.hold(); });
  const Value seen = observe("kafka.roundtrip", "{brokers: '" + server.address() + "', topic: app.events}");
  EXPECT_EQ(code_of(seen), "params.invalid");
  EXPECT_EQ(server.accepted(), 0);
}

TEST(KafkaClients, ManyCallsShareOneHandleAndEndAtTheirDeadlines) {
  Server server([](Peer& peer) { peer.hold(); });
  KafkaSettings settings;
  settings.brokers = {*parse_host_port(server.address())};
  KafkaClients clients;
  std::vector<std::string> codes(200);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    threads.emplace_back([&, i] {
      const Stop stop;
      const auto metadata = clients.metadata(settings, "", Context(Deadline::in(kShort), stop));
      codes[i] = metadata ? "" : metadata.error().code;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& code : codes) EXPECT_TRUE(code == "deadline" || code == "harness.late") << code;
  EXPECT_NE(std::find(codes.begin(), codes.end(), "deadline"), codes.end());
  EXPECT_EQ(clients.handles(), 1);
  settings.username = "other";
  const Stop stop;
  EXPECT_FALSE(clients.metadata(settings, "", Context(Deadline::in(kShort), stop)));
  EXPECT_EQ(clients.handles(), 2);
}

TEST(KafkaClients, StopEndsACallAtOnce) {
  Server server([](Peer& peer) { peer.hold(); });
  KafkaSettings settings;
  settings.brokers = {*parse_host_port(server.address())};
  KafkaClients clients;
  Stop stop;
  stop.raise();
  const auto metadata = clients.metadata(settings, "", Context(Deadline::in(std::chrono::hours(1)), stop));
  ASSERT_FALSE(metadata);
  EXPECT_EQ(metadata.error().code, "harness.cancelled");
}

}  // namespace assay::test

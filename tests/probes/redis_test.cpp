#include <gtest/gtest.h>

#include "tests/support/certs.h"
#include "tests/support/observe.h"
#include "tests/support/server.h"

namespace assay::test {
namespace {

constexpr auto kShort = std::chrono::milliseconds(300);

// A server that reads one command and then says `answer`.
std::function<void(Peer&)> answering(std::string answer) {
  return [answer](Peer& peer) {
    peer.read_some();
    peer.write(answer);
    peer.hold();
  };
}

std::string ping_code(const Server& server, Duration timeout = std::chrono::seconds(5)) {
  return code_of(observe("redis.ping", "address: " + server.address(), timeout));
}

TEST(RedisPing, AnswerIsObserved) {
  Server server(answering("+PONG\r\n"));
  const Value seen = observe("redis.ping", "address: " + server.address());
  EXPECT_EQ(code_of(seen), "");
  EXPECT_EQ(at(seen, "reply"), Value("PONG"));
  EXPECT_TRUE(at(seen, "phases.request").is_number());
  EXPECT_TRUE(at(seen, "phases.auth").is_null());
  EXPECT_EQ(server.accepted(), 1);
}

TEST(RedisPing, LogsInAndChoosesTheDatabaseFirst) {
  std::string asked;
  {
    Server server([&](Peer& peer) {
      for (const char* last : {"AUTH\r\n$2\r\nme\r\n$6\r\nsecret\r\n", "SELECT\r\n$1\r\n3\r\n"}) {
        asked += peer.read_until(last);
        peer.write("+OK\r\n");
      }
      asked += peer.read_until("PING\r\n");
      peer.write("+PONG\r\n");
    });
    const Value seen =
        observe("redis.ping", "{address: '" + server.address() + "', username: me, password: secret, db: 3}");
    EXPECT_EQ(code_of(seen), "") << to_json(seen);
    EXPECT_TRUE(at(seen, "phases.auth").is_number());
  }
  EXPECT_EQ(asked,
            "*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$6\r\nsecret\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n*1\r\n$"
            "4\r\nPING\r\n");
}

TEST(RedisPing, RefusedLoginIsOfThePhaseAuth) {
  Server server(answering("-WRONGPASS invalid username-password pair\r\n"));
  const Value seen =
      observe("redis.ping", "{address: '" + server.address() + "', password: not-the-password}");
  EXPECT_EQ(code_of(seen), "auth.denied");
  EXPECT_EQ(at(seen, "error.phase"), Value("auth"));
  EXPECT_EQ(to_json(seen).find("not-the-password"), std::string::npos);
}

TEST(RedisPing, ErrorRepliesHaveCodes) {
  EXPECT_EQ(ping_code(Server(answering("-NOAUTH Authentication required.\r\n"))), "auth.required");
  EXPECT_EQ(ping_code(Server(answering("-LOADING Redis is loading the dataset in memory\r\n"))),
            "redis.loading");
  EXPECT_EQ(ping_code(Server(answering("-ERR max number of clients reached\r\n"))), "redis.error");
}

TEST(RedisPing, Refused) {
  EXPECT_EQ(code_of(observe("redis.ping", "address: 127.0.0.1:" + std::to_string(closed_port()))),
            "connect.refused");
}

TEST(RedisPing, SilentEndsAtTheDeadline) {
  Server server([](Peer& peer) { peer.hold(); });
  const Value seen = observe("redis.ping", "address: " + server.address(), kShort);
  EXPECT_EQ(code_of(seen), "deadline");
  EXPECT_EQ(at(seen, "error.phase"), Value("request"));
}

TEST(RedisPing, HalfAReplyAndThenSilenceIsADeadline) {
  Server server(answering("$100\r\nhalf of it"));
  EXPECT_EQ(ping_code(server, kShort), "deadline");
}

TEST(RedisPing, HalfAReplyAndThenTheEndIsClosed) {
  Server server([](Peer& peer) {
    peer.read_some();
    peer.write("$100\r\nhalf of it");
  });
  EXPECT_EQ(ping_code(server), "protocol.closed");
}

TEST(RedisPing, AnEndlessLineIsTooLarge) {
  Server server([](Peer& peer) {
    peer.write("+");
    const std::string more(1 << 16, 'x');
    while (peer.write(more)) {
    }
  });
  EXPECT_EQ(ping_code(server), "protocol.too-large");
}

TEST(RedisPing, AnEndlessArrayIsTooLarge) {
  Server server([](Peer& peer) {
    peer.write("*2000000000\r\n");
    std::string more;
    for (int i = 0; i < 10'000; ++i) more += ":1\r\n";
    while (peer.write(more)) {
    }
  });
  EXPECT_EQ(ping_code(server), "protocol.too-large");
}

TEST(RedisPing, AHundredMegabytesAreTooLarge) {
  Server server([](Peer& peer) {
    peer.write("$104857600\r\n");
    const std::string more(1 << 20, 'x');
    for (int i = 0; i < 100 && peer.write(more); ++i) {
    }
  });
  EXPECT_EQ(ping_code(server), "protocol.too-large");
}

TEST(RedisPing, DeepNestingIsRefused) {
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "*1\r\n";
  EXPECT_EQ(ping_code(Server(answering(deep))), "protocol.invalid");
}

TEST(RedisPing, GarbageIsRefused) {
  EXPECT_EQ(ping_code(Server(answering("HTTP/1.1 400 Bad Request\r\n\r\n"))), "protocol.invalid");
  EXPECT_EQ(ping_code(Server(answering(std::string("\x00\xff\x1b[2J\r\n", 8)))), "protocol.invalid");
}

TEST(RedisPing, ATlsAlertAsksForTls) {
  EXPECT_EQ(ping_code(Server(answering(std::string("\x15\x03\x01\x00\x02\x02\x46", 7)))), "tls.required");
}

TEST(RedisPing, ATlsPortThatHangsUpOnPlainTextAsksForTls) {
  Authority authority;
  const Identity identity = authority.issue({"127.0.0.1"});
  Server server([&](Peer& peer) {
    TlsPeer tls(peer, identity);
    if (tls.secure()) tls.read_some();
  });
  const Value seen = observe("redis.ping", "address: " + server.address());
  EXPECT_EQ(code_of(seen), "tls.required") << to_json(seen);
}

TEST(RedisPing, APlainServerThatHangsUpIsClosed) {
  Server server([](Peer& peer) { peer.read_some(); });
  EXPECT_EQ(ping_code(server), "protocol.closed");
}

TEST(RedisPing, OverTls) {
  Authority authority;
  const Identity good = authority.issue({"127.0.0.1"});
  const Identity other = authority.issue({"db.example.org"});
  const Identity old = authority.issue({"127.0.0.1"}, -10, -1);
  const Identity own = authority.self_signed({"127.0.0.1"});
  const auto code = [&](const Identity& identity, const std::string& more = "") {
    Server server([&](Peer& peer) {
      TlsPeer tls(peer, identity);
      if (!tls.secure()) return;
      tls.read_until("PING\r\n");
      tls.write("+PONG\r\n");
    });
    const Value seen = observe("redis.ping", "{address: '" + server.address() + "', tls: {ca: '" +
                                                 authority.ca() + "'" + more + "}}");
    EXPECT_TRUE(at(seen, "tls.chain").is_array()) << to_json(seen);
    return code_of(seen);
  };
  EXPECT_EQ(code(good), "");
  EXPECT_EQ(code(other), "tls.name");
  EXPECT_EQ(code(other, ", name: db.example.org"), "");
  EXPECT_EQ(code(old), "tls.expired");
  EXPECT_EQ(code(own), "tls.self-signed");
  EXPECT_EQ(code(own, ", verify: false"), "");
}

TEST(RedisPing, TlsToAPlainServer) {
  Server server(answering("-ERR unknown command\r\n"));
  EXPECT_EQ(code_of(observe("redis.ping", "{address: '" + server.address() + "', tls: true}")),
            "tls.not-tls");
}

TEST(RedisPing, TlsToAPlainServerThatWaitsForALine) {
  Server server([](Peer& peer) {
    if (peer.read_until("\r\n") == "PING\r\n") peer.write("-NOAUTH Authentication required.\r\n");
    peer.hold();
  });
  EXPECT_EQ(code_of(observe("redis.ping", "{address: '" + server.address() + "', tls: true}", kShort)),
            "tls.not-tls");
}

TEST(RedisPing, SilentInTlsAndInPlainTextIsADeadline) {
  Server server([](Peer& peer) { peer.hold(); });
  EXPECT_EQ(code_of(observe("redis.ping", "{address: '" + server.address() + "', tls: true}", kShort)),
            "deadline");
}

TEST(RedisInfo, ReadsFieldsReplicasAndKeyspace) {
  const std::string text =
      "# Server\r\nredis_version:7.0.15\r\n# Clients\r\nconnected_clients:3\r\n# "
      "Memory\r\nused_memory:1048576\r\nmaxmemory:0\r\n"
      "loading:0\r\nrole:master\r\nconnected_slaves:2\r\nslave0:ip=10.0.0.2,port=6379,state=online,offset=90,"
      "lag=1\r\n"
      "slave1:ip=10.0.0.3,port=6379,state=wait_bgsave,offset=100,lag=0\r\nmaster_repl_offset:100\r\ndb0:keys="
      "5,expires=1,avg_ttl=7\r\nodd line\r\n";
  Server server(answering("$" + std::to_string(text.size()) + "\r\n" + text + "\r\n"));
  const Value seen = observe("redis.info", "address: " + server.address());
  EXPECT_EQ(code_of(seen), "");
  EXPECT_EQ(at(seen, "version"), Value("7.0.15"));
  EXPECT_EQ(at(seen, "role"), Value("master"));
  EXPECT_EQ(at(seen, "used_memory"), Value(1048576));
  EXPECT_EQ(at(seen, "loading"), Value(false));
  EXPECT_EQ(at(seen, "keyspace.db0.keys"), Value(5));
  ASSERT_EQ(at(seen, "replicas").items().size(), 2U);
  const Value first = at(seen, "replicas").items().front();
  EXPECT_EQ(first.get("address"), "10.0.0.2:6379");
  EXPECT_EQ(first.get_int("lag_bytes"), 10);
  EXPECT_EQ(at(seen, "info.slave1"), Value("ip=10.0.0.3,port=6379,state=wait_bgsave,offset=100,lag=0"));
}

// What lies beyond the limit would otherwise be taken for what the server does not say.
TEST(RedisInfo, MoreFieldsThanAreReadIsSaid) {
  const auto code = [](int fields) {
    std::string text;
    for (int i = 0; i < fields; ++i) text += "field" + std::to_string(i) + ":1\r\n";
    Server server(answering("$" + std::to_string(text.size()) + "\r\n" + text + "\r\n"));
    return code_of(observe("redis.info", "address: " + server.address()));
  };
  EXPECT_EQ(code(4000), "");
  EXPECT_EQ(code(4001), "protocol.too-large");
}

TEST(RedisInfo, MoreValuesOfAReplicaThanAreReadIsSaid) {
  const auto code = [](const std::string& begin, int values) {
    std::string text = begin;
    for (int i = 1; i < values; ++i) text += ",v" + std::to_string(i) + "=1";
    text += "\r\n";
    Server server(answering("$" + std::to_string(text.size()) + "\r\n" + text + "\r\n"));
    return code_of(observe("redis.info", "address: " + server.address()));
  };
  for (const auto* begin : {"slave0:ip=10.0.0.2", "db0:keys=5"}) {
    EXPECT_EQ(code(begin, 100), "");
    EXPECT_EQ(code(begin, 101), "protocol.too-large");
  }
}

TEST(RedisRoundtrip, AKeyThatReadsBackOtherwiseIsAMismatch) {
  std::string last;
  {
    Server server([&](Peer& peer) {
      for (const char* answer : {"+OK\r\n", "$5\r\nother\r\n", ":1\r\n"}) {
        last = peer.read_some();
        peer.write(answer);
      }
    });
    const Value seen = observe("redis.roundtrip", "address: " + server.address());
    EXPECT_EQ(code_of(seen), "roundtrip.mismatch");
    EXPECT_EQ(at(seen, "written"), Value(true));
    EXPECT_EQ(at(seen, "read_back"), Value(false));
  }
  EXPECT_NE(last.find("DEL"), std::string::npos);  // what was written is removed nevertheless
}

TEST(RedisRoundtrip, AReplicaTakesNoWrites) {
  Server server(answering("-READONLY You can't write against a read only replica.\r\n"));
  EXPECT_EQ(code_of(observe("redis.roundtrip", "address: " + server.address())), "redis.read-only");
}

// A Sentinel that knows `port` as master (0: none) and answers CKQUORUM with `quorum`.
std::function<void(Peer&)> sentinel(int port, std::string quorum = "+OK 3 usable Sentinels\r\n") {
  const std::string digits = std::to_string(port);
  const std::string address =
      port == 0 ? "*-1\r\n"
                : "*2\r\n$9\r\n127.0.0.1\r\n$" + std::to_string(digits.size()) + "\r\n" + digits + "\r\n";
  return [=](Peer& peer) {
    for (const std::string& answer : {address, std::string("*4\r\n+flags\r\n+master\r\n+quorum\r\n+2\r\n"),
                                      std::string("*2\r\n*0\r\n*0\r\n"),
                                      std::string("*2\r\n*4\r\n+flags\r\n+slave\r\n+master-link-status\r\n+"
                                                  "ok\r\n*2\r\n+flags\r\n+s_down,slave\r\n"),
                                      quorum}) {
      if (peer.read_some().empty()) return;
      peer.write(answer);
    }
    peer.hold();
  };
}

Value ask(const std::string& a, const std::string& b, const std::string& c) {
  return observe("sentinel.master", "sentinels: ['" + a + "', '" + b + "', '" + c + "']");
}

TEST(SentinelMaster, AgreeOnOne) {
  Server a(sentinel(6379));
  Server b(sentinel(6379));
  Server c(sentinel(6379));
  const Value seen = ask(a.address(), b.address(), c.address());
  EXPECT_EQ(code_of(seen), "") << to_json(seen);
  EXPECT_EQ(at(seen, "master"), Value("127.0.0.1:6379"));
  EXPECT_EQ(at(seen, "agreed"), Value(true));
  EXPECT_EQ(at(seen, "sentinels_up"), Value(3));
  EXPECT_EQ(at(seen, "sentinels_total"), Value(3));
  EXPECT_EQ(at(seen, "quorum"), Value(2));
  EXPECT_EQ(at(seen, "replicas"), Value(2));
  EXPECT_EQ(at(seen, "replicas_down"), Value(1));
  EXPECT_EQ(at(seen, "flags"), Value("master"));
}

TEST(SentinelMaster, OneDownIsSeenAndNoError) {
  Server a(sentinel(6379));
  Server b(sentinel(6379));
  const Value seen = ask("127.0.0.1:" + std::to_string(closed_port()), a.address(), b.address());
  EXPECT_EQ(code_of(seen), "") << to_json(seen);
  EXPECT_EQ(at(seen, "sentinels_up"), Value(2));
  EXPECT_EQ(at(seen, "sentinels").items().front().get("error"), "connect.refused");
}

TEST(SentinelMaster, ASilentOneLeavesTheOthersTheirTime) {
  Server silent([](Peer& peer) { peer.hold(); });
  Server a(sentinel(6379));
  Server b(sentinel(6379));
  const Value seen = observe(
      "sentinel.master",
      "sentinels: ['" + silent.address() + "', '" + a.address() + "', '" + b.address() + "']", kShort);
  EXPECT_EQ(code_of(seen), "") << to_json(seen);
  EXPECT_EQ(at(seen, "sentinels").items().front().get("error"), "deadline");
}

TEST(SentinelMaster, TooFewForTheQuorum) {
  const std::string closed = "127.0.0.1:" + std::to_string(closed_port());
  Server a(sentinel(6379));
  EXPECT_EQ(code_of(ask(closed, closed, a.address())), "sentinel.no-quorum");
  Server b(sentinel(6379, "-NOQUORUM 1 usable Sentinels. Not enough available Sentinels\r\n"));
  Server c(sentinel(6379, "-NOQUORUM 1 usable Sentinels. Not enough available Sentinels\r\n"));
  EXPECT_EQ(code_of(ask(closed, b.address(), c.address())), "sentinel.no-quorum");
}

TEST(SentinelMaster, DifferentMasters) {
  Server a(sentinel(6379));
  Server b(sentinel(6380));
  Server c(sentinel(6379));
  const Value seen = ask(a.address(), b.address(), c.address());
  EXPECT_EQ(code_of(seen), "sentinel.disagree");
  EXPECT_EQ(at(seen, "agreed"), Value(false));
}

TEST(SentinelMaster, NobodyKnowsTheMaster) {
  Server a(sentinel(0));
  Server b(sentinel(0));
  Server c(sentinel(0));
  const Value seen = ask(a.address(), b.address(), c.address());
  EXPECT_EQ(code_of(seen), "sentinel.no-master");
  EXPECT_EQ(at(seen, "agreed"), Value(false));
}

TEST(SentinelMaster, NobodyAnswers) {
  const std::string closed = "127.0.0.1:" + std::to_string(closed_port());
  EXPECT_EQ(code_of(ask(closed, closed, closed)), "connect.refused");
}

}  // namespace
}  // namespace assay::test

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>

#include "tests/support/certs.h"
#include "tests/support/observe.h"
#include "tests/support/postgres_wire.h"
#include "tests/support/server.h"

namespace assay::test {
namespace {

constexpr auto kShort = std::chrono::milliseconds(300);

Value ready(const std::string& address, const std::string& more = "",
            Duration timeout = std::chrono::seconds(5)) {
  return observe("postgres.ready",
                 "{address: '" + address + "', user: app, password: a-password-of-ours" + more + "}",
                 timeout);
}

// A server that reads the start-up packet and then says `answer`.
std::function<void(Peer&)> answering(std::string answer) {
  return [answer](Peer& peer) {
    peer.read_some();
    peer.write(answer);
    peer.hold();
  };
}

std::string start_code(std::string answer, Duration timeout = std::chrono::seconds(5)) {
  Server server(answering(std::move(answer)));
  return code_of(ready(server.address(), "", timeout));
}

TEST(PostgresReady, Refused) {
  const Value seen = ready("127.0.0.1:" + std::to_string(closed_port()));
  EXPECT_EQ(code_of(seen), "connect.refused");
  EXPECT_EQ(at(seen, "error.phase"), Value("connect"));
  EXPECT_TRUE(at(seen, "phases.auth").is_null());
}

TEST(PostgresReady, SilentEndsAtTheDeadline) {
  Server server([](Peer& peer) { peer.hold(); });
  const Value seen = ready(server.address(), "", kShort);
  EXPECT_EQ(code_of(seen), "deadline");
  EXPECT_EQ(at(seen, "error.phase"), Value("auth"));
  EXPECT_TRUE(at(seen, "phases.tls").is_null());
}

TEST(PostgresReady, SilentWithTlsEndsAtTheDeadline) {
  Server server([](Peer& peer) { peer.hold(); });
  const Value seen = ready(server.address(), ", tls: true", kShort);
  EXPECT_EQ(code_of(seen), "deadline");
  EXPECT_EQ(at(seen, "error.phase"), Value("tls"));
}

TEST(PostgresReady, RefusalsAtTheStart) {
  EXPECT_EQ(start_code(pg_error("57P03", "the database system is starting up")), "postgres.starting-up");
  EXPECT_EQ(start_code(pg_error("57P03", "the database system is shutting down")), "postgres.shutting-down");
  EXPECT_EQ(start_code(pg_error("53300", "sorry, too many clients already")),
            "postgres.too-many-connections");
  EXPECT_EQ(start_code(pg_error("3D000", "database \"x\" does not exist")), "postgres.no-database");
  EXPECT_EQ(start_code(pg_error("XX000", "authentication failed")), "auth.denied");  // Pgpool-II
  Server server(answering(pg_error("28P01", "password authentication failed for user \"app\"")));
  const Value seen = ready(server.address());
  EXPECT_EQ(code_of(seen), "auth.denied");
  EXPECT_EQ(at(seen, "sqlstate"), Value("28P01"));
  EXPECT_EQ(at(seen, "error.phase"), Value("auth"));
  EXPECT_EQ(to_json(seen).find("a-password-of-ours"), std::string::npos);
}

TEST(PostgresReady, AMethodThatLibpqDoesNotHave) {
  EXPECT_EQ(start_code(pg_message('R', std::string_view("\0\0\0\x63", 4))), "auth.mechanism");
}

TEST(PostgresReady, HalfAnAnswer) {
  const std::string half = pg_error("28P01", "password authentication failed").substr(0, 12);
  EXPECT_EQ(start_code(half, kShort), "deadline");
  Server server([&](Peer& peer) {
    peer.read_some();
    peer.write(half);
  });
  EXPECT_EQ(code_of(ready(server.address())), "protocol.closed");
}

TEST(PostgresReady, GarbageIsRefused) {
  EXPECT_EQ(start_code("HTTP/1.1 400 Bad Request\r\n\r\n"), "protocol.invalid");
  EXPECT_EQ(start_code("-ERR unknown command\r\n"), "protocol.invalid");
  EXPECT_EQ(start_code(std::string("\x15\x03\x01\x00\x02\x02\x46", 7)), "tls.required");
}

TEST(PostgresReady, EndlessBeforeTheFirstQueryIsTooLarge) {
  Server server([](Peer& peer) {
    peer.read_some();
    peer.write(pg_message('R', std::string_view("\0\0\0\0", 4)));
    std::string more;
    for (int i = 0; i < 1000; ++i)
      more += pg_message('S', std::string("name") + std::to_string(i) + '\0' + std::string(50, 'x') + '\0');
    while (peer.write(more)) {
    }
  });
  EXPECT_EQ(code_of(ready(server.address())), "protocol.too-large");
}

TEST(PostgresReady, ARowOfAHundredMegabytesIsTooLarge) {
  Server server([](Peer& peer) {
    pg_let_in(peer);
    peer.read_some();
    peer.write(pg_column("one") + pg_message('D', std::string_view("\0\1\x06\x40\0\0", 6), 104857610));
    const std::string more(1 << 20, 'x');
    for (int i = 0; i < 100 && peer.write(more); ++i) {
    }
  });
  EXPECT_EQ(code_of(ready(server.address())), "protocol.too-large");
}

TEST(PostgresReady, RowsWithoutEndAreTooLarge) {
  Server server([](Peer& peer) {
    pg_let_in(peer);
    peer.read_some();
    peer.write(pg_column("one"));
    std::string more;
    for (int i = 0; i < 1000; ++i) more += pg_row("1");
    while (peer.write(more)) {
    }
  });
  EXPECT_EQ(code_of(ready(server.address())), "protocol.too-large");
}

TEST(PostgresReady, ClosedInTheMiddleOfAQuery) {
  Server server([](Peer& peer) {
    pg_let_in(peer);
    peer.read_some();
    peer.write(pg_column("one"));
  });
  EXPECT_EQ(code_of(ready(server.address())), "protocol.closed");
}

TEST(PostgresReady, AnotherAnswerThanOne) {
  Server server([](Peer& peer) {
    pg_let_in(peer);
    peer.read_some();
    peer.write(pg_column("one") + pg_row("2") + pg_message('C', std::string_view("SELECT 1\0", 9)) +
               pg_ready());
    peer.hold();
  });
  EXPECT_EQ(code_of(ready(server.address())), "protocol.invalid");
}

TEST(PostgresReady, GoesOnToTheNextAddress) {
  Server starting(answering(pg_error("57P03", "the database system is starting up")));
  Server good([](Peer& peer) {
    pg_let_in(peer);
    peer.read_some();
    peer.write(pg_column("one") + pg_row("1") + pg_message('C', std::string_view("SELECT 1\0", 9)) +
               pg_ready());
    peer.hold();
  });
  const Value seen =
      ready("127.0.0.1:" + std::to_string(closed_port()) + "," + starting.address() + "," + good.address());
  EXPECT_EQ(code_of(seen), "") << to_json(seen);
  EXPECT_EQ(at(seen, "peer"), Value(good.address()));
  EXPECT_EQ(at(seen, "ready"), Value(true));
  EXPECT_TRUE(at(seen, "sqlstate").is_null());
}

TEST(PostgresReady, DoesNotTryAPasswordAtTheNextAddress) {
  Server denying(answering(pg_error("28P01", "password authentication failed for user \"app\"")));
  Server other(answering(pg_welcome()));
  EXPECT_EQ(code_of(ready(denying.address() + "," + other.address())), "auth.denied");
  EXPECT_EQ(other.accepted(), 0);
}

TEST(PostgresReady, APoolerThatRefusesOptionsIsAskedWithoutThem) {
  std::atomic<bool> bare = false;
  Server server([&](Peer& peer) {
    const std::string start = peer.read_some();
    if (start.find("statement_timeout") != std::string::npos) {
      peer.write(pg_error("08P01", "unsupported startup parameter: options"));
      return;
    }
    bare = true;
    peer.write(pg_welcome());
    peer.read_some();
    peer.write(pg_column("one") + pg_row("1") + pg_message('C', std::string_view("SELECT 1\0", 9)) +
               pg_ready());
    peer.hold();
  });
  const Value seen = ready(server.address());
  EXPECT_EQ(code_of(seen), "") << to_json(seen);
  EXPECT_TRUE(bare);
}

namespace {

// A server that lets the client in, takes `before` queries that have no rows, and answers the next with
// `count` rows of one column.
std::function<void(Peer&)> with_rows(int before, int count) {
  return [=](Peer& peer) {
    pg_let_in(peer);
    const std::string end = pg_message('C', std::string_view("SELECT\0", 7)) + pg_ready();
    for (int i = 0; i < before; ++i) {
      peer.read_some();
      peer.write(end);
    }
    peer.read_some();
    std::string rows = pg_column("one");
    for (int i = 0; i < count; ++i) rows += pg_row("row" + std::to_string(i % 10));
    peer.write(rows + end);
    peer.hold();
  };
}

}  // namespace

TEST(PostgresQuery, RowsThatWereDroppedCannotBeTakenForAll) {
  const auto rows = [](int count) {
    Server server(with_rows(1, count));
    return observe("postgres.query", "{address: '" + server.address() + "', query: select}");
  };
  const Value all = rows(1000);
  EXPECT_EQ(code_of(all), "") << to_json(all);
  EXPECT_EQ(at(all, "rows").items().size(), 1000U);
  EXPECT_EQ(at(all, "truncated"), Value(false));
  const Value some = rows(1001);
  EXPECT_EQ(code_of(some), "") << to_json(some);
  EXPECT_EQ(at(some, "rows.truncated"), Value(true));
  EXPECT_EQ(at(some, "rows.bytes"), Value(4004));
  EXPECT_TRUE(at(some, "rows.head").string().starts_with(R"([{"one":"row0"},{"one":"row1"})"));
  EXPECT_EQ(at(some, "row_count"), Value(1001));
  EXPECT_EQ(at(some, "value"), Value("row0"));
  EXPECT_EQ(at(some, "truncated"), Value(true));
}

// Of two columns with one name a row, which is a map, once kept the last one.
TEST(PostgresQuery, ColumnsOfOneNameAreNotLost) {
  Server server([](Peer& peer) {
    pg_let_in(peer);
    const std::string end = pg_message('C', std::string_view("SELECT\0", 7)) + pg_ready();
    peer.read_some();
    peer.write(end);
    peer.read_some();
    peer.write(pg_columns({"a", "b", "a"}) + pg_row({"1", "2", "3"}) + end);
    peer.hold();
  });
  const Value seen = observe("postgres.query", "{address: '" + server.address() + "', query: select}");
  EXPECT_EQ(code_of(seen), "params.invalid");
  EXPECT_EQ(at(seen, "error.message"),
            Value("two columns of the answer are named a: give each a name of its own (as)"));
}

TEST(PgpoolNodes, RowsThatWereDroppedAreAnError) {
  Server server(with_rows(0, 1001));
  EXPECT_EQ(code_of(observe("pgpool.nodes", "address: '" + server.address() + "'")), "protocol.too-large");
}

// A server that offers TLS with `identity` and, when the handshake comes to an end, lets the client in. What
// it was sent in the clear before that is checked to be the request for TLS and nothing else.
class TlsPostgres {
 public:
  explicit TlsPostgres(const Identity& identity)
      : identity_(identity), server_([this](Peer& peer) { serve(peer); }) {}
  std::string address() const { return server_.address(); }
  bool password_seen() const { return password_seen_; }

 private:
  void serve(Peer& peer) {
    const std::string request = peer.read_some();
    if (request != std::string("\0\0\0\x08\x04\xd2\x16\x2f", 8)) return;
    peer.write("S");
    TlsPeer tls(peer, identity_);
    if (!tls.secure()) return;
    tls.read_some();
    tls.write(pg_message('R', std::string_view("\0\0\0\3", 4)));  // a password in clear text, please
    if (tls.read_some().find("a-password-of-ours") != std::string::npos) password_seen_ = true;
    tls.write(pg_welcome());
    tls.read_some();
    tls.write(pg_column("one") + pg_row("1") + pg_message('C', std::string_view("SELECT 1\0", 9)) +
              pg_ready());
    tls.read_some();
  }
  Identity identity_;
  std::atomic<bool> password_seen_ = false;
  Server server_;
};

TEST(PostgresTls, VerifiesAndCapturesTheChain) {
  Authority authority;
  const auto code = [&](const Identity& identity, const std::string& more, bool sends_password) {
    TlsPostgres server(identity);
    const Value seen = ready(server.address(), ", tls: {ca: '" + authority.ca() + "'" + more + "}");
    EXPECT_TRUE(at(seen, "tls.chain").is_array()) << to_json(seen);
    EXPECT_TRUE(at(seen, "phases.tls").is_number());
    EXPECT_EQ(server.password_seen(), sends_password);
    return code_of(seen);
  };
  EXPECT_EQ(code(authority.issue({"127.0.0.1"}), "", true), "");
  EXPECT_EQ(code(authority.issue({"db.example.org"}), "", false), "tls.name");
  EXPECT_EQ(code(authority.issue({"db.example.org"}), ", name: db.example.org", true), "");
  EXPECT_EQ(code(authority.issue({"127.0.0.1"}, -10, -1), "", false), "tls.expired");
  EXPECT_EQ(code(authority.self_signed({"127.0.0.1"}), "", false), "tls.self-signed");
  Authority stranger;
  EXPECT_EQ(code(stranger.issue({"127.0.0.1"}), "", false), "tls.untrusted");
  EXPECT_EQ(code(authority.self_signed({"127.0.0.1"}), ", verify: false", true), "");
}

TEST(PostgresTls, AnAuthorityThatCannotBeReadIsOurs) {
  Authority authority;
  TlsPostgres server(authority.issue({"127.0.0.1"}));
  EXPECT_EQ(code_of(ready(server.address(), ", tls: {ca: /nothing/of/the/kind.pem}")), "tls.local");
}

TEST(PostgresTls, AnEncryptedKeyIsNamedAndNotAskedFor) {
  Authority authority;
  const Identity client = authority.encrypted(authority.issue({"client"}), "a passphrase");
  TlsPostgres server(authority.issue({"127.0.0.1"}));
  const Value seen = ready(server.address(), ", tls: {ca: '" + authority.ca() + "', cert: '" + client.cert +
                                                 "', key: '" + client.key + "'}");
  EXPECT_EQ(code_of(seen), "tls.local") << to_json(seen);
  EXPECT_NE(at(seen, "error.message").string().find(client.key + ": it is encrypted"), std::string::npos)
      << to_json(seen);
}

TEST(PostgresTls, ADsnCanOpenAnEncryptedKey) {
  Authority authority;
  const Identity client = authority.encrypted(authority.issue({"client"}), "opensesame");
  const auto code = [&](const std::string& passphrase) {
    TlsPostgres server(authority.issue({"127.0.0.1"}));
    return code_of(observe("postgres.ready", "dsn: 'postgresql://app:a-password-of-ours@" + server.address() +
                                                 "/app?sslmode=verify-full&sslrootcert=" + authority.ca() +
                                                 "&sslcert=" + client.cert + "&sslkey=" + client.key +
                                                 "&sslpassword=" + passphrase + "'"));
  };
  EXPECT_EQ(code("opensesame"), "");
  EXPECT_EQ(code("wrong"), "tls.local");
}

TEST(PostgresTls, AKeyThatLibpqRefusesIsOurs) {
  Authority authority;
  const Identity client = authority.issue({"client"});
  std::filesystem::permissions(client.key, std::filesystem::perms(0644));
  TlsPostgres server(authority.issue({"127.0.0.1"}));
  const Value seen = ready(server.address(), ", tls: {ca: '" + authority.ca() + "', cert: '" + client.cert +
                                                 "', key: '" + client.key + "'}");
  EXPECT_EQ(code_of(seen), "tls.local") << to_json(seen);
}

TEST(PostgresTls, AServerWithoutTls) {
  Server server([](Peer& peer) {
    peer.read_some();
    peer.write("N");
    peer.hold();
  });
  const Value seen = ready(server.address(), ", tls: true");
  EXPECT_EQ(code_of(seen), "tls.not-tls");
  EXPECT_EQ(at(seen, "error.phase"), Value("tls"));
}

TEST(PostgresTls, SomethingElseThanPostgres) {
  Server server(answering("-ERR unknown command\r\n"));
  EXPECT_EQ(code_of(ready(server.address(), ", tls: true")), "protocol.invalid");
}

TEST(PostgresTls, ABrokenHandshake) {
  Server server([](Peer& peer) {
    peer.read_some();
    peer.write("S");
    peer.read_some();
    peer.write("this is no handshake, whatever was promised");
    peer.hold();
  });
  EXPECT_EQ(code_of(ready(server.address(), ", tls: true")), "tls.not-tls");
}

TEST(PostgresTls, AServerThatWantsItIsNamed) {
  Server server([](Peer& peer) {
    const std::string first = peer.read_some();
    if (first == std::string("\0\0\0\x08\x04\xd2\x16\x2f", 8)) {
      Authority authority;
      peer.write("S");
      TlsPeer tls(peer, authority.issue({"127.0.0.1"}));
      tls.read_some();
      tls.write(pg_message('R', std::string_view("\0\0\0\3", 4)));
      tls.read_some();
      return;
    }
    peer.write(pg_error("28000", "no pg_hba.conf entry for host \"127.0.0.1\", no encryption"));
  });
  EXPECT_EQ(code_of(ready(server.address())), "tls.required");
}

TEST(PostgresTls, ARefusalThatTlsDoesNotMendIsDenied) {
  Server server([](Peer& peer) {
    const std::string first = peer.read_some();
    if (first == std::string("\0\0\0\x08\x04\xd2\x16\x2f", 8)) {
      Authority authority;
      peer.write("S");
      TlsPeer tls(peer, authority.issue({"127.0.0.1"}));
      tls.read_some();
      tls.write(pg_error("28000", "no pg_hba.conf entry for host \"127.0.0.1\", SSL encryption"));
      return;
    }
    peer.write(pg_error("28000", "no pg_hba.conf entry for host \"127.0.0.1\", no encryption"));
  });
  EXPECT_EQ(code_of(ready(server.address())), "auth.denied");
}

TEST(PostgresParams, SomewhereToConnectIsNeeded) {
  EXPECT_EQ(code_of(observe("postgres.ready", "{user: app}")), "params.invalid");
  EXPECT_EQ(code_of(observe("postgres.ready", "{dsn: 'user=app'}")), "params.invalid");
}

TEST(PostgresParams, WhatStandsBesideADsnStandsAboveIt) {
  Server server(answering(pg_error("3D000", "no such database")));
  const Value seen =
      observe("postgres.ready", "{dsn: 'postgresql://u:p@127.0.0.1:1/d?sslmode=verify-full', address: '" +
                                    server.address() + "', tls: false}");
  EXPECT_EQ(code_of(seen), "postgres.no-database") << to_json(seen);
}

TEST(RepmgrCluster, WithoutItsTableRepmgrIsMissing) {
  Server server([](Peer& peer) {
    pg_let_in(peer);
    peer.read_some();
    peer.write(pg_error("42P01", "relation \"repmgr.nodes\" does not exist") + pg_ready());
    peer.hold();
  });
  EXPECT_EQ(code_of(observe("repmgr.cluster", "address: '" + server.address() + "'")), "repmgr.missing");
}

}  // namespace
}  // namespace assay::test

#include "net/postgres.h"

#include <gtest/gtest.h>

#include "tests/support/postgres_wire.h"

namespace assay::test {
namespace {

PostgresTarget parse(const std::string& dsn) {
  auto target = parse_postgres_dsn(Secret(dsn));
  EXPECT_TRUE(target) << (target ? "" : target.error().message);
  return target ? std::move(*target) : PostgresTarget();
}

TEST(PostgresDsn, ReadsAUri) {
  const PostgresTarget target =
      parse("postgresql://app:p%40ss@db.example.org:6000/orders?application_name=me&connect_timeout=3");
  ASSERT_EQ(target.hosts.size(), 1U);
  EXPECT_EQ(target.hosts[0].address.text(), "db.example.org:6000");
  EXPECT_EQ(target.user, "app");
  EXPECT_EQ(target.password.reveal(), "p@ss");
  EXPECT_EQ(target.database, "orders");
  ASSERT_EQ(target.options.size(), 1U);
  EXPECT_EQ(target.options[0], std::make_pair(std::string("application_name"), std::string("me")));
}

TEST(PostgresDsn, ReadsPairsWithSeveralHosts) {
  const PostgresTarget target = parse("host=a,b port=1,2 user=app dbname=d");
  ASSERT_EQ(target.hosts.size(), 2U);
  EXPECT_EQ(target.hosts[0].address.text(), "a:1");
  EXPECT_EQ(target.hosts[1].address.text(), "b:2");
  EXPECT_EQ(parse("host=a,b port=7").hosts[1].address.text(), "b:7");
  EXPECT_EQ(parse("host=a").hosts[0].address.text(), "a:5432");
}

TEST(PostgresDsn, AHostAddressIsDialledAndTheNameVerified) {
  const PostgresTarget target = parse("host=db.example.org hostaddr=10.0.0.9 sslmode=verify-full");
  EXPECT_EQ(target.hosts[0].address.text(), "10.0.0.9:5432");
  EXPECT_EQ(target.hosts[0].name, "db.example.org");
}

TEST(PostgresDsn, ModesOfTls) {
  const auto mode = [](const std::string& text) {
    const PostgresTarget target = parse("host=a " + text);
    return std::string(target.tls.enabled ? "on " : "off ") +
           (target.tls.verify ? "verified " : "unverified ") + target.ssl_mode;
  };
  EXPECT_EQ(mode(""), "off verified prefer");
  EXPECT_EQ(mode("sslmode=disable"), "off verified ");
  EXPECT_EQ(mode("sslmode=prefer"), "off verified prefer");
  EXPECT_EQ(mode("sslmode=require"), "on unverified ");
  EXPECT_EQ(mode("sslmode=require sslrootcert=/ca.pem"), "on verified verify-ca");
  EXPECT_EQ(mode("sslmode=verify-ca"), "on verified verify-ca");
  EXPECT_EQ(mode("sslmode=verify-full"), "on verified ");
}

TEST(PostgresDsn, RefusesWithoutRepeatingAnything) {
  for (const char* dsn :
       {"postgresql+asyncpg://app:hush-hush@db/orders", "postgresql://app:hush%zzhush@db/x",
        "host=a password='hush-hush", "host=/run/hush-hush", "host=a service=hush-hush",
        "host=a passfile=/hush-hush", "host=a port=hush-hush", "host=a,b port=1,2,3 password=hush-hush",
        "host=a,b hostaddr=10.0.0.1 password=hush-hush", "host=a sslmode=hush-hush",
        "host=a nonsense=hush-hush"}) {
    const auto target = parse_postgres_dsn(Secret(dsn));
    ASSERT_FALSE(target) << dsn;
    EXPECT_EQ(target.error().code, "params.invalid");
    EXPECT_EQ(target.error().message.find("hush"), std::string::npos) << target.error().message;
  }
}

TEST(PostgresFailure, NamesSqlstates) {
  const auto code = [](std::string_view state, std::string_view message = "") {
    return postgres_failure(state, message, "auth").value().code;
  };
  EXPECT_EQ(code("57P03", "the database system is starting up"), "postgres.starting-up");
  EXPECT_EQ(code("57P03", "the database system is not yet accepting connections"), "postgres.starting-up");
  EXPECT_EQ(code("57P03", "the database system is shutting down"), "postgres.shutting-down");
  EXPECT_EQ(code("57P01"), "postgres.shutting-down");
  EXPECT_EQ(code("57P02"), "postgres.shutting-down");
  EXPECT_EQ(code("28P01"), "auth.denied");
  EXPECT_EQ(code("28000"), "auth.denied");
  EXPECT_EQ(code("42501"), "auth.denied");
  EXPECT_EQ(code("3D000"), "postgres.no-database");
  EXPECT_EQ(code("53300"), "postgres.too-many-connections");
  EXPECT_EQ(code("25006"), "postgres.read-only");
  for (const char* state : {"42P01", "42703", "3F000", "42883"})
    EXPECT_EQ(code(state), "postgres.relation") << state;
  EXPECT_EQ(code("57014", "canceling statement due to statement timeout"), "deadline");
  EXPECT_EQ(code("57014", "canceling statement due to user request"), "postgres.error");
  EXPECT_EQ(code("XX000", "failed to create a backend 1 connection"), "pgpool.no-backend");
  EXPECT_EQ(code("XX000", "something else"), "postgres.error");
  EXPECT_EQ(code("22012"), "postgres.error");
  EXPECT_NE(postgres_failure("22012", "division by zero", "request").value().message.find("22012"),
            std::string::npos);
}

class PostgresSession : public ::testing::Test {
 protected:
  // Connects to a server that answers the first query with `answer`.
  Result<PostgresRows> ask(const std::string& answer, const PostgresLimits& limits = {}) {
    Server server([&](Peer& peer) {
      pg_let_in(peer);
      peer.read_some();
      peer.write(answer);
      peer.hold();
    });
    Network network;
    const Stop stop;
    const Context context(Deadline::in(std::chrono::seconds(5)), stop);
    Trace trace(seen);
    PostgresTarget target;
    target.hosts = {{*parse_host_port(server.address()), ""}};
    auto postgres = Postgres::connect(network, target, context, trace);
    if (!postgres) return Failure(postgres.error());
    return postgres->query("select 1", context, trace, limits);
  }
  Value seen;
};

TEST_F(PostgresSession, CountsRowsThatItDoesNotKeep) {
  std::string answer = pg_column("a");
  for (int i = 0; i < 50; ++i) answer += pg_row(std::to_string(i));
  const auto rows =
      ask(answer + pg_message('C', std::string_view("SELECT 50\0", 10)) + pg_ready(), {10, 4 << 20});
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(rows->count, 50);
  EXPECT_EQ(rows->rows.items().size(), 10U);
  EXPECT_EQ(rows->text(9, "a"), "9");
  EXPECT_EQ(rows->text(10, "a"), "");
}

TEST_F(PostgresSession, BoundsTheBytesOfAnAnswer) {
  const auto rows = ask(pg_column("a") + pg_row(std::string(100'000, 'x')) + pg_row("1"), {10, 50'000});
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, "protocol.too-large");
}

TEST_F(PostgresSession, AnErrorInTheMiddleIsTheAnswer) {
  const auto rows = ask(pg_column("a") + pg_row("1") + pg_error("22012", "division by zero") + pg_ready());
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, "postgres.error");
  EXPECT_EQ(seen.get("sqlstate"), "22012");
}

TEST_F(PostgresSession, ACopyIsRefused) {
  const auto rows = ask(pg_message('H', std::string_view("\0\0\0", 3)));
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, "postgres.error");
}

}  // namespace
}  // namespace assay::test

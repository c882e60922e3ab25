// The probes of Postgres, repmgr and Pgpool-II against the stack that ASSAY_VALUES names.
#include <gtest/gtest.h>

#include "tests/support/observe.h"
#include "tests/support/values.h"

namespace assay::test {
namespace {

class LocalPostgres : public ::testing::Test {
 protected:
  // Parameters: an address, who logs in with which secret, and what else there is.
  std::string params(const std::string& address, const std::string& user, const std::string& secret,
                     const std::string& more = "") const {
    return "{address: '" + address + "', user: " + user + ", password: " + stack_reference(secret) +
           ", tls: " + stack_tls() + more + "}";
  }
  std::string own(const std::string& more = "") const {
    return params(stack.get("postgres"), "soma", "postgres-password", ", database: app" + more);
  }
  std::string root(const std::string& address, const std::string& more = "") const {
    return params(address, "postgres", "postgres-superuser-password", more);
  }
  // The node that is no standby at the moment.
  std::string primary() const {
    for (const Value& node : stack.find("postgres_nodes")->items()) {
      if (at(observe("postgres.ready", root(node.string())), "in_recovery") == Value(false))
        return node.string();
    }
    return {};
  }
  std::vector<std::string> standbys() const {
    std::vector<std::string> all;
    for (const Value& node : stack.find("postgres_nodes")->items()) {
      if (at(observe("postgres.ready", root(node.string())), "in_recovery") == Value(true))
        all.push_back(node.string());
    }
    return all;
  }
  Value stack = values();
};

TEST_F(LocalPostgres, IsReady) {
  const Value seen = observe("postgres.ready", own());
  EXPECT_EQ(code_of(seen), "") << to_json(seen);
  EXPECT_EQ(at(seen, "ready"), Value(true));
  EXPECT_TRUE(at(seen, "server_version").string().starts_with("15.")) << to_json(seen);
  EXPECT_EQ(at(seen, "tls.verified"), stack_is_ha() ? Value(true) : Value());
}

TEST_F(LocalPostgres, Logins) {
  const std::string address = stack.get("postgres");
  const std::string tls = ", tls: " + stack_tls() + "}";
  const Value wrong =
      observe("postgres.ready",
              "{address: '" + address + "', user: soma, database: app, password: not-the-password" + tls);
  EXPECT_EQ(code_of(wrong), "auth.denied") << to_json(wrong);
  EXPECT_EQ(
      code_of(observe("postgres.ready", "{address: '" + address + "', user: soma, database: app" + tls)),
      "auth.required");
  const std::string node = primary();
  const Value none =
      observe("postgres.ready", params(node, "soma", "postgres-password", ", database: nothing_of_the_kind"));
  EXPECT_EQ(code_of(none), "postgres.no-database") << to_json(none);
  EXPECT_EQ(at(none, "sqlstate"), Value("3D000"));
  EXPECT_EQ(
      code_of(observe("postgres.ready", "{address: '" + node +
                                            "', user: nobody_of_the_kind, password: x, database: app" + tls)),
      "auth.denied");
}

TEST_F(LocalPostgres, ByADsn) {
  const std::string password = stack_secret("postgres-password");
  const std::string dsn = "postgresql://soma:" + password + "@127.0.0.1:1," + stack.get("postgres") + "/app";
  const Value seen =
      observe("postgres.ready", "{dsn: '" + dsn + "'}");  // without sslmode: TLS where it is offered
  EXPECT_EQ(code_of(seen), "") << to_json(seen);
  EXPECT_EQ(at(seen, "peer"), Value(stack.get("postgres")));
  EXPECT_EQ(at(seen, "tls").is_object(), stack_is_ha());
}

TEST_F(LocalPostgres, TlsOnTheOneSideOnly) {
  const std::string node = primary();
  const std::string login = "user: soma, database: app, password: " + stack_reference("postgres-password");
  for (const std::string& address : {node, stack.get("postgres")}) {
    const std::string where = "{address: '" + address + "', " + login;
    if (stack_is_ha()) {
      const Value plain = observe("postgres.ready", where + "}");
      EXPECT_EQ(code_of(plain), "tls.required") << to_json(plain);
      const Value unknown = observe("postgres.ready", where + ", tls: true}");
      EXPECT_EQ(code_of(unknown), "tls.untrusted") << to_json(unknown);
      EXPECT_TRUE(at(unknown, "tls.chain").is_array());
      const Value other =
          observe("postgres.ready", where + ", tls: {ca: '" + stack.get("ca") + "', name: db.example.org}}");
      EXPECT_EQ(code_of(other), "tls.name") << to_json(other);
    } else {
      EXPECT_EQ(code_of(observe("postgres.ready", where + ", tls: true}")), "tls.not-tls");
    }
  }
}

TEST_F(LocalPostgres, Query) {
  const Value seen =
      observe("postgres.query", own(", query: 'select id, body, id::float8 / 2 as half, id > 2 as big, null "
                                    "as nothing from events where id >= $1 order by id', params: [2]"));
  EXPECT_EQ(code_of(seen), "") << to_json(seen);
  EXPECT_EQ(at(seen, "row_count"), Value(9));
  EXPECT_EQ(at(seen, "value"), Value(2));
  EXPECT_EQ(at(seen, "columns").items().size(), 5U);
  EXPECT_EQ(to_json(at(seen, "rows").items()[1]),
            R"({"id":3,"body":"event 3","half":1.5,"big":true,"nothing":null})");
}

TEST_F(LocalPostgres, AQueryReadsAndNothingElse) {
  EXPECT_EQ(code_of(observe("postgres.query", own(", query: 'delete from events'"))), "postgres.read-only");
  EXPECT_EQ(code_of(observe("postgres.query", own(", query: 'commit; delete from events'"))),
            "postgres.error");  // 42601
  EXPECT_EQ(at(observe("postgres.query", own(", query: 'select count(*) from events'")), "value"), Value(10));
}

TEST_F(LocalPostgres, QueriesThatGoWrong) {
  EXPECT_EQ(code_of(observe("postgres.query", own(", query: 'select * from nothing_of_the_kind'"))),
            "postgres.relation");
  EXPECT_EQ(code_of(observe("postgres.query", own(", query: 'select nothing_of_the_kind from events'"))),
            "postgres.relation");
  const Value seen = observe("postgres.query", own(", query: 'select 1/0'"));
  EXPECT_EQ(code_of(seen), "postgres.error");
  EXPECT_EQ(at(seen, "sqlstate"), Value("22012"));
  EXPECT_EQ(code_of(observe("postgres.query", own(", query: 'select pg_sleep(60)'"),
                            std::chrono::milliseconds(800))),
            "deadline");
  EXPECT_EQ(code_of(observe("postgres.query", params(primary(), "soma", "postgres-password",
                                                     ", database: app, query: 'copy events to stdout'"))),
            "postgres.error");
}

TEST_F(LocalPostgres, AnAnswerThatIsTooLarge) {
  EXPECT_EQ(code_of(observe("postgres.query", own(", query: \"select repeat('x', 100000000)\""))),
            "protocol.too-large");
  const Value seen = observe("postgres.query", own(", query: 'select generate_series(1, 5000) as n'"));
  EXPECT_EQ(at(seen, "row_count"), Value(5000));
  EXPECT_EQ(at(seen, "truncated"), Value(true));
  EXPECT_EQ(at(seen, "rows.truncated"), Value(true));
  EXPECT_TRUE(at(seen, "rows.bytes").is_integer());
  EXPECT_EQ(at(seen, "value"), Value(1));
}

TEST_F(LocalPostgres, Writable) {
  EXPECT_EQ(at(observe("postgres.writable", own(", create: true")), "committed"), Value(true));
  const Value again = observe("postgres.writable", own());
  EXPECT_EQ(code_of(again), "") << to_json(again);
  EXPECT_TRUE(at(again, "created").is_null());
  EXPECT_EQ(
      at(observe("postgres.query", params(primary(), "soma", "postgres-password",
                                          ", database: app, query: 'select count(*) from assay.roundtrip'")),
         "value"),
      Value(0));
  const Value missing = observe("postgres.writable", root(primary(), ", database: postgres"));
  EXPECT_EQ(code_of(missing), "setup.missing") << to_json(missing);
  for (const std::string& standby : standbys()) {
    EXPECT_EQ(code_of(observe("postgres.writable", root(standby, ", database: postgres, create: true"))),
              "postgres.read-only");
  }
}

TEST_F(LocalPostgres, Replication) {
  const Value seen = observe("postgres.replication", root(primary()));
  EXPECT_EQ(code_of(seen), "") << to_json(seen);
  EXPECT_EQ(at(seen, "role"), Value("primary"));
  EXPECT_EQ(at(seen, "standbys"), Value(stack_is_ha() ? 2 : 0));
  EXPECT_EQ(at(seen, "streaming"), at(seen, "standbys"));
  EXPECT_EQ(at(seen, "replicating"), Value(true));
  EXPECT_EQ(at(seen, "read_only"), Value(false));
  EXPECT_GE(at(seen, "timeline").integer(), 1);
  for (const std::string& address : standbys()) {
    const Value standby = observe("postgres.replication", root(address));
    EXPECT_EQ(code_of(standby), "") << to_json(standby);
    EXPECT_EQ(at(standby, "role"), Value("standby"));
    EXPECT_EQ(at(standby, "receiver.status"), Value("streaming"));
    EXPECT_EQ(at(standby, "receiver.upstream"), Value(primary()));
    EXPECT_EQ(at(standby, "timeline"), at(seen, "timeline"));
    EXPECT_EQ(code_of(observe("postgres.replication",
                              params(address, "soma", "postgres-password", ", database: app"))),
              "auth.denied");
  }
  EXPECT_EQ(standbys().size(), stack_is_ha() ? 2U : 0U);
}

TEST_F(LocalPostgres, Repmgr) {
  const Value missing = observe("repmgr.cluster", own());
  EXPECT_EQ(code_of(missing), "repmgr.missing") << to_json(missing);
  if (!stack_is_ha()) {
    EXPECT_EQ(code_of(observe("repmgr.cluster", root(primary()))), "postgres.no-database");
    return;
  }
  const std::string two = stack.find("postgres_nodes")->items()[1].string();
  const Value seen = observe("repmgr.cluster", root("127.0.0.1:1," + two));
  EXPECT_EQ(code_of(seen), "") << to_json(seen);
  EXPECT_EQ(at(seen, "primaries"), Value(1));
  EXPECT_EQ(at(seen, "running"), Value(3));
  EXPECT_EQ(at(seen, "mismatches"), Value(0));
  EXPECT_EQ(at(seen, "upstreams_ok"), Value(true));
  EXPECT_EQ(at(seen, "unreachable"), Value::array());
  EXPECT_EQ(at(seen, "nodes").items().size(), 3U);
}

TEST_F(LocalPostgres, Pgpool) {
  EXPECT_EQ(code_of(observe("pgpool.nodes", root(primary()))), "pgpool.not-pgpool");
  if (!stack_is_ha()) return;
  const Value seen =
      observe("pgpool.nodes", params(stack.get("pgpool"), "soma", "postgres-password", ", database: app"));
  EXPECT_EQ(code_of(seen), "") << to_json(seen);
  EXPECT_EQ(at(seen, "total"), Value(3));
  EXPECT_EQ(at(seen, "up"), Value(3));
  EXPECT_EQ(at(seen, "primaries"), Value(1));
  EXPECT_EQ(at(seen, "roles_agree"), Value(true));
  EXPECT_EQ(at(seen, "down"), Value::array());
}

}  // namespace
}  // namespace assay::test

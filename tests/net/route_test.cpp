// Connections that lead elsewhere than their address says: what is dialled is the near end, what is verified
// is the address's own name.
#include "net/route.h"

#include <gtest/gtest.h>

#include "net/http.h"
#include "net/postgres.h"
#include "tests/support/certs.h"
#include "tests/support/http_server.h"
#include "tests/support/postgres_wire.h"

namespace assay {
namespace {

// Everything leads to one port of loopback.
class Detour : public Route {
 public:
  explicit Detour(int port) : near_(*SocketAddress::numeric("127.0.0.1", static_cast<std::uint16_t>(port))) {}
  Result<std::vector<SocketAddress>> resolve(const std::string& host, std::uint16_t port,
                                             const Context&) override {
    asked.push_back(HostPort{host, port}.text());
    return std::vector{near_};
  }
  void settle(Value&, Result<void>&) override {}
  std::vector<std::string> asked;

 private:
  SocketAddress near_;
};

class RouteTest : public testing::Test {
 protected:
  Context by(Route& route) { return Context(Deadline::in(std::chrono::seconds(20)), never_).by(&route); }
  TlsOptions tls() {
    TlsOptions options;
    options.enabled = true;
    options.ca = authority_.ca();
    return options;
  }
  static void answer(test::TlsPeer& peer) {
    peer.read_until("\r\n\r\n");
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  }

  Network network_;
  Stop never_;
  Value seen_ = Value::object();
  Trace trace_{seen_};
  test::Authority authority_;
  test::Identity identity_ = authority_.issue({"db.example.test"});
  test::Server secure_{[this](test::Peer& peer) {
    test::TlsPeer tls(peer, identity_);
    if (tls.secure()) answer(tls);
  }};
};

TEST_F(RouteTest, ATransportIsVerifiedAgainstTheOriginalName) {
  Detour detour(secure_.port());
  const auto good = Transport::connect(network_, {"db.example.test", 8443}, tls(), by(detour), trace_);
  EXPECT_TRUE(good) << good.error().message;
  EXPECT_EQ(detour.asked, std::vector<std::string>{"db.example.test:8443"});
  const auto other = Transport::connect(network_, {"other.example.test", 8443}, tls(), by(detour), trace_);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, "tls.name") << other.error().message;
  // A context with less time has the same route.
  EXPECT_TRUE(Transport::connect(network_, {"db.example.test", 8443}, tls(),
                                 by(detour).within(std::chrono::seconds(5)), trace_));
}

TEST_F(RouteTest, HttpsIsVerifiedAgainstTheOriginalName) {
  Detour detour(secure_.port());
  HttpRequest request;
  request.url = "https://db.example.test:8443/";
  request.tls = tls();
  const auto good = network_.http().run(request, by(detour), trace_);
  ASSERT_TRUE(good) << good.error().message;
  EXPECT_EQ(good->body, "ok");
  request.url = "https://other.example.test/";
  const auto other = network_.http().run(request, by(detour), trace_);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, "tls.name") << other.error().message;
}

TEST_F(RouteTest, AnAddressInNumbersTakesTheRouteToo) {
  std::string host;
  test::Server server([&](test::Peer& peer) {
    host = peer.read_until("\r\n\r\n");
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  Detour detour(server.port());
  HttpRequest request;
  request.url = "http://192.0.2.7:81/";
  const auto answer = network_.http().run(request, by(detour), trace_);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_NE(host.find("Host: 192.0.2.7:81"), std::string::npos) << host;
}

TEST_F(RouteTest, PostgresIsVerifiedAgainstTheOriginalName) {
  test::Server server([this](test::Peer& peer) {
    peer.read_some();
    peer.write("S");
    test::TlsPeer secured(peer, identity_);
    if (!secured.secure()) return;
    secured.read_some();
    secured.write(test::pg_welcome());
    secured.read_some();
  });
  Detour detour(server.port());
  PostgresTarget target;
  target.hosts = {{{"db.example.test", 5432}, ""}};
  target.tls = tls();
  const auto good = Postgres::connect(network_, target, by(detour), trace_);
  EXPECT_TRUE(good) << good.error().message;
  target.hosts = {{{"other.example.test", 5432}, ""}};
  const auto other = Postgres::connect(network_, target, by(detour), trace_);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, "tls.name") << other.error().message;
}

}  // namespace
}  // namespace assay

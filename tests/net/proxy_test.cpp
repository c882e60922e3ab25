#include "net/proxy.h"

#include <gtest/gtest.h>

#include "net/http.h"
#include "net/network.h"
#include "net/transport.h"
#include "tests/support/certs.h"
#include "tests/support/http_server.h"
#include "tests/support/proxy_server.h"

namespace assay::test {
namespace {

TEST(ParseProxy, UrlsOfProxies) {
  const auto plain = parse_proxy("http://gateway.example:3128/");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->at.text(), "gateway.example:3128");
  EXPECT_TRUE(plain->user.empty());
  const auto login = parse_proxy("socks5://us%40er:p%3Aw@[::1]");
  ASSERT_TRUE(login);
  EXPECT_EQ(login->kind, Proxy::Kind::socks5);
  EXPECT_EQ(login->at.text(), "[::1]:1080");
  EXPECT_EQ(login->user.reveal(), "us@er");
  EXPECT_EQ(login->password.reveal(), "p:w");
  EXPECT_EQ(parse_proxy("https://p")->at.port, 443);
  for (const char* bad : {"", "proxy:80", "ftp://p", "http://", "http://u:secret@", "http://p:99999"}) {
    const auto refused = parse_proxy(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code, "params.invalid");
    EXPECT_EQ(refused.error().message.find("secret"), std::string::npos);
  }
}

class ProxyTest : public testing::Test {
 protected:
  Context context(Duration time = std::chrono::seconds(5)) const { return {Deadline::in(time), never_}; }
  static Proxy proxy(const std::string& scheme, const std::string& address, const std::string& login = "") {
    return *parse_proxy(scheme + "://" + login + address);
  }
  // The body of an answer, or the code.
  std::string get(const std::string& url, const Proxy& through, const std::string& ca = "") {
    HttpRequest request;
    request.url = url;
    request.proxy = through;
    request.tls.ca = ca;
    const auto answer = network_.http().run(request, context(), trace_);
    return answer ? answer->body : answer.error().code;
  }

  Stop never_;
  Value seen_ = Value::object();
  Trace trace_{seen_};
  Network network_;
};

TEST_F(ProxyTest, RequestsGoThroughAndNamesAreTheProxysAffair) {
  const Server target(http_handler([](const HttpSeen& seen) { return HttpSaid{200, seen.header("host")}; }));
  const std::string port = std::to_string(target.port());
  for (const char* scheme : {"http", "socks5"}) {
    const ProxyServer open;
    EXPECT_EQ(get("http://inside.test:" + port + "/", proxy(scheme, open.address())), "inside.test:" + port)
        << scheme;
    EXPECT_EQ(open.last_target(), "inside.test:" + port);
    EXPECT_EQ(open.connected(), 1);
    EXPECT_EQ(get("http://127.0.0.1:" + std::to_string(closed_port()) + "/", proxy(scheme, open.address())),
              "connect.failed");

    const ProxyServer closed("user", "pass word");
    EXPECT_EQ(get("http://inside.test:" + port + "/", proxy(scheme, closed.address(), "user:pass%20word@")),
              "inside.test:" + port);
    EXPECT_EQ(get("http://inside.test:" + port + "/", proxy(scheme, closed.address())), "connect.failed");
    EXPECT_EQ(get("http://inside.test:" + port + "/", proxy(scheme, closed.address(), "user:wrong@")),
              "connect.failed");
    EXPECT_EQ(get("http://inside.test:1/", proxy(scheme, "127.0.0.1:" + std::to_string(closed_port()))),
              "connect.refused");
  }
}

// The certificate that counts is the target's, under the target's name.
TEST_F(ProxyTest, TlsGoesToTheTarget) {
  Authority authority;
  const Identity identity = authority.issue({"inside.test"});
  const Identity other = authority.issue({"elsewhere.test"});
  const auto serve = [](const Identity& shown) {
    return [&shown](Peer& peer) {
      TlsPeer tls(peer, shown);
      if (!tls.secure() || tls.read_until("\r\n\r\n").empty()) return;
      tls.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    };
  };
  const Server good(serve(identity));
  const Server bad(serve(other));
  const ProxyServer open;
  for (const char* scheme : {"http", "socks5"}) {
    const Proxy through = proxy(scheme, open.address());
    EXPECT_EQ(get("https://inside.test:" + std::to_string(good.port()) + "/", through, authority.ca()), "ok");
    EXPECT_EQ(get("https://inside.test:" + std::to_string(bad.port()) + "/", through, authority.ca()),
              "tls.name");
    EXPECT_EQ(get("https://inside.test:" + std::to_string(good.port()) + "/", through), "tls.untrusted");
  }
}

// A proxy of https shows a certificate of its own, which is verified before anything is asked of it.
TEST_F(ProxyTest, AProxyOfHttpsIsVerified) {
  Authority authority;
  const Identity identity = authority.issue({"127.0.0.1"});
  const Identity stranger = authority.self_signed({"127.0.0.1"});
  std::string asked;
  // The proxy is the target too.
  const auto serve = [&asked](const Identity& shown) {
    return [&asked, &shown](Peer& peer) {
      TlsPeer tls(peer, shown);
      if (!tls.secure()) return;
      asked = tls.read_until("\r\n\r\n");
      if (asked.empty()) return;
      tls.write("HTTP/1.1 200 OK\r\n\r\n");
      tls.read_until("\r\n\r\n");
      tls.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    };
  };
  {
    const Server good(serve(identity));
    EXPECT_EQ(get("http://inside.test/", proxy("https", good.address()), authority.ca()), "ok");
    EXPECT_TRUE(asked.starts_with("CONNECT inside.test:80 ")) << asked;
  }
  asked.clear();
  {
    const Server bad(serve(stranger));
    EXPECT_TRUE(
        get("http://inside.test/", proxy("https", bad.address()), authority.ca()).starts_with("tls."));
  }
  EXPECT_EQ(asked, "");
}

TEST_F(ProxyTest, ATransportThroughAProxy) {
  const Server echo([](Peer& peer) { peer.write(peer.read_some()); });
  const HostPort target{"inside.test", static_cast<std::uint16_t>(echo.port())};
  for (const char* scheme : {"http", "socks5"}) {
    const ProxyServer closed("user", "secret");
    auto through =
        connect_through(network_, proxy(scheme, closed.address(), "user:secret@"), target, context(), trace_);
    ASSERT_TRUE(through) << scheme << through.error().message;
    ASSERT_TRUE(through->write("hello", context()));
    char room[10];
    EXPECT_EQ(through->read(room, context()).value_or(0), 5U);
    for (const char* login : {"", "user:other@"}) {
      const auto refused =
          connect_through(network_, proxy(scheme, closed.address(), login), target, context(), trace_);
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().code, "connect.failed") << refused.error().message;
    }
    const ProxyServer open;
    const auto nothing =
        connect_through(network_, proxy(scheme, open.address()),
                        {"127.0.0.1", static_cast<std::uint16_t>(closed_port())}, context(), trace_);
    ASSERT_FALSE(nothing);
    EXPECT_EQ(nothing.error().code, std::string(scheme) == "http" ? "connect.failed" : "connect.refused");
  }
  const Server mute([](Peer& peer) { peer.hold(); });
  const auto never = connect_through(network_, proxy("socks5", mute.address()), target,
                                     context(std::chrono::milliseconds(100)), trace_);
  ASSERT_FALSE(never);
  EXPECT_EQ(never.error().code, "deadline");
  EXPECT_FALSE(connect_through(network_, proxy("https", mute.address()), target, context(), trace_));
}

}  // namespace
}  // namespace assay::test

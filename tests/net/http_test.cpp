#include "net/http.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <csignal>
#include <filesystem>
#include <set>
#include <thread>

#include "core/utf8.h"
#include "net/network.h"
#include "tests/support/certs.h"
#include "tests/support/observe.h"
#include "tests/support/server.h"

namespace assay::test {
namespace {

using namespace std::chrono_literals;

std::string ok_reply(std::string_view body, std::string_view more_headers = "") {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(more_headers) + "\r\n" + std::string(body);
}

// Answers every connection's first request with the same bytes and closes.
std::function<void(Peer&)> replies(std::string bytes) {
  return [bytes = std::move(bytes)](Peer& peer) {
    peer.read_until("\r\n\r\n");
    peer.write(bytes);
  };
}

class HttpEngineTest : public testing::Test {
 protected:
  HttpEngineTest() { std::signal(SIGPIPE, SIG_IGN); }

  Result<void> run(const HttpRequest& request, Duration timeout = 5s) {
    response = {};
    seen = Value::object();
    Trace trace(seen);
    return network.http().run(request, Context(Deadline::in(timeout), stop), trace, response);
  }
  Result<void> get(const std::string& url, Duration timeout = 5s) {
    HttpRequest request;
    request.url = url;
    return run(request, timeout);
  }
  std::string code(const Result<void>& result) {
    return result ? "" : result.error().code + " " + result.error().phase;
  }

  Network network;
  Stop stop;
  HttpResponse response;
  Value seen = Value::object();
};

TEST(HttpUrlTest, TakesAUrlApart) {
  const auto url = parse_http_url("HTTPS://Example.org/a/b?c=d#e");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->port, 443);
  EXPECT_EQ(url->text.find('#'), std::string::npos);
  const auto six = parse_http_url("http://[::1]:8080/");
  ASSERT_TRUE(six);
  EXPECT_EQ(six->host, "::1");
  EXPECT_EQ(six->target().text(), "[::1]:8080");
  EXPECT_EQ(parse_http_url("http://h:80")->text, "http://h/");
  EXPECT_EQ(parse_http_url("http://h:8200?x=1")->text, "http://h:8200/?x=1");
}

// The examples of RFC 3986, section 5.4, that have a meaning in http.
TEST(HttpUrlTest, ResolvesReferences) {
  const auto base = parse_http_url("http://a/b/c/d;p?q");
  ASSERT_TRUE(base);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"g", "http://a/b/c/g"},       {"./g", "http://a/b/c/g"},    {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},          {"//g", "http://g/"},         {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},   {"#s", "http://a/b/c/d;p?q"}, {"g#s", "http://a/b/c/g"},
      {";x", "http://a/b/c/;x"},     {"", "http://a/b/c/d;p?q"},   {".", "http://a/b/c/"},
      {"./", "http://a/b/c/"},       {"..", "http://a/b/"},        {"../", "http://a/b/"},
      {"../g", "http://a/b/g"},      {"../..", "http://a/"},       {"../../g", "http://a/g"},
      {"../../../g", "http://a/g"},  {"/./g", "http://a/g"},       {"/../g", "http://a/g"},
      {"g.", "http://a/b/c/g."},     {"..g", "http://a/b/c/..g"},  {"./g/.", "http://a/b/c/g/"},
      {"g/./h", "http://a/b/c/g/h"}, {"g/../h", "http://a/b/c/h"}, {"https://x:1/y", "https://x:1/y"},
  };
  for (const auto& [reference, wanted] : cases) {
    const auto url = parse_http_url(reference, &*base);
    ASSERT_TRUE(url) << reference;
    EXPECT_EQ(url->text, wanted) << reference;
  }
}

TEST(HttpUrlTest, RefusesWhatIsNone) {
  for (const char* text : {"",
                           "example.org",
                           "ftp://h/",
                           "file:///etc/passwd",
                           "http://",
                           "http://u:p@h/",
                           "http://u@h/",
                           "http://h:99999/",
                           "http://a b/",
                           "http://h/\r\nX: y",
                           "http://h/\x01",
                           "javascript:1",
                           "http://127.1/",
                           "http://0x7f.1/",
                           "http://2130706433/",
                           "http://[::1/",
                           "http://[h]/",
                           "http://h:0/",
                           "http://h:1:2/",
                           "http://a\\b/",
                           "http://h:+1/",
                           "http:///x",
                           "http:/x",
                           "http://a%00b/"}) {
    const auto url = parse_http_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().code, "params.invalid") << text;
  }
}

TEST(HttpUrlTest, Escapes) {
  EXPECT_EQ(escape_url("a b/c?\xc3\xa9"), "a%20b%2Fc%3F%C3%A9");
  EXPECT_EQ(escape_url("a b/c", true), "a%20b/c");
}

TEST_F(HttpEngineTest, GetsAndShowsPhases) {
  Server server(replies(ok_reply("hello", "X-One: 1\r\nx-one:  two \r\n")));
  ASSERT_EQ(code(get("http://" + server.address() + "/path")), "");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.version, "1.1");
  EXPECT_EQ(response.body, "hello");
  EXPECT_EQ(*response.header("x-one"), "1");
  EXPECT_EQ(response.headers.back().second, "two");
  EXPECT_EQ(at(seen, "peer"), Value(server.address()));
  for (const char* phase : {"phases.resolve", "phases.connect", "phases.request", "phases.transfer"}) {
    EXPECT_TRUE(at(seen, phase).is_number()) << phase << to_json(seen);
  }
  EXPECT_TRUE(at(seen, "phases.tls").is_null());
}

TEST_F(HttpEngineTest, SendsMethodHeadersAndBodyAndNothingFromTheEnvironment) {
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  std::string got;
  Server server([&](Peer& peer) {
    got = peer.read_until("body!");
    peer.write(ok_reply(""));
  });
  HttpRequest request;
  request.url = "http://" + server.address() + "/a/../b?q=1";
  request.method = "PUT";
  request.headers = {{"X-Secret", Secret("s3cret")}, {"X-Empty", Secret()}};
  request.body = Secret("body!");
  EXPECT_EQ(code(run(request)), "");
  ::unsetenv("http_proxy");
  EXPECT_TRUE(got.starts_with("PUT /a/../b?q=1 HTTP/1.1\r\n")) << got;
  EXPECT_NE(got.find("X-Secret: s3cret\r\n"), std::string::npos) << got;
  EXPECT_NE(got.find("X-Empty:\r\n"), std::string::npos) << got;
  EXPECT_NE(got.find("User-Agent: assay\r\n"), std::string::npos) << got;
  EXPECT_NE(got.find("Content-Length: 5\r\n"), std::string::npos) << got;
  EXPECT_EQ(got.find("Content-Type"), std::string::npos) << got;
  EXPECT_EQ(got.find("Expect"), std::string::npos) << got;
}

TEST_F(HttpEngineTest, ResolvesByItselfAndFallsBackToTheNextAddress) {
  Server server(replies(ok_reply("x")));  // on 127.0.0.1 alone, whatever else localhost is
  EXPECT_EQ(code(get("http://localhost:" + std::to_string(server.port()) + "/")), "");
  EXPECT_EQ(at(seen, "peer"), Value(server.address()));
}

TEST_F(HttpEngineTest, Refused) {
  const std::string address = "127.0.0.1:" + std::to_string(closed_port());
  EXPECT_EQ(code(get("http://" + address + "/")), "connect.refused connect");
  EXPECT_EQ(at(seen, "peer"), Value(address));
  EXPECT_TRUE(at(seen, "phases.connect").is_number());
  EXPECT_TRUE(at(seen, "phases.request").is_null());
}

TEST_F(HttpEngineTest, SilentEndsAtTheDeadlineAndTheConnectionIsClosed) {
  Stop left;
  Server server([&](Peer& peer) {
    peer.hold();
    left.raise();
  });
  EXPECT_EQ(code(get("http://" + server.address() + "/", 1s)), "deadline request");
  EXPECT_TRUE(at(seen, "phases.connect").is_number());
  EXPECT_GE(at(seen, "phases.request").number(), 0.1);
  EXPECT_TRUE(at(seen, "phases.transfer").is_null());
  const Stop never;
  EXPECT_TRUE(Context(Deadline::in(5s), never).wait(left.fd(), POLLIN, "test"));
}

TEST_F(HttpEngineTest, StopCancels) {
  Server server([&](Peer& peer) {
    peer.read_until("\r\n\r\n");
    stop.raise();
    peer.hold();
  });
  EXPECT_EQ(code(get("http://" + server.address() + "/", 60s)), "harness.cancelled request");
}

TEST_F(HttpEngineTest, HalfAReplyIsClosed) {
  Server body(replies("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"));
  EXPECT_EQ(code(get("http://" + body.address() + "/")), "protocol.closed transfer");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "half");
  Server chunk(replies("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal"));
  EXPECT_EQ(code(get("http://" + chunk.address() + "/")), "protocol.closed transfer");
  Server nothing(replies(""));
  EXPECT_EQ(code(get("http://" + nothing.address() + "/")), "protocol.closed request");
}

TEST_F(HttpEngineTest, HalfAHeaderIsClosed) {
  Server header(replies("HTTP/1.1 200 OK\r\nContent-Le"));
  const auto done = get("http://" + header.address() + "/");
  EXPECT_EQ(code(done), "protocol.closed transfer");
}

TEST_F(HttpEngineTest, AResetIsAReset) {
  Server server([](Peer& peer) {
    peer.read_until("\r\n\r\n");
    const linger now{1, 0};
    ::setsockopt(peer.fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  });
  EXPECT_EQ(code(get("http://" + server.address() + "/")), "connect.reset request");
}

TEST_F(HttpEngineTest, GarbageIsNoHttp) {
  for (const std::string& bytes :
       {std::string("220 mail.example ESMTP\x1b[31m\r\n"), std::string("-ERR unknown command\r\n"),
        std::string("\x00\x01\x02\x03", 4), std::string("HTP/1.1 200 OK\r\n\r\n")}) {
    Server server(replies(bytes));
    const auto done = get("http://" + server.address() + "/");
    EXPECT_EQ(code(done), "protocol.invalid request") << printable(bytes);
    EXPECT_EQ(done.error().message.find('\x1b'), std::string::npos);
  }
  Server greeting([](Peer& peer) {  // speaks first
    peer.write("220 mail.example ESMTP\r\n");
    peer.hold();
  });
  EXPECT_EQ(code(get("http://" + greeting.address() + "/")), "protocol.invalid request");
}

TEST_F(HttpEngineTest, AHundredMegabytesAreTooLarge) {
  Server server([](Peer& peer) {
    peer.read_until("\r\n\r\n");
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n");
    const std::string block(1 << 20, 'x');
    for (int i = 0; i < 100 && peer.write(block); ++i) {
    }
  });
  EXPECT_EQ(code(get("http://" + server.address() + "/", 20s)), "protocol.too-large transfer");
  EXPECT_EQ(response.body.size(), 4U << 20);
}

TEST_F(HttpEngineTest, AnEndlessBodyIsTooLarge) {
  Server server([](Peer& peer) {
    peer.read_until("\r\n\r\n");
    peer.write("HTTP/1.1 200 OK\r\n\r\n");
    const std::string block(1 << 16, 'x');
    while (peer.write(block)) {
    }
  });
  HttpRequest request;
  request.url = "http://" + server.address() + "/";
  request.max_body = 100'000;
  EXPECT_EQ(code(run(request)), "protocol.too-large transfer");
  EXPECT_EQ(response.body.size(), 100'000U);
}

TEST_F(HttpEngineTest, EndlessHeadersAreTooLarge) {
  Server server([](Peer& peer) {
    peer.read_until("\r\n\r\n");
    peer.write("HTTP/1.1 200 OK\r\n");
    std::string block;
    for (int i = 0; i < 100; ++i) block += "X-Filler: " + std::string(100, 'x') + "\r\n";
    while (peer.write(block)) {
    }
  });
  EXPECT_EQ(code(get("http://" + server.address() + "/")), "protocol.too-large request");
}

TEST_F(HttpEngineTest, OneEndlessHeaderLineIsTooLarge) {
  Server server([](Peer& peer) {
    peer.read_until("\r\n\r\n");
    peer.write("HTTP/1.1 200 OK\r\nX-Filler: ");
    const std::string block(1 << 16, 'x');
    while (peer.write(block)) {
    }
  });
  EXPECT_EQ(code(get("http://" + server.address() + "/")), "protocol.too-large request");
}

TEST_F(HttpEngineTest, InterimAnswersAndTrailers) {
  Server server(
      replies("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: "
              "chunked\r\nTrailer: "
              "Grpc-Status\r\n\r\n2\r\nab\r\n0\r\nGrpc-Status: 12\r\n\r\n"));
  ASSERT_EQ(code(get("http://" + server.address() + "/")), "");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.header("link"), nullptr);
  EXPECT_EQ(response.body, "ab");
  ASSERT_NE(response.trailer("grpc-status"), nullptr);
  EXPECT_EQ(*response.trailer("grpc-status"), "12");
  EXPECT_EQ(response.header("grpc-status"), nullptr);
}

TEST_F(HttpEngineTest, HeadAndNoContent) {
  Server server(replies("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"));
  HttpRequest request;
  request.url = "http://" + server.address() + "/";
  request.method = "HEAD";
  EXPECT_EQ(code(run(request)), "");
  EXPECT_EQ(*response.header("content-length"), "1000");
}

TEST_F(HttpEngineTest, ARedirectIsTheAnswerUntilFollowed) {
  Server server([](Peer& peer) {
    const std::string got = peer.read_until("\r\n\r\n");
    peer.write(got.starts_with("GET /new")
                   ? ok_reply("there")
                   : "HTTP/1.1 302 Found\r\nLocation: new\r\nContent-Length: 0\r\n\r\n");
  });
  HttpRequest request;
  request.url = "http://" + server.address() + "/old";
  EXPECT_EQ(code(run(request)), "");
  EXPECT_EQ(response.status, 302);
  EXPECT_EQ(response.redirects, 0);
  request.follow = 1;
  EXPECT_EQ(code(run(request)), "");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.redirects, 1);
  EXPECT_EQ(response.url, "http://" + server.address() + "/new");
}

TEST_F(HttpEngineTest, ARedirectLoopEnds) {
  Server server(replies("HTTP/1.1 301 Moved\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"));
  HttpRequest request;
  request.url = "http://" + server.address() + "/";
  request.follow = 5;
  EXPECT_EQ(code(run(request)), "http.redirects request");
  EXPECT_EQ(response.redirects, 5);
  EXPECT_EQ(server.accepted(), 6);
}

TEST_F(HttpEngineTest, SecretsDoNotFollowToAnotherOrigin) {
  std::string got;
  Server other([&](Peer& peer) {
    got = peer.read_until("\r\n\r\n");
    peer.write(ok_reply("other"));
  });
  Server server(replies("HTTP/1.1 307 Moved\r\nLocation: http://" + other.address() +
                        "/x\r\nContent-Length: 0\r\n\r\n"));
  HttpRequest request;
  request.url = "http://" + server.address() + "/";
  request.follow = 3;
  request.headers = {{"authorization", Secret("Bearer s3cret")},
                     {"X-Vault-Token", Secret("s3cret")},
                     {"Accept", Secret("text/plain")}};
  EXPECT_EQ(code(run(request)), "");
  EXPECT_EQ(response.body, "other");
  EXPECT_EQ(got.find("s3cret"), std::string::npos) << got;
  EXPECT_NE(got.find("Accept: text/plain"), std::string::npos) << got;
  got.clear();
  request.method = "POST";
  request.body = Secret("s3cret");
  EXPECT_EQ(code(run(request)), "");
  EXPECT_EQ(response.status, 307);  // a body is not carried there
  EXPECT_EQ(got, "");
}

TEST_F(HttpEngineTest, ARedirectToAnotherSchemeIsNotFollowed) {
  Server server(replies("HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n"));
  HttpRequest request;
  request.url = "http://" + server.address() + "/";
  request.follow = 3;
  EXPECT_EQ(code(run(request)), "protocol.invalid request");
}

TEST_F(HttpEngineTest, DialsAnotherPlaceAndAsksForTheUrl) {
  std::string got;
  Server server([&](Peer& peer) {
    got = peer.read_until("\r\n\r\n");
    peer.write(ok_reply("x"));
  });
  HttpRequest request;
  request.url = "http://vault.internal.example:8200/v1";
  request.connect_to = HostPort{"127.0.0.1", static_cast<std::uint16_t>(server.port())};
  EXPECT_EQ(code(run(request)), "");
  EXPECT_NE(got.find("Host: vault.internal.example:8200\r\n"), std::string::npos) << got;
}

TEST_F(HttpEngineTest, DialsAUnixSocket) {
  const std::string path =
      std::filesystem::temp_directory_path() / ("assay-http-" + std::to_string(::getpid()) + ".sock");
  const Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  std::thread server([&] {
    const Fd fd(::accept(listener.get(), nullptr, nullptr));
    Peer peer(fd.get(), stop);
    peer.read_until("\r\n\r\n");
    peer.write(ok_reply("unix"));
  });
  HttpRequest request;
  request.url = "http://docker/version";
  request.unix_socket = path;
  EXPECT_EQ(code(run(request)), "");
  EXPECT_EQ(response.body, "unix");
  server.join();
  std::filesystem::remove(path);
}

TEST_F(HttpEngineTest, KeptConnectionsAreUsedAgainAndFreshOnesNever) {
  Server server([](Peer& peer) {
    while (!peer.read_until("\r\n\r\n").empty()) peer.write(ok_reply("x"));
  });
  HttpRequest request;
  request.url = "http://" + server.address() + "/";
  for (int i = 0; i < 3; ++i) EXPECT_EQ(code(run(request)), "");
  EXPECT_EQ(server.accepted(), 3);
  request.fresh = false;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(code(run(request)), "");
  EXPECT_EQ(server.accepted(), 4);
  EXPECT_TRUE(at(seen, "phases.connect").is_null()) << to_json(seen);
}

TEST_F(HttpEngineTest, ManyAtOnceFromManyThreads) {
  Server server(replies(ok_reply("x")));
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 20; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 20; ++n) {
        HttpRequest request;
        request.url = "http://" + server.address() + "/";
        Value mine = Value::object();
        Trace trace(mine);
        const auto done = network.http().run(request, Context(Deadline::in(20s), stop), trace);
        if (done && done->body == "x") ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 400);
  EXPECT_EQ(server.accepted(), 400);
}

TEST_F(HttpEngineTest, TheEngineEndsWithTransfersUnderWay) {
  Server server([](Peer& peer) { peer.hold(); });
  auto engine = std::make_unique<HttpEngine>(network);
  for (int i = 0; i < 5; ++i) {
    HttpRequest request;
    request.url = "http://" + server.address() + "/";
    Value mine = Value::object();
    Trace trace(mine);
    EXPECT_FALSE(engine->run(request, Context(Deadline::in(20ms), stop), trace));
  }
  engine.reset();
}

class HttpTlsTest : public HttpEngineTest {
 protected:
  std::function<void(Peer&)> secured(Identity identity, std::string bytes, std::string alpn = {},
                                     std::string clients = {}) {
    return [=, this](Peer& peer) {
      TlsPeer tls(peer, identity, alpn, clients);
      got = tls.read_until("\r\n\r\n");
      if (!got.empty()) tls.write(bytes);
      if (!clients.empty() && !tls.secure()) peer.hold();  // closing at once could overtake the alert
    };
  }
  Result<void> get_tls(const Server& server, const std::string& host = "127.0.0.1") {
    HttpRequest request;
    request.url = "https://" + host + ":" + std::to_string(server.port()) + "/";
    request.tls = options;
    return run(request);
  }

  Authority authority;
  TlsOptions options;
  std::string got;
};

TEST_F(HttpTlsTest, TrustedIsVerifiedAndShowsItsChain) {
  const Identity identity = authority.issue({"localhost", "127.0.0.1"});
  options.ca = authority.ca();
  Server server(secured(identity, ok_reply("secret garden")));
  ASSERT_EQ(code(get_tls(server)), "") << to_json(seen);
  EXPECT_EQ(response.body, "secret garden");
  EXPECT_EQ(at(seen, "tls.verified"), Value(true));
  EXPECT_EQ(at(seen, "tls.protocol"), Value("TLSv1.3"));
  EXPECT_EQ(at(seen, "tls.subject"), Value("CN=localhost"));
  EXPECT_GT(at(seen, "tls.days_left").number(), 28);
  EXPECT_TRUE(at(seen, "phases.tls").is_number());
  EXPECT_EQ(code(get_tls(server, "localhost")), "");
}

TEST_F(HttpTlsTest, WhatIsNotTrustedGetsNoRequest) {
  struct Case {
    Identity identity;
    std::string ca;
    std::string code;
  };
  const std::vector<Case> cases = {
      {authority.issue({"127.0.0.1"}, -30, -1), authority.ca(), "tls.expired tls"},
      {authority.issue({"127.0.0.1"}, 1, 10), authority.ca(), "tls.expired tls"},
      {authority.self_signed({"127.0.0.1"}), authority.ca(), "tls.self-signed tls"},
      {authority.issue({"other.example"}), authority.ca(), "tls.name tls"},
      {authority.issue({"127.0.0.1"}), "", "tls.untrusted tls"},
  };
  for (const Case& one : cases) {
    got = "nothing";
    Server server(secured(one.identity, ok_reply("x")));
    options.ca = one.ca;
    EXPECT_EQ(code(get_tls(server)), one.code);
    EXPECT_EQ(at(seen, "tls.verified"), Value(false)) << one.code;
    EXPECT_EQ(at(seen, "tls.chain").items().size(), 1U) << one.code;
    EXPECT_EQ(response.status, 0);
    options.verify = false;
    EXPECT_EQ(code(get_tls(server)), "") << one.code;
    EXPECT_EQ(at(seen, "tls.verified"), Value(false));
    options.verify = true;
  }
}

TEST_F(HttpTlsTest, NothingOfTheRequestIsSentToAnUntrustedServer) {
  std::string received = "not called";
  const Identity identity = authority.self_signed({"127.0.0.1"});
  Stop finished;
  Server server([&](Peer& peer) {
    TlsPeer tls(peer, identity);
    received = tls.read_until("\r\n\r\n");
    finished.raise();
  });
  HttpRequest request;
  request.url = "https://" + server.address() + "/";
  request.headers = {{"Authorization", Secret("Bearer s3cret")}};
  EXPECT_EQ(code(run(request)), "tls.self-signed tls");
  const Stop never;
  ASSERT_TRUE(Context(Deadline::in(5s), never).wait(finished.fd(), POLLIN, "test"));
  ASSERT_TRUE(finished.raised());
  EXPECT_EQ(received, "");
}

TEST_F(HttpTlsTest, AnotherNameIsAskedForAndVerified) {
  const Identity identity = authority.issue({"vault.example"});
  options.ca = authority.ca();
  options.name = "vault.example";
  Server server(secured(identity, ok_reply("x")));
  EXPECT_EQ(code(get_tls(server)), "");
  EXPECT_NE(got.find("Host: " + server.address() + "\r\n"), std::string::npos) << got;
  EXPECT_EQ(at(seen, "peer"), Value(server.address()));
}

TEST_F(HttpTlsTest, ClientCertificates) {
  const Identity identity = authority.issue({"127.0.0.1"});
  const Identity client = authority.issue({"client"});
  options.ca = authority.ca();
  Server server(secured(identity, ok_reply("x"), "", authority.ca()));
  EXPECT_EQ(code(get_tls(server)), "tls.failed tls");
  options.cert = client.cert;
  options.key = client.key;
  EXPECT_EQ(code(get_tls(server)), "");
  options.key = "/nowhere/client.key";
  EXPECT_EQ(code(get_tls(server)), "tls.local setup");
}

TEST_F(HttpTlsTest, TlsOnAPlainPortAndTheReverse) {
  Server plain(replies("HTTP/1.1 400 Bad Request\r\n\r\n"));
  Server greeting([](Peer& peer) {
    peer.write("220 mail.example ESMTP\r\n");
    peer.hold();
  });
  EXPECT_EQ(code(get_tls(greeting)), "tls.not-tls tls");
  Server answering([](Peer& peer) {
    peer.read_some();
    peer.write("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  EXPECT_EQ(code(get_tls(answering)), "tls.not-tls tls");
  const Identity identity = authority.issue({"127.0.0.1"});
  Server secure(secured(identity, ok_reply("x")));
  EXPECT_EQ(code(get("http://" + secure.address() + "/")), "tls.required request");
  Server alert(replies(std::string("\x15\x03\x01\x00\x02\x02\x46", 7)));
  EXPECT_EQ(code(get("http://" + alert.address() + "/")), "tls.required request");
  Server words(replies("HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"));
  EXPECT_EQ(code(get("http://" + words.address() + "/")), "tls.required request");
  EXPECT_EQ(response.status, 400);
}

TEST_F(HttpTlsTest, AClosedOrSilentHandshake) {
  Server closing([](Peer& peer) { peer.read_some(); });
  EXPECT_EQ(code(get_tls(closing)), "connect.reset tls");
  Server silent([](Peer& peer) { peer.hold(); });
  HttpRequest request;
  request.url = "https://" + silent.address() + "/";
  EXPECT_EQ(code(run(request, 1s)), "deadline tls");
  EXPECT_TRUE(at(seen, "phases.tls").is_number());
}

}  // namespace
}  // namespace assay::test

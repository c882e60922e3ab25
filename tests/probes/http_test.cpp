#include <gtest/gtest.h>

#include "probes/probe.h"
#include "tests/support/certs.h"
#include "tests/support/declared.h"
#include "tests/support/descriptors.h"
#include "tests/support/http_server.h"
#include "tests/support/observe.h"

namespace assay::test {
namespace {

std::string url(const Server& server, const std::string& rest = "/") {
  return "url: 'http://" + server.address() + rest + "'";
}

TEST(HttpProbe, ObservesAnAnswer) {
  Server server(http_handler([](const HttpSeen&) {
    return HttpSaid{200, R"({"status":"UP","parts":[1,2]})", "application/health+json; charset=utf-8",
                    "X-Thing: one\r\nx-thing: two\r\nSet-Cookie: session=topsecret; Path=/\r\n"};
  }));
  const Value seen = observe("http", url(server, "/health?token=abc"));
  EXPECT_EQ(code_of(seen), "") << to_json(seen);
  EXPECT_EQ(at(seen, "status"), Value(200));
  EXPECT_EQ(at(seen, "http_version"), Value("1.1"));
  EXPECT_EQ(at(seen, "headers.x-thing"), Value("one, two"));
  EXPECT_EQ(at(seen, "headers.set-cookie"), Value("session=***; Path=/"));
  EXPECT_EQ(at(seen, "json.status"), Value("UP"));
  EXPECT_EQ(at(seen, "bytes"), Value(29));
  EXPECT_EQ(at(seen, "redirects"), Value(0));
  EXPECT_EQ(at(seen, "url"), Value("http://" + server.address() + "/health"));
  EXPECT_EQ(at(seen, "peer"), Value(server.address()));
}

TEST(HttpProbe, EveryObservedFieldIsDeclared) {
  Server server(http_handler([](const HttpSeen&) { return HttpSaid{200, "{}"}; }));
  const Value seen = observe("http", url(server));
  EXPECT_EQ(undeclared(seen, "http"), "");
}

TEST(HttpProbe, SendsBodies) {
  HttpSeen got;
  Server server(http_handler([&](const HttpSeen& request) {
    got = request;
    return HttpSaid{201, ""};
  }));
  observe("http", "{" + url(server) + ", method: POST, body: {user: ann, n: 1}}");
  EXPECT_EQ(got.method, "POST");
  EXPECT_EQ(got.body, R"({"user":"ann","n":1})");
  EXPECT_EQ(got.header("content-type"), "application/json");
  observe("http.send",
          "{" + url(server) + ", method: PUT, body: 'a=b', headers: {Content-Type: text/x-thing, X-Key: k}}");
  EXPECT_EQ(got.method, "PUT");
  EXPECT_EQ(got.body, "a=b");
  EXPECT_EQ(got.header("content-type"), "text/x-thing");
  EXPECT_EQ(got.header("x-key"), "k");
}

TEST(HttpProbe, WhatMayChangeSomethingIsAnotherProbe) {
  EXPECT_THROW(observe("http", "{url: 'http://127.0.0.1/', method: DELETE}"), std::runtime_error);
  for (const Probe& probe : http_probes()) {
    EXPECT_EQ(probe.effect, probe.name == "http.send" ? Effect::writes : Effect::reads);
    EXPECT_FALSE(probe.defaults.empty());
  }
}

TEST(HttpProbe, AnyStatusIsObserved) {
  for (const int status : {301, 404, 500, 503}) {
    Server server(http_handler([=](const HttpSeen&) {
      return HttpSaid{status, "no", "text/plain", "Location: /x\r\n"};
    }));
    const Value seen = observe("http", url(server));
    EXPECT_EQ(code_of(seen), "");
    EXPECT_EQ(at(seen, "status"), Value(status));
    EXPECT_EQ(at(seen, "body"), Value("no"));
    EXPECT_TRUE(at(seen, "json").is_null());
  }
}

TEST(HttpProbe, InvalidJsonWhereJsonWasSaid) {
  Server server(http_handler([](const HttpSeen&) { return HttpSaid{200, R"({"a": )"}; }));
  const Value seen = observe("http", url(server));
  EXPECT_EQ(code_of(seen), "http.body");
  EXPECT_EQ(at(seen, "status"), Value(200));
  EXPECT_EQ(code_of(observe("http", "{" + url(server) + ", json: false}")), "");
  Server html(http_handler([](const HttpSeen&) { return HttpSaid{200, "<html>", "text/html", ""}; }));
  EXPECT_EQ(code_of(observe("http", url(html))), "");
  EXPECT_EQ(code_of(observe("http", "{" + url(html) + ", json: true}")), "http.body");
}

TEST(HttpProbe, DeeplyNestedJsonIsRefused) {
  Server server(http_handler([](const HttpSeen&) { return HttpSaid{200, std::string(100'000, '[')}; }));
  EXPECT_EQ(code_of(observe("http", url(server))), "http.body");
}

TEST(HttpProbe, ControlCharactersAndInvalidUtf8) {
  Server server(http_handler([](const HttpSeen&) {
    return HttpSaid{200, "\x1b[31mred\xff\xfe]]>\x01", "text/plain", "X-Odd: \xff\x1b[0m\r\n"};
  }));
  const Value seen = observe("http", url(server));
  EXPECT_EQ(at(seen, "body"), Value("\x1b[31mred\xef\xbf\xbd\xef\xbf\xbd]]>\x01"));
  EXPECT_EQ(at(seen, "headers.x-odd"), Value("\xef\xbf\xbd\x1b[0m"));
  EXPECT_EQ(at(seen, "bytes"), Value(14));
}

TEST(HttpProbe, ALongBodyIsCutAndMeasured) {
  Server server(http_handler([](const HttpSeen&) {
    return HttpSaid{200, std::string(100'000, 'x'), "text/plain", ""};
  }));
  const Value seen = observe("http", url(server));
  EXPECT_EQ(at(seen, "bytes"), Value(100'000));
  EXPECT_EQ(at(seen, "body.truncated"), Value(true));
  EXPECT_EQ(at(seen, "body.bytes"), Value(100'000));
  EXPECT_EQ(at(seen, "body.head"), Value(std::string(16'384, 'x')));
  const Value small = observe("http", "{" + url(server) + ", max_body: 1000}");
  EXPECT_EQ(code_of(small), "protocol.too-large");
  EXPECT_EQ(at(small, "status"), Value(200));
  EXPECT_EQ(at(small, "body.truncated"), Value(true));
  EXPECT_EQ(at(small, "body.head"), Value(std::string(1000, 'x')));
  EXPECT_TRUE(at(small, "bytes").is_null());
}

TEST(HttpProbe, ABodyThatJustFitsIsWhole) {
  Server server(http_handler([](const HttpSeen&) {
    return HttpSaid{200, std::string(16'384, 'x'), "text/plain", ""};
  }));
  EXPECT_EQ(at(observe("http", url(server)), "body"), Value(std::string(16'384, 'x')));
}

// That is no verdict on the target.
TEST(HttpProbe, WithoutADescriptorForASocketNobodyIsToBlameButUs) {
  {
    Server server(http_handler([](const HttpSeen&) { return HttpSaid{200, "{}"}; }));
    ASSERT_EQ(code_of(observe("http", url(server))), "");  // the engine is up
  }
  const std::string nobody = "url: http://127.0.0.1:" + std::to_string(closed_port());
  const FewDescriptors few(2);  // for the attempt and for the transfer
  const Value seen = observe("http", nobody);
  EXPECT_EQ(code_of(seen), "harness.internal") << to_json(seen);
  EXPECT_EQ(at(seen, "error.message"), Value("socket: Too many open files"));
}

TEST(HttpProbe, AnEncryptedKeyIsNamedAndNotAskedFor) {
  Authority authority;
  const Identity identity = authority.issue({"127.0.0.1"});
  const Identity client = authority.encrypted(authority.issue({"client"}), "a passphrase");
  Server server([&](Peer& peer) { TlsPeer(peer, identity).read_some(); });
  const Value seen =
      observe("http", "{url: 'https://" + server.address() + "/', tls: {ca: '" + authority.ca() +
                          "', cert: '" + client.cert + "', key: '" + client.key + "'}}");
  EXPECT_EQ(code_of(seen), "tls.local");
  EXPECT_NE(at(seen, "error.message").string().find("it is encrypted"), std::string::npos) << to_json(seen);
}

TEST(HttpProbe, HalfAReplyShowsWhatCame) {
  Server server([](Peer& peer) {
    peer.read_until("\r\n\r\n");
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  });
  const Value seen = observe("http", url(server));
  EXPECT_EQ(code_of(seen), "protocol.closed");
  EXPECT_EQ(at(seen, "status"), Value(200));
  EXPECT_EQ(at(seen, "body"), Value("half"));
}

TEST(HttpProbe, RedirectsAreFollowedWhereAsked) {
  Server server(http_handler([](const HttpSeen& request) {
    if (request.target == "/end") return HttpSaid{200, "end", "text/plain", ""};
    return HttpSaid{302, "", "text/plain",
                    "Location: " + std::string(request.target == "/a" ? "/b" : "/end") + "\r\n"};
  }));
  EXPECT_EQ(at(observe("http", url(server, "/a")), "status"), Value(302));
  const Value seen = observe("http", "{" + url(server, "/a") + ", follow: 2}");
  EXPECT_EQ(at(seen, "status"), Value(200));
  EXPECT_EQ(at(seen, "redirects"), Value(2));
  const Value few = observe("http", "{" + url(server, "/a") + ", follow: 1}");
  EXPECT_EQ(code_of(few), "http.redirects");
  EXPECT_EQ(at(few, "status"), Value(302));
}

TEST(HttpProbe, Failures) {
  EXPECT_EQ(code_of(observe("http", "url: http://127.0.0.1:" + std::to_string(closed_port()))),
            "connect.refused");
  EXPECT_EQ(code_of(observe("http", "url: ftp://127.0.0.1/")), "params.invalid");
  EXPECT_EQ(code_of(observe("http", "url: http://user:pass@127.0.0.1/")), "params.invalid");
  EXPECT_EQ(code_of(observe("http", "{url: 'http://127.0.0.1/', follow: 1000}")), "params.invalid");
  EXPECT_EQ(code_of(observe("http", "{url: 'https://127.0.0.1/', tls: {ca: /nowhere/ca.pem}}")), "tls.local");
  EXPECT_EQ(code_of(observe("http", "{url: {env: ASSAY_NOT_SET_ANYWHERE}}")), "secret.unresolved");
  Server silent([](Peer& peer) { peer.hold(); });
  const Value seen = observe("http", url(silent), std::chrono::seconds(1));
  EXPECT_EQ(code_of(seen), "deadline");
  EXPECT_EQ(at(seen, "error.phase"), Value("request"));
}

TEST(HttpProbe, Targets) {
  const Probes probes = http_probes();
  const auto& targets = probes.front().targets;
  EXPECT_EQ(targets(Value::object({{"url", "https://h.example/x"}})),
            std::vector<std::string>{"h.example:443"});
  EXPECT_EQ(targets(Value::object({{"url", "http://[::1]:8080/x"}})), std::vector<std::string>{"[::1]:8080"});
  EXPECT_TRUE(targets(Value::object({{"url", Value::object({{"env", "X"}})}})).empty());
}

}  // namespace
}  // namespace assay::test

// The vantage `forward`, at an API server of this test.
#include "kube/forward.h"

#include <gtest/gtest.h>

#include <csignal>

#include "core/yaml.h"
#include "engine/perform.h"
#include "net/transport.h"
#include "tests/support/kube_server.h"

namespace assay::test {
namespace {

using namespace std::chrono_literals;

class ForwardTest : public testing::Test {
 protected:
  // `port` serves what is connected to a pod's port.
  void serve(KubeServer::Port port) {
    std::signal(SIGPIPE, SIG_IGN);  // as main() does: OpenSSL writes without MSG_NOSIGNAL
    server_ = std::make_unique<KubeServer>(std::move(port));
    forwards_ = std::make_shared<KubeForwards>(
        std::make_shared<Kube>(network_, server_->options(), process_environment()));
  }
  KubeForward route() const { return {forwards_, {"shop", "svc/web", 0}}; }
  Context context(Duration time = 20s) const { return {Deadline::in(time), never_}; }
  // What a connection by this route gives; "" when it is closed without a word.
  std::string hear(Route& route, Duration time = 20s) {
    const auto at = route.resolve("web.shop.test", 80, context(time));
    if (!at) return at.error().code;
    auto near = Transport::connect(network_, {at->front().ip(), at->front().port()}, {}, context(), trace_);
    if (!near) return near.error().code;
    std::array<char, 100> room;
    const auto got = near->read(room, context());
    return got ? std::string(room.data(), *got) : got.error().code;
  }
  // The code of an attempt by this route that came to `code`.
  static std::string settled(Route& route, const std::string& code) {
    Value seen = Value::object();
    Result<void> outcome = fail(code, "request", "as the probe sees it");
    route.settle(seen, outcome);
    return outcome.error().code;
  }

  Network network_;
  Stop never_;
  Value seen_ = Value::object();
  Trace trace_{seen_};
  std::unique_ptr<KubeServer> server_;
  std::shared_ptr<KubeForwards> forwards_;
};

void refuse(Peer& peer, const std::string& /*pod*/) {
  peer.write(port_refused());
  peer.hold();
}

void say_name(Peer& peer, const std::string& pod) {
  peer.write(port_data(pod));
  peer.hold();
}

}  // namespace

// As of Redis, which keeps a part of its time for a second connection.
TEST_F(ForwardTest, AConnectionHasItsOwnTimeAndNotThatOfTheFirst) {
  serve(say_name);
  KubeForward earlier = route();
  ASSERT_TRUE(earlier.resolve("web.shop.test", 80, context()));  // the look-up, which all attempts share
  KubeForward one = route();
  ASSERT_TRUE(one.resolve("web.shop.test", 80, context(0s)));
  EXPECT_EQ(hear(one), "web-1");
}

TEST_F(ForwardTest, WhatTheServiceSaidIsNotReplaced) {
  serve(refuse);
  KubeForward one = route();
  const std::string seen = hear(one);
  EXPECT_TRUE(seen.empty() || seen == "connect.reset") << seen;
  for (const char* code : {"deadline", "protocol.closed", "connect.reset", "connect.failed", "tls.failed"})
    EXPECT_EQ(settled(one, code), "connect.refused") << code;
  for (const char* code : {"auth.denied", "tls.required", "tls.not-tls", "tls.name", "redis.loading",
                           "protocol.invalid", "http.status", "harness.cancelled", "params.invalid"})
    EXPECT_EQ(settled(one, code), code);
}

TEST_F(ForwardTest, APodThatFailedIsLookedForAgain) {
  serve([](Peer& peer, const std::string& pod) { pod == "web-1" ? refuse(peer, pod) : say_name(peer, pod); });
  KubeForward first = route();
  hear(first);
  EXPECT_EQ(settled(first, "protocol.closed"), "connect.refused");
  server_->replace_pod("web-2");
  KubeForward second = route();
  EXPECT_EQ(hear(second), "web-2");
  EXPECT_EQ(settled(second, "auth.denied"), "auth.denied");
  EXPECT_EQ(server_->looked(), 2);
  // It lets connections in and is silent.
  KubeForward third = route();
  EXPECT_EQ(hear(third), "web-2");
  EXPECT_EQ(server_->looked(), 2);
  EXPECT_EQ(settled(third, "deadline"), "deadline");
  server_->replace_pod("web-3");
  KubeForward fourth = route();
  EXPECT_EQ(hear(fourth), "web-3");
}

TEST_F(ForwardTest, WhereNothingListensEveryProbeSaysSo) {
  serve(refuse);
  const Probes probes = all_probes();
  const SecretStore secrets;
  const Redactor redactor("k");
  const LagMonitor lag;
  const std::string run = "abc123";
  for (const auto& [name, with] : std::initializer_list<std::pair<const char*, const char*>>{
           {"http", "url: http://shop.test:80/"},
           {"http", "url: https://shop.test:80/"},
           {"tls", "address: shop.test:80"},
           {"redis.ping", "address: shop.test:80"},
           {"redis.ping", "{address: 'shop.test:80', tls: true}"},
           {"postgres.ready", "{address: 'shop.test:80', tls: false}"},
           {"postgres.ready", "{address: 'shop.test:80', tls: true}"},
           {"grpc.health", "address: shop.test:80"},
           {"vault.health", "url: http://shop.test:80"}}) {
    const auto probe = std::find_if(probes.begin(), probes.end(),
                                    [wanted = name](const Probe& row) { return row.name == wanted; });
    ASSERT_NE(probe, probes.end()) << name;
    const Value params = parse_yaml(with, 0).value();
    KubeForward way = route();
    const AttemptSetting setting{*probe, params, secrets, redactor, network_,
                                 never_, lag,    run,     nullptr,  &way};
    const Value seen = perform(setting, 20s, Deadline(), 1).observation;
    EXPECT_EQ(value_at(seen, {"error"}).get("code"), "connect.refused")
        << name << " " << with << " " << to_json(seen, 1);
  }
}

}  // namespace assay::test

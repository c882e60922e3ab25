// The vantage `forward`: probes that stand here and connect through the API server.
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include "core/yaml.h"
#include "engine/perform.h"
#include "kube/forward.h"
#include "tests/cluster/audit.h"
#include "tests/cluster/pods.h"
#include "tests/cluster/relay.h"
#include "tests/support/certs.h"

namespace assay {
namespace {

using namespace std::chrono_literals;

std::string text_of(const std::string& file) {
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

class ForwardVantageTest : public test::PodTest {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);  // as main() does: OpenSSL writes without MSG_NOSIGNAL
    test::PodTest::SetUp();
    through(options_);
  }
  void through(const KubeOptions& options) {
    kube_ = std::make_shared<Kube>(network_, options, process_environment());
    forwards_ = std::make_shared<KubeForwards>(kube_);
  }
  // A kubeconfig for the API server at another address.
  void through(const KubeAccess& access) {
    KubeOptions options = options_;
    const std::string file = testing::TempDir() + "/forward-" + ns_;
    std::ofstream(file)
        << "apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: [{name: a, context: {cluster: a, "
           "user: a}}]\nclusters: [{name: a, cluster: {server: '"
        << access.server << "', certificate-authority: '" << access.tls.ca << "', tls-server-name: '"
        << access.tls.name << "'}}]\nusers: [{name: a, user: "
        << "{client-certificate: '" << access.tls.cert << "', client-key: '" << access.tls.key << "'}}]\n";
    options.kubeconfig = file;
    through(options);
  }
  // One attempt that goes to `to`.
  Value attempt(const std::string& to, const std::string& name, const std::string& with,
                Duration timeout = 20s) {
    KubeForward route(forwards_, {ns_, to, 0});
    const Value params = parse_yaml(with, 0).value();
    const auto probe =
        std::find_if(probes_.begin(), probes_.end(), [&](const Probe& one) { return one.name == name; });
    const AttemptSetting setting{*probe, params, secrets_, redactor_, network_,
                                 stop_,  lag_,   run_,     nullptr,   &route};
    return perform(setting, timeout, Deadline(), 1).observation;
  }
  // The same until its code is `code`, as what was started may not listen, or may not be known, yet.
  Value becomes(const std::string& code, const std::string& to, const std::string& name,
                const std::string& with) {
    const Deadline end = Deadline::in(60s);
    while (true) {
      Value seen = attempt(to, name, with);
      if (code_of(seen) == code) return seen;
      if (end.passed()) {
        ADD_FAILURE() << "not " << code << ": " << to_json(seen, 1);
        return seen;
      }
      EXPECT_TRUE(context().pause(Deadline::in(50ms), "request"));
    }
  }
  static std::string code_of(const Value& seen) { return value_at(seen, {"error"}).get("code"); }
  static std::string message_of(const Value& seen) { return value_at(seen, {"error"}).get("message"); }

  void make_service(const std::string& ports) {
    const auto service = parse_yaml(
        "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {group: web}, "
        "ports: " +
            ports + "}}",
        0);
    ASSERT_TRUE(client_->create(resource("svc"), ns_, *service, context(), trace_));
  }
  // A pod that takes connections to port 8080 and says nothing but, in its log, that one came.
  void start_silent() {
    start("silent",
          "exec socat -d -d TCP-LISTEN:8080,fork,reuseaddr SYSTEM:'echo came >&2; exec sleep 1000'");
    until_said("listening on", 1);
  }
  // Until its log says this so many times.
  void until_said(std::string_view words, std::size_t count) {
    const Context limit = context(60s);
    while (true) {
      const auto log = client_->logs(ns_, "silent", {}, limit, trace_);
      ASSERT_TRUE(log) << log.error().message;
      std::size_t found = 0;
      for (auto at = log->find(words); at != std::string::npos; at = log->find(words, at + 1)) ++found;
      if (found >= count) return;
      ASSERT_TRUE(limit.pause(Deadline::in(50ms), "request")) << *log;
    }
  }
  static std::string http_server(const std::string& name) {
    return "mkdir /tmp/w; echo " + name + " >/tmp/w/name; exec busybox httpd -f -p 8080 -h /tmp/w";
  }

  const Probes probes_ = all_probes();
  const SecretStore secrets_;
  const Redactor redactor_{"k"};
  Stop stop_;
  const LagMonitor lag_;
  const std::string run_ = "abc123";
  std::shared_ptr<Kube> kube_;
  std::shared_ptr<KubeForwards> forwards_;
};

TEST_F(ForwardVantageTest, AServiceIsReachedByItsOwnPorts) {
  start("web-1", http_server("one"), false, "web");
  make_service(
      "[{name: a, port: 80, targetPort: web}, {name: b, port: 81, targetPort: 8080}, {name: c, port: 82}]");
  Value seen = becomes("", "svc/web", "http", "url: http://web.shop.test/name");
  EXPECT_EQ(seen.get("body"), "one\n");
  // The pod stands where the port of loopback would.
  EXPECT_EQ(seen.get("peer"), ns_ + "/web-1:8080");
  EXPECT_EQ(seen.find("addresses"), nullptr);
  EXPECT_EQ(attempt("svc/web", "http", "url: http://web.shop.test:81/name").get("body"), "one\n");
  EXPECT_EQ(attempt("pod/web-1", "http", "url: http://127.0.0.1:8080/name").get("body"), "one\n");
  seen = attempt("svc/web", "http", "url: http://web.shop.test:82/name");
  EXPECT_EQ(code_of(seen), "connect.refused") << to_json(seen, 1);
  seen = attempt("svc/web", "http", "url: http://web.shop.test:83/name");
  EXPECT_EQ(code_of(seen), "vantage.failed");
  EXPECT_NE(message_of(seen).find("svc/web has no port 83; it has 80, 81, 82"), std::string::npos)
      << message_of(seen);
}

TEST_F(ForwardVantageTest, TlsIsVerifiedByTheOriginalName) {
  test::Authority authority;
  const test::Identity identity = authority.issue({"db.shop.test"});
  start("secure",
        "cat >/tmp/pem <<E\n" + text_of(identity.cert) + text_of(identity.key) +
            "E\ncat >/tmp/answer <<'E'\nwhile read -r line && [ ${#line} -gt 1 ]; do :; done\n"
            "printf 'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok'\nE\n"
            "exec socat OPENSSL-LISTEN:8443,fork,reuseaddr,cert=/tmp/pem,verify=0 EXEC:'sh /tmp/answer'");
  const std::string ca = "ca: " + authority.ca();
  Value seen = becomes("", "pod/secure", "tls", "{address: 'db.shop.test:8443', " + ca + "}");
  EXPECT_TRUE(value_at(seen, {"tls"}).get_bool("verified")) << to_json(seen, 1);
  seen = attempt("pod/secure", "tls", "{address: 'other.shop.test:8443', " + ca + "}");
  EXPECT_EQ(code_of(seen), "tls.name") << to_json(seen, 1);
  seen = attempt("pod/secure", "http", "{url: 'https://db.shop.test:8443/', tls: {" + ca + "}}");
  EXPECT_EQ(seen.get("body"), "ok") << to_json(seen, 1);
  seen = attempt("pod/secure", "http", "{url: 'https://other.shop.test:8443/', tls: {" + ca + "}}");
  EXPECT_EQ(code_of(seen), "tls.name") << to_json(seen, 1);
}

TEST_F(ForwardVantageTest, WhatTheTargetDoesIsNoFaultOfTheForward) {
  start("web-1", http_server("one"), false, "web");
  for (const auto& [probe, with] : std::initializer_list<std::pair<const char*, const char*>>{
           {"http", "url: http://shop.test:9/"},
           {"tls", "address: shop.test:9"},
           {"redis.ping", "address: shop.test:9"},
           {"postgres.ready", "{address: 'shop.test:9', tls: false}"},
           {"postgres.ready", "{address: 'shop.test:9', tls: true}"},
           {"grpc.health", "address: shop.test:9"}}) {
    const Value seen = attempt("pod/web-1", probe, with);
    EXPECT_EQ(code_of(seen), "connect.refused") << probe << to_json(seen, 1);
    EXPECT_NE(message_of(seen).find("pod " + ns_ + "/web-1, port 9"), std::string::npos) << message_of(seen);
  }
}

TEST_F(ForwardVantageTest, AForwardThatDoesNotComeAboutIsNoVerdict) {
  for (const char* nowhere : {"pod/none", "deploy/none", "svc/none", "moon/none"}) {
    const Value seen = attempt(nowhere, "http", "url: http://shop.test/");
    EXPECT_EQ(code_of(seen), "vantage.failed") << nowhere << to_json(seen, 1);
    EXPECT_NE(message_of(seen).find("none"), std::string::npos) << message_of(seen);
  }
  start("web-1", http_server("one"));
  KubeOptions nobody = options_;
  nobody.as = "nobody-at-all";
  through(nobody);
  Value seen = attempt("pod/web-1", "http", "url: http://shop.test:8080/name");
  EXPECT_EQ(code_of(seen), "vantage.failed");
  EXPECT_NE(message_of(seen).find("pods/portforward"), std::string::npos) << message_of(seen);
  // An API server that says nothing costs the attempt its time, and no more.
  test::Server silent([](test::Peer& peer) { peer.hold(); });
  KubeAccess access = client_->access();
  access.server = "http://" + silent.address();
  through(access);
  seen = attempt("pod/web-1", "http", "url: http://shop.test:8080/name", 1s);
  EXPECT_EQ(code_of(seen), "vantage.failed") << to_json(seen, 1);
}

TEST_F(ForwardVantageTest, APodThatDiesIsFollowedByAnother) {
  start("web-1", http_server("one"), false, "web");
  start("web-2", http_server("two"), false, "web");
  make_service("[{port: 80, targetPort: 8080}]");
  const std::string url = "url: http://web.shop.test/name";
  ASSERT_EQ(becomes("", "svc/web", "http", url).get("body"), "one\n");
  ASSERT_TRUE(client_->remove(resource("pods"), ns_, "web-1", "", context(), trace_));
  const Context limit = context(60s);
  while (client_->get(resource("pods"), ns_, "web-1", limit, trace_))
    ASSERT_TRUE(limit.pause(Deadline::in(50ms), "request"));
  // Looked up before, and found anew within the attempt.
  const Value seen = attempt("svc/web", "http", url);
  EXPECT_EQ(seen.get("body"), "two\n") << to_json(seen, 1);
  EXPECT_EQ(seen.get("peer"), ns_ + "/web-2:8080");
  ASSERT_TRUE(client_->remove(resource("pods"), ns_, "web-2", "", context(), trace_));
  becomes("vantage.failed", "svc/web", "http", url);
}

TEST_F(ForwardVantageTest, AConnectionIsCutWithItsPodOrItsApiServer) {
  start_silent();
  const auto relay = std::make_unique<test::Relay>(client_->access());
  through(relay->access());
  std::size_t connections = 0;
  for (const bool pod : {false, true}) {
    std::optional<Value> seen;
    std::thread other([&] { seen = attempt("pod/silent", "http", "url: http://shop.test:8080/", 60s); });
    until_said("came\n", ++connections);
    if (pod) {
      EXPECT_TRUE(client_->remove(resource("pods"), ns_, "silent", "", context(), trace_));
    } else {
      relay->cut();
    }
    other.join();
    const std::string code = code_of(*seen);
    if (pod) {
      EXPECT_TRUE(code.starts_with("connect.") || code == "protocol.closed" || code == "vantage.failed")
          << to_json(*seen, 1);
    } else {
      EXPECT_EQ(code, "vantage.failed") << to_json(*seen, 1);
    }
  }
}

TEST_F(ForwardVantageTest, ManyAttemptsShareOneLookUp) {
  start("web-1", http_server("one"), false, "web");
  make_service("[{port: 80, targetPort: 8080}]");
  becomes("", "pod/web-1", "http", "url: http://web.shop.test:8080/name");
  const test::Audit audit;
  std::atomic<int> good = 0;
  std::vector<std::thread> crew;
  for (int i = 0; i < 20; ++i)
    crew.emplace_back([&] {
      good += attempt("svc/web", "http", "url: http://web.shop.test/name").get("body") == "one\n" ? 1 : 0;
    });
  for (std::thread& one : crew) one.join();
  EXPECT_EQ(good, 20);
  EXPECT_EQ(audit.requests("list", "/namespaces/" + ns_ + "/pods"), 1);
}

TEST_F(ForwardVantageTest, EndsWithTheRun) {
  start_silent();
  std::optional<Value> seen;
  std::thread other([&] { seen = attempt("pod/silent", "http", "url: http://shop.test:8080/", 60s); });
  until_said("came\n", 1);
  stop_.raise();
  other.join();
  EXPECT_EQ(code_of(*seen), "harness.cancelled") << to_json(*seen, 1);
}

TEST_F(ForwardVantageTest, MuchGoesBothWays) {
  start("server",
        "cat >/tmp/answer <<'E'\nwhile read -r line && [ ${#line} -gt 1 ]; do :; done\n"
        "n=$(head -c 3000000 | wc -c)\nprintf 'HTTP/1.1 200 OK\\r\\nContent-Length: 5000000\\r\\nX-Got: "
        "%d\\r\\n\\r\\n' $n\n"
        "head -c 5000000 /dev/zero\nE\n"
        "cat >/tmp/elsewhere <<'E'\nprintf 'HTTP/1.1 302 Found\\r\\nLocation: "
        "http://elsewhere.test/\\r\\n\\r\\n'\nE\n"
        "socat TCP-LISTEN:81,fork,reuseaddr EXEC:'sh /tmp/elsewhere' &\n"
        "exec socat TCP-LISTEN:8080,fork,reuseaddr EXEC:'sh /tmp/answer'");
  becomes("", "pod/server", "http", "url: http://shop.test:81/");
  const std::string with = "{url: 'http://shop.test:8080/', method: POST, max_body: 6000000, body: '" +
                           std::string(3000000, 'x') + "'}";
  const Value seen = becomes("", "pod/server", "http.send", with);
  EXPECT_EQ(seen.get_int("bytes"), 5000000);
  EXPECT_EQ(value_at(seen, {"headers"}).get("x-got"), "3000000") << to_json(value_at(seen, {"headers"}));
  // A forward leads to one address.
  const Value away = attempt("pod/server", "http", "{url: 'http://shop.test:81/', follow: 3}");
  EXPECT_EQ(code_of(away), "vantage.failed") << to_json(away, 1);
  EXPECT_NE(message_of(away).find("elsewhere.test:80"), std::string::npos) << message_of(away);
}

}  // namespace
}  // namespace assay

// What no real server here can be brought to do: documented servers, hostile ones, and what is sent.
#include <gtest/gtest.h>

#include "probes/probe.h"
#include "tests/documented/grafana.h"
#include "tests/documented/qdrant.h"
#include "tests/documented/vault_health.h"
#include "tests/support/declared.h"
#include "tests/support/http_server.h"
#include "tests/support/observe.h"

namespace assay::test {
namespace {

// Observes, and asserts that the observation keeps to the probe's table.
Value observe_declared(std::string_view probe, const std::string& with) {
  Value seen = observe(probe, with);
  EXPECT_EQ(undeclared(seen, probe), "") << probe << " " << to_json(seen);
  return seen;
}

std::string url(const Server& server) { return "url: 'http://" + server.address() + "'"; }

std::function<void(Peer&)> always(int status, std::string body) {
  return http_handler([=](const HttpSeen&) { return HttpSaid{status, body}; });
}

TEST(VaultHealth, EveryDocumentedStatusHasAName) {
  struct Case {
    int status;
    std::string state;
    std::string code;
    std::string code_standby_ok;
  };
  const std::vector<Case> cases = {{200, "active", "", ""},
                                   {429, "standby", "vault.standby", ""},
                                   {472, "dr-secondary", "vault.standby", "vault.standby"},
                                   {473, "performance-standby", "vault.standby", ""},
                                   {501, "uninitialized", "vault.not-initialized", "vault.not-initialized"},
                                   {503, "sealed", "vault.sealed", "vault.sealed"}};
  for (const Case& one : cases) {
    Server server(http_handler(
        [&](const HttpSeen& request) { return DocumentedVaultHealth{one.status}.answer(request); }));
    const Value seen = observe_declared("vault.health", url(server));
    EXPECT_EQ(code_of(seen), one.code) << one.status;
    EXPECT_EQ(at(seen, "state"), Value(one.state));
    EXPECT_EQ(at(seen, "status"), Value(one.status));
    EXPECT_EQ(at(seen, "sealed"), Value(one.status == 501 || one.status == 503));
    EXPECT_EQ(at(seen, "performance_standby"), Value(one.status == 473));
    EXPECT_EQ(code_of(observe_declared("vault.health", "{" + url(server) + ", standby_ok: true}")),
              one.code_standby_ok)
        << one.status;
  }
}

TEST(VaultHealth, AnotherServerIsNotVault) {
  Server page(always(200, "<html>welcome</html>"));
  EXPECT_EQ(code_of(observe_declared("vault.health", url(page))), "http.body");
  Server json(always(200, R"({"status":"ok"})"));
  EXPECT_EQ(code_of(observe_declared("vault.health", url(json))), "http.body");
  Server missing(always(404, "nope"));
  EXPECT_EQ(code_of(observe_declared("vault.health", url(missing))), "http.status");
  Server broken(always(500, R"({"errors":["no leader"]})"));
  const Value seen = observe_declared("vault.health", url(broken));
  EXPECT_EQ(code_of(seen), "vault.error");
  EXPECT_EQ(at(seen, "message"), Value("no leader"));
  Server odd(always(200, R"({"initialized":"yes","sealed":false})"));
  EXPECT_EQ(code_of(observe_declared("vault.health", url(odd))), "protocol.invalid");
}

TEST(Vault, SendsTokenAndNamespace) {
  HttpSeen got;
  Server server(http_handler([&](const HttpSeen& request) {
    got = request;
    return HttpSaid{200, R"({"data":{"ttl":60,"policies":["app"],"renewable":true,"period":null}})"};
  }));
  const Value seen = observe_declared(
      "vault.token", "{" + url(server) + ", token: s.abcdef, namespace: team/a, headers: {X-More: m}}");
  EXPECT_EQ(code_of(seen), "");
  EXPECT_EQ(got.target, "/v1/auth/token/lookup-self");
  EXPECT_EQ(got.header("X-Vault-Token"), "s.abcdef");
  EXPECT_EQ(got.header("X-Vault-Namespace"), "team/a");
  EXPECT_EQ(got.header("X-More"), "m");
  EXPECT_EQ(at(seen, "ttl"), Value(60));
  EXPECT_EQ(seen.find("period"), nullptr);
}

TEST(Vault, ABaseWithAPathAndASlash) {
  HttpSeen got;
  Server server(http_handler([&](const HttpSeen& request) {
    got = request;
    return HttpSaid{200, R"({"data":{"keys":["a"]}})"};
  }));
  observe_declared("vault.read", "{url: 'http://" + server.address() +
                                     "/proxy/vault/', path: /auth/a b/role/, list: true}");
  EXPECT_EQ(got.target, "/proxy/vault/v1/auth/a%20b/role?list=true");
  EXPECT_EQ(code_of(observe_declared("vault.read", "{url: 'http://" + server.address() + "/?a=b', path: x}")),
            "params.invalid");
}

TEST(Vault, NamedStatuses) {
  const std::vector<std::pair<int, std::string>> cases = {{307, "vault.standby"}, {403, "vault.permission"},
                                                          {404, "vault.no-path"}, {500, "vault.error"},
                                                          {502, "vault.error"},   {503, "vault.sealed"}};
  for (const auto& [status, code] : cases) {
    Server server(http_handler([status = status](const HttpSeen&) {
      return HttpSaid{status, R"({"errors":["said so"]})", "application/json",
                      "Location: http://127.0.0.1:1/\r\n"};
    }));
    const Value seen = observe_declared("vault.token", "{" + url(server) + ", token: t}");
    EXPECT_EQ(code_of(seen), code) << status;
    EXPECT_NE(at(seen, "error.message").string().find("said so"), std::string::npos);
  }
}

TEST(Vault, AFullTokenIsNeverShown) {
  Server server(http_handler([](const HttpSeen& request) {
    if (request.target.ends_with("/login")) {
      return HttpSaid{
          200,
          R"({"auth":{"client_token":"hvs.topsecret","accessor":"acc","lease_duration":3600,"policies":["app"]}})"};
    }
    return HttpSaid{400, R"({"errors":["batch tokens cannot be revoked"]})"};
  }));
  const Value seen = observe_declared("vault.login", "{" + url(server) + ", role_id: r, secret_id: s}");
  EXPECT_EQ(code_of(seen), "") << to_json(seen);
  EXPECT_EQ(at(seen, "ttl"), Value(3600));
  EXPECT_EQ(at(seen, "revoked"), Value(false));
  EXPECT_EQ(at(seen, "status"), Value(200));
  EXPECT_EQ(to_json(seen).find("topsecret"), std::string::npos);
  EXPECT_TRUE(at(seen, "phases.auth").is_number());
}

TEST(Vault, LoginRevokesWhatItMade) {
  std::vector<HttpSeen> got;
  Server server(http_handler([&](const HttpSeen& request) {
    got.push_back(request);
    return request.target.ends_with("/login")
               ? HttpSaid{200, R"({"auth":{"client_token":"hvs.made","lease_duration":60}})"}
               : HttpSaid{204, ""};
  }));
  const Value seen = observe_declared(
      "vault.login",
      "{" + url(server) + ", method: kubernetes, mount: k8s/prod, role: app, jwt: e.y.J, token: old}");
  EXPECT_EQ(code_of(seen), "");
  ASSERT_EQ(got.size(), 2U);
  EXPECT_EQ(got[0].target, "/v1/auth/k8s/prod/login");
  EXPECT_EQ(got[0].body, R"({"role":"app","jwt":"e.y.J"})");
  EXPECT_EQ(got[0].header("X-Vault-Token"), "");
  EXPECT_EQ(got[1].target, "/v1/auth/token/revoke-self");
  EXPECT_EQ(got[1].header("X-Vault-Token"), "hvs.made");
  EXPECT_EQ(at(seen, "revoked"), Value(true));
}

TEST(Vault, LoginNeedsItsParameters) {
  Server server(always(200, "{}"));
  EXPECT_EQ(code_of(observe_declared("vault.login", url(server))), "params.invalid");
  EXPECT_EQ(code_of(observe_declared("vault.login", "{" + url(server) + ", method: token}")),
            "params.invalid");
  EXPECT_EQ(code_of(observe_declared("vault.login", "{" + url(server) + ", method: kubernetes}")),
            "params.invalid");
  EXPECT_EQ(code_of(observe_declared("vault.login", "{" + url(server) + ", method: kubernetes, role: app}")),
            "secret.unresolved");
  EXPECT_EQ(server.accepted(), 0);
  EXPECT_THROW(observe_declared("vault.login", "{" + url(server) + ", method: ldap}"), std::runtime_error);
  EXPECT_EQ(code_of(observe_declared("vault.login", "{" + url(server) + ", role_id: r}")),
            "protocol.invalid");
}

TEST(Vault, ASecretIsNotRead) {
  Server server(always(
      200,
      R"({"data":{"data":{"password":"hunter2-hunter2"},"metadata":{"created_time":"2026-01-01T00:00:00Z","version":3}}})"));
  const Value kv = observe_declared("vault.kv", "{" + url(server) + ", path: app}");
  EXPECT_EQ(to_json(kv).find("hunter2"), std::string::npos);
  const Value read = observe_declared("vault.read", "{" + url(server) + ", path: secret/data/app}");
  EXPECT_EQ(to_json(read).find("hunter2"), std::string::npos);
  EXPECT_EQ(at(read, "keys"), Value(Value::Array{"password"}));
}

namespace {

// A Vault that says of every path that it belongs to a mount of this type ("": says nothing), and answers
// what is read there with `body`.
Value read_in_mount(const std::string& type, const std::string& path, const std::string& body) {
  Server server(http_handler([&](const HttpSeen& request) {
    if (!request.target.starts_with("/v1/sys/internal/ui/mounts/")) return HttpSaid{200, body};
    EXPECT_EQ(request.target, "/v1/sys/internal/ui/mounts/" + path);
    if (type.empty()) return HttpSaid{403, R"({"errors":["preflight capability check returned 403"]})"};
    return HttpSaid{200, R"({"data":{"type":")" + type + R"(","path":"x/","options":null}})"};
  }));
  return observe_declared("vault.read", "{" + url(server) + ", path: " + path + "}");
}

}  // namespace

TEST(Vault, WhatCanBeASecretIsWithheld) {
  const std::string secret = R"({"lease_id":"","data":{"user":"app","note":"hunter2-hunter2"}})";
  for (const std::string type : {"kv", "generic", "cubbyhole", ""}) {
    const Value seen = read_in_mount(type, "legacy/app", secret);
    EXPECT_EQ(code_of(seen), "") << to_json(seen);
    EXPECT_EQ(at(seen, "status"), Value(200));
    EXPECT_EQ(at(seen, "keys"), Value(Value::Array{"user", "note"}));
    EXPECT_EQ(at(seen, "data.truncated"), Value(true)) << type;
    EXPECT_EQ(to_json(seen).find("hunter2"), std::string::npos) << type;
  }
  const Value lease =
      read_in_mount("database", "database/creds/app",
                    R"({"lease_id":"database/creds/app/1","data":{"note":"hunter2-hunter2"}})");
  EXPECT_EQ(to_json(lease).find("hunter2"), std::string::npos);
  const Value exported = read_in_mount("transit", "transit/export/encryption-key/app",
                                       R"({"data":{"name":"app","keys":{"1":"hunter2-hunter2"}}})");
  EXPECT_EQ(to_json(exported).find("hunter2"), std::string::npos);
}

TEST(Vault, WhatIsNoSecretIsShown) {
  const Value role = read_in_mount("approle", "auth/approle/role/app",
                                   R"({"lease_id":"","data":{"token_ttl":3600,"token_policies":["app"]}})");
  EXPECT_EQ(at(role, "mount_type"), Value("approle"));
  EXPECT_EQ(at(role, "data.token_ttl"), Value(3600));
  EXPECT_EQ(at(role, "data.token_policies"), Value(Value::Array{"app"}));
  const Value account = read_in_mount("ldap", "ldap/static-cred/app",
                                      R"({"data":{"username":"app","password":"hunter2-hunter2"}})");
  EXPECT_EQ(at(account, "data.username"), Value("app"));
  EXPECT_EQ(at(account, "data.password.truncated"), Value(true));
  EXPECT_EQ(to_json(account).find("hunter2"), std::string::npos);
}

TEST(Vault, NamesAreListedInEveryMount) {
  Server server(http_handler([](const HttpSeen& request) {
    return request.target.starts_with("/v1/sys/internal/")
               ? HttpSaid{200, R"({"data":{"type":"kv","options":{"version":"2"}}})"}
               : HttpSaid{200, R"({"data":{"keys":["app","app/"]}})"};
  }));
  const Value seen =
      observe_declared("vault.read", "{" + url(server) + ", path: secret/metadata, list: true}");
  EXPECT_EQ(at(seen, "data.keys"), Value(Value::Array{"app", "app/"}));
}

TEST(Services, ALongExplanationIsCutAndSaysSo) {
  Server server(always(400, R"({"errors":[")" + std::string(20'000, 'w') + R"("]})"));
  const Value seen = observe_declared("vault.token", "{" + url(server) + ", token: t}");
  EXPECT_EQ(at(seen, "message.truncated"), Value(true));
  EXPECT_EQ(at(seen, "message.bytes"), Value(20'000));
  EXPECT_LT(at(seen, "error.message").string().size(), 400U);
  Server shorter(always(400, R"({"errors":[")" + std::string(1000, 'w') + R"("]})"));
  EXPECT_EQ(at(observe_declared("vault.token", "{" + url(shorter) + ", token: t}"), "message"),
            Value(std::string(1000, 'w')));
}

TEST(Prometheus, RulesThatAreNotThereAreNotRight) {
  Server server(always(200, R"({"status":"success","data":{"groups":[]}})"));
  const Value seen = observe_declared("prometheus.rules", url(server));
  EXPECT_EQ(code_of(seen), "");
  EXPECT_EQ(at(seen, "rules"), Value(0));
  for (const Probe& probe : all_probes()) {
    if (probe.name != "prometheus.rules") continue;
    const bool asks = std::any_of(probe.defaults.begin(), probe.defaults.end(), [](const auto& one) {
      return one.path == "rules" && one.matcher == Value::object({{"ge", 1}});
    });
    EXPECT_TRUE(asks);
  }
}

TEST(Opa, HealthAndDecisions) {
  HttpSeen got;
  Server server(http_handler([&](const HttpSeen& request) {
    got = request;
    if (request.target.starts_with("/health"))
      return HttpSaid{500, R"({"error":"not all configured bundles have been activated"})"};
    return HttpSaid{200, R"({"result":{"allow":true,"roles":["a"]}})"};
  }));
  const Value health = observe_declared("opa.health", "{" + url(server) + ", bundles: true, token: t}");
  EXPECT_EQ(got.target, "/health?bundles=true");
  EXPECT_EQ(got.header("Authorization"), "Bearer t");
  EXPECT_EQ(code_of(health), "http.status");
  EXPECT_EQ(at(health, "message"), Value("not all configured bundles have been activated"));
  const Value decision = observe_declared(
      "opa.decision", "{url: 'http://" + server.address() + "/v1/data', path: a/b, input: {n: 1}}");
  EXPECT_EQ(got.target, "/v1/data/a/b");
  EXPECT_EQ(got.body, R"({"input":{"n":1}})");
  EXPECT_EQ(at(decision, "result.allow"), Value(true));
}

TEST(OpenFga, SendsTheQuestionAndReadsProto3Defaults) {
  HttpSeen got;
  Server server(http_handler([&](const HttpSeen& request) {
    got = request;
    return HttpSaid{200, "{}"};
  }));
  const Value seen = observe_declared(
      "openfga.check",
      "{" + url(server) +
          ", store: S, model: M, user: 'user:a', relation: r, object: 'doc:1', context: {hour: 1}}");
  EXPECT_EQ(got.target, "/stores/S/check");
  EXPECT_EQ(
      got.body,
      R"({"authorization_model_id":"M","tuple_key":{"user":"user:a","relation":"r","object":"doc:1"},"context":{"hour":1}})");
  EXPECT_EQ(at(seen, "allowed"), Value(false));
  EXPECT_EQ(code_of(seen), "");
}

TEST(Services, CredentialsThatAreMissingOrWrong) {
  Server server(always(401, R"({"message":"bearer token missing"})"));
  const std::string question = ", store: S, user: 'user:a', relation: r, object: 'doc:1'";
  EXPECT_EQ(code_of(observe_declared("openfga.check", "{" + url(server) + question + "}")), "auth.required");
  EXPECT_EQ(code_of(observe_declared("openfga.check", "{" + url(server) + question + ", token: wrong}")),
            "auth.denied");
  EXPECT_EQ(code_of(observe_declared("prometheus.alerts", url(server))), "auth.required");
}

TEST(Prometheus, CountsTargetsRulesAndAlerts) {
  Server server(http_handler([](const HttpSeen& request) {
    if (request.target.starts_with("/api/v1/targets")) {
      return HttpSaid{200, R"({"status":"success","data":{"activeTargets":[
        {"labels":{"job":"a","instance":"h:1"},"health":"up","lastError":""},
        {"labels":{"job":"b","instance":"h:2"},"health":"down","lastError":"connection refused"},
        {"labels":{"job":"b","instance":"h:3"},"health":"down","lastError":"timeout"},
        {"labels":{"job":"c","instance":"h:4"},"health":"unknown","lastError":""}]}})"};
    }
    if (request.target == "/api/v1/rules") {
      return HttpSaid{200,
                      R"({"data":{"groups":[{"name":"g","rules":[{"type":"alerting","name":"A","health":"ok"},
        {"type":"recording","name":"r","health":"err","lastError":"many-to-many"}]}]}})"};
    }
    return HttpSaid{
        200,
        R"({"data":{"alerts":[{"state":"firing","labels":{"alertname":"Down","job":"b"},"activeAt":"2026-01-01T00:00:00Z"},
      {"state":"firing","labels":{"alertname":"Down","job":"c"}},{"state":"pending","labels":{"alertname":"Slow"}}]}})"};
  }));
  const Value targets = observe_declared("prometheus.targets", url(server));
  EXPECT_EQ(at(targets, "up"), Value(1));
  EXPECT_EQ(at(targets, "down"), Value(2));
  EXPECT_EQ(at(targets, "unknown"), Value(1));
  EXPECT_EQ(at(targets, "down_jobs"), Value(Value::Array{"b"}));
  EXPECT_EQ(at(targets, "down_targets").items()[0].get("error"), "connection refused");
  EXPECT_EQ(at(observe_declared("prometheus.targets", "{" + url(server) + ", job: a}"), "down"), Value(0));
  const Value rules = observe_declared("prometheus.rules", url(server));
  EXPECT_EQ(at(rules, "groups"), Value(1));
  EXPECT_EQ(at(rules, "alerting"), Value(1));
  EXPECT_EQ(at(rules, "recording"), Value(1));
  EXPECT_EQ(at(rules, "unhealthy"), Value(1));
  EXPECT_EQ(at(rules, "unhealthy_rules").items()[0].get("name"), "r");
  const Value alerts = observe_declared("prometheus.alerts", url(server));
  EXPECT_EQ(at(alerts, "firing"), Value(2));
  EXPECT_EQ(at(alerts, "pending"), Value(1));
  EXPECT_EQ(at(alerts, "names"), Value(Value::Array{"Down"}));
}

TEST(Prometheus, ValuesThatJsonLacksStayTexts) {
  Server server(always(
      200,
      R"({"data":{"resultType":"vector","result":[{"metric":{},"value":[1,"+Inf"]},{"metric":{"a":"b"},"value":[1,"2.5"]}]}})"));
  const Value seen = observe_declared("prometheus.query", "{" + url(server) + ", query: x}");
  EXPECT_EQ(at(seen, "value"), Value("+Inf"));
  EXPECT_EQ(at(seen, "values").items()[1].get_number("value"), 2.5);
  EXPECT_EQ(at(seen, "count"), Value(2));
  Server empty(always(200, R"({"data":{"resultType":"vector","result":[]}})"));
  EXPECT_EQ(at(observe_declared("prometheus.query", "{" + url(empty) + ", query: x}"), "count"), Value(0));
}

TEST(Prometheus, AnswersOfAnotherShapeAreInvalid) {
  for (const char* body :
       {"{}", "[]", "null", R"({"data":[]})", R"({"data":{"activeTargets":1,"groups":"x","alerts":{}}})"}) {
    Server server(always(200, body));
    for (const char* probe : {"prometheus.targets", "prometheus.rules", "prometheus.alerts"}) {
      EXPECT_EQ(code_of(observe_declared(probe, url(server))), "protocol.invalid") << probe << body;
    }
    EXPECT_EQ(code_of(observe_declared("prometheus.query", "{" + url(server) + ", query: x}")),
              "protocol.invalid")
        << body;
  }
  Server html(always(200, "<html>"));
  EXPECT_EQ(code_of(observe_declared("prometheus.targets", url(html))), "http.body");
}

TEST(Prometheus, NotReady) {
  Server server(always(503, "Service Unavailable"));
  const Value seen = observe_declared("prometheus.ready", url(server));
  EXPECT_EQ(code_of(seen), "http.status");
  EXPECT_EQ(at(seen, "message"), Value("Service Unavailable"));
}

TEST(Grafana, AsDocumented) {
  DocumentedGrafana grafana;
  Server server(http_handler([&](const HttpSeen& request) { return grafana.answer(request); }));
  const Value good = observe_declared("grafana.health", url(server));
  EXPECT_EQ(code_of(good), "");
  EXPECT_EQ(at(good, "database"), Value("ok"));
  EXPECT_EQ(at(good, "version"), Value("10.2.3"));
  grafana.database = false;
  const Value bad = observe_declared("grafana.health", url(server));
  EXPECT_EQ(code_of(bad), "http.status");
  EXPECT_EQ(at(bad, "database"), Value("failing"));
}

TEST(Qdrant, AsDocumented) {
  DocumentedQdrant qdrant;
  Server server(http_handler([&](const HttpSeen& request) { return qdrant.answer(request); }));
  EXPECT_EQ(at(observe_declared("qdrant.ready", url(server)), "ready"), Value(true));
  qdrant.ready = false;
  EXPECT_EQ(code_of(observe_declared("qdrant.ready", url(server))), "http.status");
  qdrant.collections = {{"a", "green"}, {"b", "yellow"}};
  const Value seen = observe_declared("qdrant.collections", url(server));
  EXPECT_EQ(code_of(seen), "") << to_json(seen);
  EXPECT_EQ(at(seen, "count"), Value(2));
  EXPECT_EQ(at(seen, "names"), Value(Value::Array{"a", "b"}));
  EXPECT_EQ(at(seen, "not_green"), Value(Value::Array{"b"}));
  EXPECT_EQ(at(seen, "collections").items()[0].get_int("points"), 10);
  qdrant.api_key = "k";
  EXPECT_EQ(code_of(observe_declared("qdrant.collections", url(server))), "auth.required");
  EXPECT_EQ(code_of(observe_declared("qdrant.collections", "{" + url(server) + ", token: k}")), "");
}

TEST(Services, ARowIsComplete) {
  for (const Probe& probe : service_probes()) {
    EXPECT_FALSE(probe.defaults.empty()) << probe.name;
    EXPECT_FALSE(probe.example.empty()) << probe.name;
    EXPECT_FALSE(probe.summary.empty()) << probe.name;
    EXPECT_EQ(probe.effect, probe.name == "vault.login" ? Effect::writes : Effect::reads) << probe.name;
    for (const DefaultExpectation& expectation : probe.defaults) {
      bool declared = false;
      for (const Field& field : probe.observes) declared |= field.name == expectation.path;
      EXPECT_TRUE(declared) << probe.name << " " << expectation.path;
    }
  }
}

TEST(Services, ControlCharactersInAMessage) {
  Server server(always(500, "{\"errors\":[\"bad\\u001b[31m\\nthing \xff\"]}"));
  const Value seen = observe_declared("vault.token", "{" + url(server) + ", token: t}");
  EXPECT_EQ(code_of(seen), "vault.error");
  EXPECT_EQ(at(seen, "error.message").string().find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace assay::test

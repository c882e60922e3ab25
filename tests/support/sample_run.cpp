#include "tests/support/sample_run.h"

#include "engine/plan.h"
#include "journal/journal.h"

namespace assay::test {
namespace {

// Puts records together as a run would, each a millisecond after the one before it unless told otherwise.
class Script {
 public:
  explicit Script(const Plan& plan, const Value& command) {
    add(kind::header, Value::object({{"format", "assay-journal"},
                                     {"version", 1},
                                     {"assay", "0.1.0"},
                                     {"run", "20260131T081500Z-4f1c"},
                                     {"seed", "1234567890123456789"},
                                     {"started", "2026-01-31T08:15:00Z"},
                                     {"command", command}}));
    add(kind::plan, to_value(plan));
  }

  void at(double seconds) { t_ = static_cast<std::int64_t>(seconds * 1e9); }

  void attempt(const std::string& check, int number, double took, Value observation, bool retry = false) {
    Value body = Value::object(
        {{"check", check}, {"attempt", number}, {"took", took}, {"queued", 0.0001}, {"lag", 0.0}});
    if (retry) body["retry"] = true;
    body["observation"] = std::move(observation);
    add(kind::attempt, std::move(body));
  }

  void decide(const std::string& check, const std::string& decision, const std::string& reason = {},
              const std::string& code = {}) {
    add(kind::decision,
        Value::object({{"check", check}, {"decision", decision}, {"reason", reason}, {"code", code}}));
  }

  void end(Value body = Value::object()) { add(kind::end, std::move(body)); }

  std::vector<Record> records;

 private:
  void add(std::string_view kind_name, Value body) {
    records.push_back({records.size() + 1, t_, std::string(kind_name), std::move(body)});
    t_ += 1'000'000;
  }

  std::int64_t t_ = 0;
};

Value json(std::string_view text) {
  auto value = parse_json(text);
  if (!value) throw std::runtime_error(value.error().message);
  return *value;
}

Value failed(std::string_view code, std::string_view phase, std::string_view message,
             Value seen = Value::object()) {
  seen["error"] = Value::object({{"code", code}, {"phase", phase}, {"message", message}});
  return seen;
}

// A check of suites/soma/local.yaml that begins at `line`.
Check check(const std::string& name, const std::string& probe, std::uint32_t line,
            const std::string& suite = "soma-local") {
  Check made;
  made.id = suite + "/" + name;
  made.suite = suite;
  made.name = name;
  made.probe = probe;
  made.timeout = std::chrono::seconds(1);
  made.file = "suites/soma/" + std::string(suite == "soma-local" ? "local" : "smoke") + ".yaml";
  made.line = line;
  made.column = 5;
  made.source = "  - id: " + name.substr(0, name.find('['));
  made.with = Value::object({{"address", "127.0.0.1:6379"}});
  return made;
}

Expectation expectation(const std::string& path, Value matcher, std::uint32_t line, std::uint32_t column,
                        const std::string& source) {
  return {path, std::move(matcher), false, line, column, source};
}

Expectation by_default(const std::string& path, Value matcher) {
  return {path, std::move(matcher), true, 0, 0, ""};
}

}  // namespace

std::vector<Record> sample_run() {
  Plan plan;
  plan.suites = {"soma-local", "soma-smoke"};
  const auto add = [&](Check made) -> Check& { return plan.checks.emplace_back(std::move(made)); };

  add(check("redis", "redis.ping", 12)).tags = {"smoke", "cache"};
  plan.checks.back().expect = {by_default("reply", "PONG")};

  Check& role = add(check("redis-role", "redis.info", 20));
  role.doc = "The cache is a primary with two replicas";
  role.runbook = "redis-unreachable";
  role.expect = {
      by_default("ok", true),
      expectation("role", "master", 24, 15, "      expect: {role: master, connected_slaves: {ge: 2}}"),
      expectation("connected_slaves", json(R"({"ge": 2})"), 24, 29,
                  "      expect: {role: master, connected_slaves: {ge: 2}}")};

  Check& ready = add(check("postgres", "postgres.ready", 40));
  ready.runbook = "https://runbooks.example/postgres#unreachable";
  ready.wait = Wait{std::chrono::seconds(3), std::chrono::seconds(1), false};
  ready.expect = {by_default("ready", true)};

  Check& slow = add(check("prometheus-query", "prometheus.query", 52));
  slow.within = std::chrono::milliseconds(500);
  slow.expect = {by_default("status", "success")};

  Check& secret = add(check("vault-token", "vault.token", 60));
  secret.expect = {by_default("ttl", json(R"({"gt": 0})"))};

  Check& late = add(check("vault-kv", "vault.kv", 68));
  late.expect = {by_default("versions", json(R"({"ge": 1})"))};
  late.needs = {"soma-local/vault-token"};

  Check& flaky = add(check("kafka-roundtrip", "kafka.roundtrip", 80));
  flaky.writes = true;
  flaky.retry = {2, std::chrono::seconds(1)};
  flaky.expect = {by_default("delivered", 1)};

  Check& polled = add(check("kafka-topic", "kafka.topic", 90));
  polled.wait = Wait{std::chrono::seconds(30), std::chrono::seconds(1), false};
  polled.expect = {expectation("partitions", 6, 94, 15, "      expect: {partitions: 6}")};

  Check& warning = add(check("redis-memory", "redis.info", 100));
  warning.warn = true;
  warning.expect = {expectation("used_memory", json(R"({"lt": "64Mi"})"), 104, 29,
                                "      expect: {\"used_memory\": {lt: 64Mi}}")};

  Check& known = add(check("vault-tls", "tls", 110));
  known.known = Known{"the certificate is renewed with the next release", "2026-02-28"};
  known.expect = {by_default("verified", true)};

  for (const char* node : {"a", "b"}) {
    Check& matrix = add(check(std::string("sentinel[node=") + node + "]", "sentinel.master", 120));
    matrix.coordinates = Value::object({{"node", node}});
    matrix.expect = {by_default("quorum", true)};
  }

  Check& when = add(check("repmgr", "repmgr.cluster", 130));
  when.skip = "when: mode is small, expected ha";
  Check& writes = add(check("redis-roundtrip", "redis.roundtrip", 140));
  writes.writes = true;
  writes.skip = "--read-only";

  Check& budget = add(check("grafana", "grafana.health", 8, "soma-smoke"));
  budget.expect = {by_default("database", "ok")};
  Check& smoke = add(check("opa", "opa.health", 14, "soma-smoke"));
  smoke.expect = {by_default("status", 200)};

  Script run(plan, json(R"(["assay", "run", "suites/soma", "--values", "suites/soma/values/small.yaml"])"));
  const std::string soma = "soma-local/";
  run.decide(soma + "repmgr", "skip", "when: mode is small, expected ha", "when");
  run.decide(soma + "redis-roundtrip", "skip", "writes, and --read-only was given", "read-only");
  run.attempt(
      soma + "redis", 1, 0.0007,
      json(
          R"({"reply": "PONG", "peer": "127.0.0.1:6379", "phases": {"connect": 0.0001, "request": 0.0006}})"));
  run.decide(soma + "redis", "done");
  run.attempt(soma + "redis-role", 1, 0.0012,
              json(R"({"ok": true, "role": "slave", "connected_slaves": 0, "peer": "127.0.0.1:6379",
      "phases": {"resolve": 0.0001, "connect": 0.0002, "auth": 0.0003, "request": 0.0006}})"));
  run.decide(soma + "redis-role", "done");
  run.attempt(soma + "vault-token", 1, 0.0,
              failed("secret.unresolved", "setup", "{env: VAULT_TOKEN}: the variable is not set"));
  run.decide(soma + "vault-token", "done");
  run.decide(soma + "vault-kv", "skip", "needs soma-local/vault-token, which did not pass", "need");
  run.attempt(soma + "vault-tls", 1, 0.0121,
              failed("tls.expired", "tls", "the certificate has expired 3 days ago",
                     json(R"({"peer": "127.0.0.1:8200"})")));
  run.decide(soma + "vault-tls", "done");
  run.attempt(soma + "sentinel[node=a]", 1, 0.0031, json(R"({"quorum": true})"));
  run.decide(soma + "sentinel[node=a]", "done");
  run.attempt(soma + "sentinel[node=b]", 1, 0.0029, json(R"({"quorom": true})"));
  run.decide(soma + "sentinel[node=b]", "done");
  run.attempt(soma + "redis-memory", 1, 0.0011, json(R"({"used_memory": 134217728})"));
  run.decide(soma + "redis-memory", "done");
  run.at(0.7);
  run.attempt(soma + "prometheus-query", 1, 0.6231, json(R"({"status": "success", "result": [1, 2]})"));
  run.decide(soma + "prometheus-query", "done");
  run.at(1.1);
  run.attempt(soma + "kafka-topic", 1, 0.08, json(R"({"partitions": 0})"));
  run.decide(soma + "kafka-topic", "repeat", "until 30s", "");
  run.attempt(soma + "kafka-roundtrip", 1, 1.0,
              failed("deadline", "request", "no acknowledgement within 1s"));
  run.decide(soma + "kafka-roundtrip", "repeat", "retry 1 of 2", "");
  for (int i = 1; i <= 3; ++i) {
    run.at(static_cast<double>(i) + 0.0003);
    run.attempt("soma-local/postgres", i, 0.0002,
                failed("connect.refused", "connect", "127.0.0.1:5433 refuses connections",
                       json(R"({"addresses": ["127.0.0.1"], "phases": {"connect": 0.0002}})")));
    if (i < 3) run.decide("soma-local/postgres", "repeat", "until 3s", "");
  }
  run.decide("soma-local/postgres", "done");
  run.attempt(soma + "kafka-topic", 2, 0.0512, json(R"({"partitions": 6})"));
  run.decide(soma + "kafka-topic", "done");
  run.at(3.4);
  run.attempt(soma + "kafka-roundtrip", 2, 0.3124, json(R"({"delivered": 1, "offset": 42})"), true);
  run.decide(soma + "kafka-roundtrip", "done");
  run.attempt("soma-smoke/opa", 1, 0.0042,
              json(R"({"status": 200, "phases": {"connect": 0.0002, "request": 0.004}})"));
  run.decide("soma-smoke/opa", "done");
  run.at(3.5);
  run.decide("soma-smoke/grafana", "not-run", "the run's deadline passed", "budget");
  run.end();
  return run.records;
}

const std::string& hostile_text() {
  using namespace std::string_literals;
  static const std::string text =
      "A\x01"
      "B \x1b[31mred\x1b[0m\x1b]0;title\x07 ]]> <script>alert(1)</script> <img src=x onerror=alert(2)> &amp; "
      "\"quotes\" 'single' "
      "caf\xc3\xa9 \xff\xfe\xc3( \xed\xa0\x80 nul:\0: del:\x7f c1:\xc2\x9b"
      "31m %0A::error::percent\n::error file=x::injected\r\n  ::add-mask::a\n"
      "##[error]v1 ##vso[task.setvariable variable=x]y ##teamcity[buildStop] [[ATTACHMENT|/etc/passwd]] "
      "\xe2\x80\xae"
      "desrever\xe2\x80\xac "
      "\xef\xbf\xbe \xef\xbf\xbf \xf0\x9f\x98\x80 \\ back`tick` ${x} </pre></details>\t--> <!-- end"s;
  return text;
}

std::vector<Record> hostile_run() {
  const std::string& evil = hostile_text();
  Plan plan;
  plan.suites = {"evil." + evil};
  const std::string suite = plan.suites[0];
  const auto add = [&](const std::string& name) -> Check& {
    Check& made = plan.checks.emplace_back(check(name, "command", 7, suite));
    made.file = "suites/" + evil + ".yaml";
    made.source = "  - id: \t" + evil;
    made.column = 40;
    made.doc = evil;
    made.tags = {evil};
    made.targets = {evil};
    made.needs = {evil};
    made.with = Value::object({{evil, evil}});
    made.expect = {expectation("output", "fine", 9, 30, "      expect: {output: fine} # " + evil)};
    return made;
  };
  add("fail " + evil).runbook = "https://x.example/\"><script>alert(3)</script>" + evil;
  // Two names that are the same once what XML cannot hold is replaced.
  add("twin \x01");
  add("twin \x02");
  add("error").runbook = "javascript:alert(4)//" + evil;
  add("flaky").retry = {1, std::chrono::seconds(1)};
  add("warn").warn = true;
  add("known").known = Known{evil, "2026-12-31"};
  add("skip");
  add("budget");
  Check& matrix = add("matrix[x=" + evil + "]");
  matrix.coordinates = Value::object({{evil, evil}});

  Script run(plan, Value(Value::Array{Value("assay"), Value(evil)}));
  const auto id = [&](const std::string& name) { return suite + "/" + name; };
  const Value bad = Value::object({{"output", evil},
                                   {evil, Value(Value::Array{Value(evil), Value(1.5)})},
                                   {"phases", Value::object({{evil, 0.25}, {"request", 0.5}})}});
  for (const std::string& name : {"fail " + evil, std::string("twin \x01"), std::string("twin \x02"),
                                  std::string("warn"), "matrix[x=" + evil + "]"}) {
    run.attempt(id(name), 1, 0.75, bad);
    run.decide(id(name), "done");
  }
  run.attempt(id("error"), 1, 0.1, failed("secret.unresolved", evil, evil, bad));
  run.decide(id("error"), "done");
  run.attempt(id("flaky"), 1, 0.1, failed("deadline", "request", evil, bad));
  run.attempt(id("flaky"), 2, 0.1, Value::object({{"output", "fine"}}), true);
  run.decide(id("flaky"), "done");
  run.attempt(id("known"), 1, 0.1, failed("tls.expired", "tls", evil, bad));
  run.decide(id("known"), "done");
  run.decide(id("skip"), "skip", evil, "need");
  run.decide(id("budget"), "not-run", evil, "budget");
  run.end(Value::object({{"incomplete", true}, {"reason", evil}}));
  return run.records;
}

std::vector<Record> large_run(int count, std::size_t bytes) {
  Plan plan;
  plan.suites = {"soma-local"};
  for (int i = 0; i < count; ++i) {
    Check& made = plan.checks.emplace_back(check("check-" + std::to_string(i), "command", 3));
    made.expect = {expectation("exit_code", 0, 5, 15, "      expect: {exit_code: 0}")};
  }
  Script run(plan, Value());
  // Every byte of it grows when it is escaped.
  const std::string output(bytes, '&');
  for (const Check& made : plan.checks) {
    run.attempt(made.id, 1, 0.01, Value::object({{"exit_code", 1}, {"output", output}}));
    run.decide(made.id, "done");
  }
  run.end();
  return run.records;
}

std::vector<Record> replayed(const std::vector<Record>& records) {
  std::string text;
  for (const Record& record : records) text += to_line(record) + "\n";
  const auto journal = parse_journal(text);
  if (!journal) throw std::runtime_error(journal.error().message);
  return journal->records;
}

}  // namespace assay::test

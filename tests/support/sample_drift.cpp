#include "tests/support/sample_drift.h"

#include "core/value.h"
#include "tests/support/sample_run.h"

namespace assay::test {
namespace {

using Kind = FieldStep::Kind;

const char* const kDeclared =
    R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"labels":{"app":"api"},"name":"api"},)"
    R"("spec":{"replicas":2,"selector":{"matchLabels":{"app":"api"}},"template":{"metadata":{"labels":{"app":"api"}},)"
    R"("spec":{"containers":[{"env":[{"name":"LOG","value":"info"}],"image":"api:1.4","name":"api",)"
    R"("ports":[{"containerPort":8080}]}],"tolerations":[{"key":"a","operator":"Exists"}]}}}})";
const char* const kLive =
    R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"annotations":{"team/owner":"me"},"labels":{"app":"api"},"name":"api",)"
    R"("namespace":"payments"},"spec":{"paused":true,"replicas":5,"selector":{"matchLabels":{"app":"api"}},)"
    R"("template":{"metadata":{"labels":{"app":"api"}},"spec":{"containers":[{"env":[{"name":"LOG","value":"debug"},)"
    R"({"name":"TRACE","value":"1"}],"image":"api:1.3","imagePullPolicy":"Always","name":"api","ports":[{"containerPort":8080,)"
    R"("protocol":"TCP"}]},{"image":"shell:1","name":"debug"}],"tolerations":[{"key":"b","operator":"Exists"}]}}}})";

FieldStep element(const std::string& name) { return {Kind::element, R"({"name":")" + name + R"("})"}; }

std::vector<FieldStep> container(std::initializer_list<FieldStep> rest, const std::string& name = "api") {
  auto steps = field_steps("/spec/template/spec/containers");
  steps.push_back(element(name));
  steps.insert(steps.end(), rest);
  return steps;
}

FieldDrift field(std::string path, std::vector<FieldStep> steps, DriftClass kind,
                 std::optional<std::string> git, std::optional<std::string> release,
                 std::optional<std::string> live) {
  FieldDrift out;
  out.path = std::move(path);
  out.steps = std::move(steps);
  out.kind = kind;
  out.git = std::move(git);
  out.release = std::move(release);
  out.live = std::move(live);
  return out;
}

void by(FieldDrift& field, std::string manager, std::string operation, std::string time,
        std::string subresource = {}) {
  field.manager = std::move(manager);
  field.operation = std::move(operation);
  field.time = std::move(time);
  field.subresource = std::move(subresource);
}

ObjectDrift deployment() {
  ObjectDrift object;
  object.id = {"apps/v1", "Deployment", "payments", "api"};
  object.verdict = ObjectVerdict::changed;
  object.source = "api/templates/deployment.yaml";
  object.declared = kDeclared;
  object.live = kLive;
  auto& fields = object.fields;
  fields.push_back(
      field("/metadata/annotations/team~1owner",
            {{Kind::field, "metadata"}, {Kind::field, "annotations"}, {Kind::field, "team/owner"}},
            DriftClass::manual, {}, {}, R"("me")"));
  by(fields.back(), "kubectl-annotate", "Update", "2026-11-03T09:12:44Z");
  fields.push_back(
      field("/spec/paused", field_steps("/spec/paused"), DriftClass::suppressed, {}, {}, "true"));
  fields.back().note = "paused while the migration runs";
  by(fields.back(), "kubectl-edit", "Update", "2026-11-02T10:00:00Z");
  fields.push_back(
      field("/spec/replicas", field_steps("/spec/replicas"), DriftClass::controller, "2", "2", "5"));
  by(fields.back(), "kube-controller-manager", "Update", "2026-11-03T09:00:00Z", "scale");
  const std::string base = "/spec/template/spec/containers/name=";
  fields.push_back(field(base + "api/env/name=LOG/value",
                         container({{Kind::field, "env"}, element("LOG"), {Kind::field, "value"}}),
                         DriftClass::conflict, R"("info")", R"("warn")", R"("debug")"));
  by(fields.back(), "kubectl-edit", "Update", "2026-11-03T09:12:44Z");
  fields.back().note = "Git has moved on, and it was changed by hand";
  fields.push_back(field(base + "api/env/name=TRACE", container({{Kind::field, "env"}, element("TRACE")}),
                         DriftClass::manual, {}, {}, R"({"name":"TRACE","value":"1"})"));
  by(fields.back(), "kubectl-set", "Update", "2026-11-03T09:13:00Z");
  fields.push_back(field(base + "api/image", container({{Kind::field, "image"}}), DriftClass::undeployed,
                         R"("api:1.4")", R"("api:1.3")", R"("api:1.3")"));
  by(fields.back(), "helm", "Apply", "2026-11-01T10:00:00Z");
  fields.push_back(field(base + "api/imagePullPolicy", container({{Kind::field, "imagePullPolicy"}}),
                         DriftClass::manual, R"("IfNotPresent")", R"("IfNotPresent")", R"("Always")"));
  fields.back().git_defaulted = fields.back().release_defaulted = true;
  by(fields.back(), "kubectl-edit", "Update", "2026-11-03T09:12:44Z");
  fields.push_back(field(base + "debug", container({}, "debug"), DriftClass::manual, {}, {},
                         R"({"image":"shell:1","name":"debug"})"));
  by(fields.back(), "kubectl-edit", "Update", "2026-11-03T09:12:44Z");
  auto steps = field_steps("/spec/template/spec/tolerations");
  steps.push_back({Kind::index, "0"});
  steps.push_back({Kind::field, "key"});
  fields.push_back(field("/spec/template/spec/tolerations/0/key", steps, DriftClass::manual, R"("a")",
                         R"("a")", R"("b")"));
  fields.back().note = "author not recorded";
  return object;
}

ObjectDrift config() {
  ObjectDrift object;
  object.id = {"v1", "ConfigMap", "payments", "api"};
  object.verdict = ObjectVerdict::changed;
  object.source = "api/templates/config.yaml";
  std::string before;
  for (int i = 1; i <= 30; ++i) before += "line " + std::to_string(i) + "\n";
  std::string after = before;
  after.replace(after.find("line 7\n"), 7, "line seven\n");
  after += "one more\n";
  object.fields.push_back(field("/data/app.conf", field_steps("/data/app.conf"), DriftClass::manual,
                                to_json(Value(before)), to_json(Value(before)), to_json(Value(after))));
  by(object.fields.back(), "kubectl-patch", "Update", "2026-11-03T08:00:00Z");
  object.declared = to_json(Value::object({{"apiVersion", "v1"},
                                           {"data", Value::object({{"app.conf", before}})},
                                           {"kind", "ConfigMap"},
                                           {"metadata", Value::object({{"name", "api"}})}}));
  object.live = to_json(Value::object({{"apiVersion", "v1"},
                                       {"data", Value::object({{"app.conf", after}})},
                                       {"kind", "ConfigMap"},
                                       {"metadata", Value::object({{"name", "api"}})}}));
  return object;
}

ObjectDrift whole(ObjectId id, ObjectVerdict verdict, DriftClass kind) {
  ObjectDrift object;
  object.id = std::move(id);
  object.verdict = verdict;
  object.kind = kind;
  return object;
}

}  // namespace

std::vector<FieldStep> field_steps(std::string_view pointer) {
  std::vector<FieldStep> steps;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const auto end = std::min(pointer.find('/'), pointer.size());
    steps.push_back({Kind::field, std::string(pointer.substr(0, end))});
    pointer.remove_prefix(end);
  }
  return steps;
}

DriftReport sample_drift() {
  DriftReport report;
  report.started = "2026-11-03T10:00:00Z";
  ReleaseDrift& release = report.releases.emplace_back();
  release.name = "api";
  release.ns = "payments";
  release.context = "prod";
  release.git = "charts/api at main (3f2a9c1)";
  release.with_git = release.with_release = true;
  release.git_commit = "3f2a9c1d0000000000000000000000000000beef";
  release.revision = 7;
  release.status = "deployed";
  release.deployed = "2026-11-01T10:00:00Z";
  auto& objects = release.objects;
  objects.push_back(whole({"v1", "Service", "payments", "api"}, ObjectVerdict::same, {}));
  objects.push_back(deployment());
  objects.push_back(config());
  ObjectDrift secret = whole({"v1", "Secret", "payments", "api"}, ObjectVerdict::changed, {});
  secret.fields.push_back(field("/data/password", field_steps("/data/password"), DriftClass::manual,
                                R"("hmac:61e3")", R"("hmac:61e3")", R"("hmac:9f00")"));
  by(secret.fields.back(), "kubectl-edit", "Update", "2026-11-03T09:00:00Z");
  objects.push_back(secret);
  ObjectDrift restarted = whole({"apps/v1", "StatefulSet", "payments", "db"}, ObjectVerdict::changed, {});
  restarted.fields.push_back(field("/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt",
                                   {}, DriftClass::deliberate, {}, {}, R"("2026-11-02T10:00:00Z")"));
  by(restarted.fields.back(), "kubectl-rollout", "Update", "2026-11-02T10:00:00Z");
  objects.push_back(restarted);
  ObjectDrift recorded = whole({"v1", "Service", "payments", "db"}, ObjectVerdict::changed, {});
  recorded.fields.push_back(field("/spec/type", field_steps("/spec/type"), DriftClass::unrecorded,
                                  R"("NodePort")", R"("ClusterIP")", R"("NodePort")"));
  objects.push_back(recorded);
  ObjectDrift missing = whole({"networking.k8s.io/v1", "Ingress", "payments", "api"}, ObjectVerdict::missing,
                              DriftClass::missing);
  missing.source = "api/templates/ingress.yaml";
  missing.declared =
      R"({"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"api"},"spec":{"rules":[{"host":"*.example.com"}]}})";
  objects.push_back(missing);
  ObjectDrift extra =
      whole({"v1", "ConfigMap", "payments", "by-hand"}, ObjectVerdict::extra, DriftClass::extra);
  extra.manager = "kubectl-create";
  extra.time = "2026-10-30T07:00:00Z";
  extra.live =
      R"({"apiVersion":"v1","data":{"on":"yes"},"kind":"ConfigMap","metadata":{"name":"by-hand","namespace":"payments"}})";
  objects.push_back(extra);
  ObjectDrift known =
      whole({"v1", "ConfigMap", "payments", "cache"}, ObjectVerdict::extra, DriftClass::suppressed);
  known.note = "the application makes it";
  objects.push_back(known);
  ObjectDrift error = whole({"example.com/v1", "Widget", "payments", "w"}, ObjectVerdict::error, {});
  error.code = "kube.forbidden";
  error.note = "Widget.example.com may not be listed in payments";
  objects.push_back(error);
  release.warnings = {"the newest revision 8 is pending-upgrade; revision 7 was taken"};
  release.problems = {
      {"drift.duplicate", "v1/ConfigMap/payments/x is declared twice: a.yaml:3 and b.yaml:9"}};

  ReleaseDrift& files = report.releases.emplace_back();
  files.git = "desired.yaml";
  files.with_git = true;
  files.objects.push_back(whole({"v1", "Namespace", "", "payments"}, ObjectVerdict::changed, {}));
  files.objects.back().fields.push_back(field("/metadata/labels/team", field_steps("/metadata/labels/team"),
                                              DriftClass::manual, R"("a")", {}, {}));
  files.objects.back().fields.back().note = "removed, author not recorded";
  report.unmanaged = {{"old", "payments", "prod"}};
  report.unmatched_rules = {"drift.yaml:14: matched nothing: Flux sets images"};
  report.warnings = {"2 contexts were not asked"};
  return report;
}

DriftReport hostile_drift() {
  const std::string& evil = hostile_text();
  const std::string json = to_json(Value(evil));
  DriftReport report;
  report.started = "2026-11-03T10:00:00Z";
  ReleaseDrift& release = report.releases.emplace_back();
  release.name = release.ns = release.context = release.git = release.status = release.deployed = evil;
  release.revision = 1;
  release.with_git = release.with_release = true;
  ObjectDrift object = whole({"v1", evil, evil, "../../" + evil}, ObjectVerdict::changed, {});
  object.source = object.note = evil;
  object.fields.push_back(field("/" + evil, {{Kind::field, evil}}, DriftClass::manual, json, json, R"("x")"));
  object.fields.push_back(field("/list/" + evil, {{Kind::field, "list"}, {Kind::member, json}},
                                DriftClass::manual, {}, {}, json));
  for (FieldDrift& item : object.fields) by(item, evil, evil, evil, evil);
  for (FieldDrift& item : object.fields) item.note = evil;
  Value tree = Value::object({{"apiVersion", "v1"}, {"kind", evil}, {evil, evil}});
  object.declared = to_json(tree);
  tree["list"] = Value::Array{evil};
  object.live = to_json(tree);
  release.objects.push_back(object);
  release.objects.push_back(object);
  ObjectDrift extra = whole({evil, evil, evil, evil}, ObjectVerdict::extra, DriftClass::extra);
  extra.manager = extra.time = extra.note = evil;
  release.objects.push_back(extra);
  ObjectDrift error = whole({evil, evil, evil, evil}, ObjectVerdict::error, {});
  error.code = error.note = evil;
  release.objects.push_back(error);
  release.warnings = {evil};
  release.problems = {{evil, evil}};
  report.releases.push_back(release);
  report.unmanaged = {{evil, evil, evil}};
  report.unmatched_rules = report.warnings = {evil};
  return report;
}

}  // namespace assay::test

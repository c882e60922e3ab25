#include "drift/probe.h"

#include "drift/observe.h"
#include "probes/kube_parts.h"

namespace assay::drift {
namespace {

Result<void> observe(Attempt& attempt) {
  Reader reader = attempt.reader();
  DriftQuestion question;
  question.release = reader.text("release");
  question.chart.values = reader.texts("values");
  question.chart.sets = reader.texts("set");
  question.manager = reader.text("manager");
  question.secrets = reader.text("secrets");
  question.fail_on = reader.texts("fail_on");
  question.rules = reader.any("rules");
  const auto source = reader.text("git");
  const auto revision = parse_revision_choice(reader.text("revision"));
  GitAccess access;
  access.token = reader.secret("token");
  access.key = reader.secret("key");
  access.known_hosts = reader.text("known_hosts");
  access.ca = reader.text("ca");
  const auto client = kube_client(attempt);
  if (!client) return Failure(client.error());
  question.ns = namespace_of(reader, **client);
  if (const auto ok = reader.ok(); !ok) return ok;
  if (!revision) return fail("params.invalid", "setup", "revision is deployed, newest or a number from 1");
  question.revision = *revision;
  if (!source.empty()) question.git = parse_git_side(source, std::move(access));
  return observe_drift(question, **client, attempt.context, attempt.seen);
}

Field param(std::string name, Type type, std::string doc, Value fallback = {}, std::string example = {}) {
  Field field;
  field.name = std::move(name);
  field.type = type;
  field.doc = std::move(doc);
  field.fallback = std::move(fallback);
  field.example = std::move(example);
  return field;
}

Fields parameters() {
  Fields fields = {
      param("release", Type::text, "name of the release", {}, "shop"),
      namespace_field(),
      param("git", Type::text, "what is declared: a chart, manifests, or REPO@REV:PATH", "", "charts/shop"),
      param("values", Type::texts, "values files for the chart"),
      param("set", Type::texts, "values for the chart, as helm's --set takes them"),
      param("token", Type::secret, "for a repository that is reached by https"),
      param("key", Type::secret, "private key for one that is reached by ssh"),
      param("known_hosts", Type::text, "file with the keys of hosts that are reached by ssh", ""),
      param("ca", Type::text, "file with authorities for https", ""),
      param("revision", Type::text, "of the release: deployed, newest or a number", "deployed"),
      param("manager", Type::text, "field manager that Helm writes as", "helm"),
      param("secrets", Type::text, "what is read of Secrets: none, Helm's own and others' metadata, or all",
            "release"),
      param("fail_on", Type::texts, "classes that count, instead of the usual ones"),
      param("rules", Type::any, "a list of differences that are wanted")};
  fields.front().required = true;
  for (auto& field : fields) {
    if (field.name == "secrets") field.one_of = {"none", "release", "full"};
  }
  return fields;
}

Fields observations() {
  Fields classes;
  for (const auto& name : drift_class_names())
    classes.push_back(seen_field(name, Type::integer, "fields and whole objects"));
  const Fields field = {seen_field("path", Type::text, "a JSON pointer; list elements by their keys"),
                        seen_field("class", Type::text, "its class"),
                        seen_field("manager", Type::text, "who wrote it"),
                        seen_field("time", Type::text, "when (RFC 3339)")};
  const Fields object = {seen_field("id", Type::text, "apiVersion/Kind/namespace/name"),
                         seen_field("verdict", Type::text, "changed, missing, extra, error"),
                         seen_field("class", Type::text, "of an object that is missing or extra"),
                         seen_field("manager", Type::text, "who made what is extra"),
                         seen_field("note", Type::text, "what else is to be known"),
                         seen_field("fields", Type::list, "what differs", field)};
  return {seen_field("revision", Type::integer, "of the release that was compared; 0: none"),
          seen_field("status", Type::text, "of that revision: deployed, failed ..."),
          seen_field("git", Type::text, "what stood for Git"),
          seen_field("compared", Type::integer, "objects"),
          seen_field("failing", Type::integer, "objects with drift of a class that counts"),
          seen_field("undecided", Type::integer, "objects and sources without a verdict"),
          seen_field("classes", Type::object, "how much of each class", classes),
          seen_field("objects", Type::list, "objects that are not the same", object),
          seen_field("unmatched_rules", Type::texts, "rules that matched nothing, or have expired"),
          seen_field("warnings", Type::texts, "what else is to be known")};
}

}  // namespace

Probes drift_probes() {
  Probe probe;
  probe.name = "drift.release";
  probe.summary = "what Git declares, a release and its live objects, field by field";
  probe.params = parameters();
  probe.observes = observations();
  probe.network = false;
  probe.defaults = {{"failing", 0}};
  probe.example = "{release: shop, namespace: prod, git: charts/shop}";
  probe.observe = observe;
  return {probe};
}

}  // namespace assay::drift

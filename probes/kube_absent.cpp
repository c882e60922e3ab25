// kube.absent: a release and its namespace are gone, or what is left of them.
#include "probes/cluster.h"
#include "probes/kube_leftovers.h"
#include "probes/kube_parts.h"

namespace assay {
namespace {

Result<void> observe_absent(Attempt& attempt) {
  Reader reader = attempt.reader();
  Leftovers wanted;
  wanted.ns = reader.text("namespace");
  if (reader.has("release")) wanted.release = reader.text("release");
  wanted.namespace_gone = reader.boolean("namespace_gone");
  if (reader.has("kinds")) wanted.kinds = reader.texts("kinds");
  if (reader.has("crds")) wanted.crds = reader.texts("crds");
  const auto client = kube_client(attempt);
  if (!client) return Failure(client.error());
  if (const auto ok = reader.ok(); !ok) return ok;
  if (wanted.ns.empty()) return fail("params.invalid", "setup", "`namespace` is empty");
  if (!wanted.namespace_gone && wanted.release.empty())
    return fail("params.invalid", "setup", "`namespace_gone: false` needs a `release`");
  Trace trace = attempt.trace();
  return find_leftovers(wanted, **client, attempt, trace);
}

}  // namespace

Probe kube_absent_probe() {
  Probe probe;
  probe.name = "kube.absent";
  probe.summary = "a release and its namespace are gone; and if not, what is left and what holds it";
  probe.params = {
      {"namespace", Type::text, "the namespace that the release was in", true, {}, "shop", {}, {}},
      {"release",
       Type::text,
       "the release: its revisions and what carries its name",
       false,
       {},
       "shop",
       {},
       {}},
      {"namespace_gone", Type::boolean, "whether the namespace itself must be gone", false, true, "", {}, {}},
      {"kinds",
       Type::texts,
       "kinds to look for; all that can be listed and deleted when none is given",
       false,
       {},
       "[pvc, secret, clusterrole]",
       {},
       {}},
      {"crds",
       Type::texts,
       "CustomResourceDefinitions that must be gone; * stands for anything",
       false,
       {},
       "['*.example.org']",
       {},
       {}}};
  probe.observes = {
      seen_field("namespace", Type::text, "absent, Active or Terminating"),
      seen_field("finalizers", Type::texts, "finalizers of the namespace itself"),
      seen_field("conditions", Type::list, "what the namespace says of its end",
                 {seen_field("type", Type::text, "type"), seen_field("reason", Type::text, "reason"),
                  seen_field("message", Type::text, "message")}),
      seen_field(
          "revisions", Type::list, "revisions of the release, newest first",
          {seen_field("revision", Type::integer, "number"), seen_field("status", Type::text, "status")}),
      seen_field("object_count", Type::integer, "objects left in the namespace"),
      seen_field("objects", Type::list, "the first 20 of them, those with finalizers first",
                 {seen_field("kind", Type::text, "kind"), seen_field("name", Type::text, "name"),
                  seen_field("finalizers", Type::texts, "finalizers"),
                  seen_field("terminating", Type::boolean, "it is being deleted")}),
      seen_field("cluster_scoped", Type::list, "the first 20 objects of the release that have no namespace",
                 {seen_field("kind", Type::text, "kind"), seen_field("name", Type::text, "name")}),
      seen_field(
          "volumes", Type::list, "the first 20 PersistentVolumes of the namespace's claims",
          {seen_field("name", Type::text, "name"), seen_field("claim", Type::text, "name of the claim"),
           seen_field("phase", Type::text, "Bound, Released, Failed ..."),
           seen_field("policy", Type::text, "what becomes of it: Retain or Delete")}),
      seen_field("crds", Type::texts, "CustomResourceDefinitions that are left"),
      seen_field("unread", Type::texts, "kinds that could not be read")};
  probe.defaults = {{"unread", Value::object({{"count", 0}})}};
  probe.example = "{release: shop, namespace: shop}";
  probe.observe = observe_absent;
  return probe;
}

}  // namespace assay

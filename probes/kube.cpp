// kube.object, kube.labelled, secret.keys: single objects and what they carry.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "core/base64.h"
#include "core/utf8.h"
#include "net/http.h"
#include "probes/kube_parts.h"

namespace assay {
namespace {

Result<void> observe_object(Attempt& attempt) {
  Reader reader = attempt.reader();
  const std::string kind = reader.text("kind");
  const std::string name = reader.text("name");
  const std::string version = reader.has("api_version") ? reader.text("api_version") : "";
  const auto client = kube_client(attempt);
  if (!client) return Failure(client.error());
  const std::string ns = namespace_of(reader, **client);
  if (const auto ok = reader.ok(); !ok) return ok;
  Trace trace = attempt.trace();
  const auto resource = (*client)->resource(kind, version, attempt.context, trace);
  if (!resource) return Failure(resource.error());
  auto object = (*client)->get_gathered(*resource, ns, name, attempt.context, trace);
  if (!object) return Failure(object.error());
  show_object(std::move(*object), attempt.seen);
  return {};
}

Result<void> observe_labelled(Attempt& attempt) {
  Reader reader = attempt.reader();
  const std::string kind = reader.text("kind");
  const std::string label = reader.text("label");
  const std::vector<std::string> allowed = reader.texts("allowed");
  const auto client = kube_client(attempt);
  if (!client) return Failure(client.error());
  if (const auto ok = reader.ok(); !ok) return ok;
  Trace trace = attempt.trace();
  const auto resource = (*client)->resource(kind, "", attempt.context, trace);
  if (!resource) return Failure(resource.error());
  KubeSelection selection;
  selection.labels = label;
  selection.metadata_only = true;
  std::vector<std::string> names;
  const auto listed = (*client)->list(*resource, selection, attempt.context, trace, [&](const Value& object) {
    names.push_back(value_at(object, {"metadata"}).get("name"));
    return true;
  });
  if (!listed) return Failure(listed.error());
  std::sort(names.begin(), names.end());
  Value all = Value::array();
  Value others = Value::array();
  for (const std::string& name : names) {
    all.push_back(name);
    if (std::find(allowed.begin(), allowed.end(), name) == allowed.end()) others.push_back(name);
  }
  Value missing = Value::array();
  for (const std::string& name : allowed) {
    if (!std::binary_search(names.begin(), names.end(), name)) missing.push_back(name);
  }
  attempt.seen["objects"] = std::move(all);
  attempt.seen["unexpected"] = std::move(others);
  attempt.seen["missing"] = std::move(missing);
  return {};
}

// Why a value cannot be what was meant, or nothing. Never shows any of it.
std::string fault_of(const std::string& value) {
  if (value.empty()) return "empty";
  if (value.ends_with('\n') || value.ends_with('\r')) return "ends with a line break";
  if (std::all_of(value.begin(), value.end(), [](unsigned char c) { return std::isspace(c) != 0; }))
    return "blank";
  const std::string lower = lower_ascii(value);
  for (const std::string_view word :
       {"changeme", "change-me", "change_me", "placeholder", "todo", "replace-me", "replaceme", "replace_me",
        "<password>", "<secret>", "your-password", "xxxxxxxx"}) {
    if (lower == word) return "a placeholder";
  }
  if (value.starts_with("${") || value.starts_with("{{")) return "a template that was not filled in";
  return {};
}

Result<void> observe_keys(Attempt& attempt) {
  Reader reader = attempt.reader();
  const std::string name = reader.text("name");
  const std::vector<std::string> wanted = reader.texts("keys");
  const auto client = kube_client(attempt);
  if (!client) return Failure(client.error());
  const std::string ns = namespace_of(reader, **client);
  if (const auto ok = reader.ok(); !ok) return ok;
  Trace trace = attempt.trace();
  const auto resource = (*client)->resource("secrets", "v1", attempt.context, trace);
  if (!resource) return Failure(resource.error());
  const auto object = (*client)->get(*resource, ns, name, attempt.context, trace);
  if (!object) return Failure(object.error());
  const Value& data = value_at(*object, {"data"});
  Value keys = Value::array();
  Value faults = Value::object();
  if (data.is_object()) {
    for (const Member& member : data.members()) {
      keys.push_back(member.key);
      const bool asked =
          wanted.empty() || std::find(wanted.begin(), wanted.end(), member.key) != wanted.end();
      const auto bytes = member.value.is_string() ? decode_base64(member.value.string()) : std::nullopt;
      const std::string fault = bytes ? fault_of(*bytes) : "not base64";
      if (asked && !fault.empty()) faults[member.key] = fault;
    }
  }
  Value missing = Value::array();
  for (const std::string& key : wanted) {
    if (data.find(key) == nullptr) missing.push_back(key);
  }
  attempt.seen["type"] = object->get("type");
  attempt.seen["keys"] = std::move(keys);
  attempt.seen["missing"] = std::move(missing);
  attempt.seen["faults"] = std::move(faults);
  return {};
}

Probe object_probe() {
  Probe probe;
  probe.name = "kube.object";
  probe.summary = "one object of any kind, any path of it";
  probe.params = {{"kind",
                   Type::text,
                   "kind, plural or short name, with its group where that is needed",
                   true,
                   {},
                   "Deployment",
                   {},
                   {}},
                  {"name", Type::text, "its name", true, {}, "web", {}, {}},
                  namespace_field(),
                  {"api_version", Type::text, "where the kind is in several", false, {}, "apps/v1", {}, {}}};
  probe.observes = {seen_field("apiVersion", Type::text, "group and version"),
                    seen_field("kind", Type::text, "kind"),
                    seen_field("metadata", Type::any, "metadata, without managedFields"),
                    seen_field("spec", Type::any, "what is wanted"),
                    seen_field("status", Type::any, "what is"),
                    seen_field("data", Type::any, "of a ConfigMap; of a Secret sizes only"),
                    seen_field("binaryData", Type::any, "of a ConfigMap"),
                    seen_field("stringData", Type::any, "of a Secret, sizes only"),
                    seen_field("type", Type::any, "of a Secret or an Event"),
                    seen_field("rules", Type::any, "of a role"),
                    seen_field("subjects", Type::any, "of a binding"),
                    seen_field("roleRef", Type::any, "of a binding"),
                    seen_field("webhooks", Type::any, "of a webhook configuration"),
                    seen_field("provisioner", Type::any, "of a StorageClass"),
                    seen_field("allowVolumeExpansion", Type::any, "of a StorageClass"),
                    seen_field("immutable", Type::any, "of a ConfigMap or a Secret")};
  probe.defaults = {{"kind", Value::object({{"present", true}})}};
  probe.example = "{kind: Deployment, name: web, namespace: shop}";
  probe.observe = observe_object;
  return probe;
}

Probe labelled_probe() {
  Probe probe;
  probe.name = "kube.labelled";
  probe.summary = "which objects carry a label, against a list of those that may";
  probe.params = {{"kind", Type::text, "kind of the objects", false, "Namespace", "", {}, {}},
                  {"label", Type::text, "label selector", true, {}, "example.org/allow=true", {}, {}},
                  {"allowed", Type::texts, "names that may carry it", true, {}, "[shop, billing]", {}, {}}};
  probe.observes = {seen_field("objects", Type::texts, "names of all that carry it"),
                    seen_field("unexpected", Type::texts, "of these, those that are not allowed"),
                    seen_field("missing", Type::texts, "allowed ones that do not carry it")};
  // A label that nobody carries is a label that was written wrongly, as likely as not.
  probe.defaults = {{"objects", Value::object({{"count", Value::object({{"ge", 1}})}})},
                    {"unexpected", Value::object({{"count", 0}})}};
  probe.example = "{label: example.org/allow=true, allowed: [shop]}";
  probe.observe = observe_labelled;
  return probe;
}

Probe keys_probe() {
  Probe probe;
  probe.name = "secret.keys";
  probe.summary = "a Secret has its keys, and no value that cannot be meant; values are never shown";
  probe.params = {{"name", Type::text, "name of the Secret", true, {}, "web-runtime", {}, {}},
                  namespace_field(),
                  {"keys",
                   Type::texts,
                   "keys that it must have",
                   true,
                   {},
                   "[POSTGRES_PASSWORD, REDIS_PASSWORD]",
                   {},
                   {}}};
  probe.observes = {
      seen_field("type", Type::text, "the Secret's type"), seen_field("keys", Type::texts, "all its keys"),
      seen_field("missing", Type::texts, "wanted keys that it lacks"),
      seen_field(
          "faults", Type::any,
          "for wanted keys whose value is empty, blank, ends with a line break or is a placeholder: which")};
  probe.defaults = {{"keys", Value::object({{"count", Value::object({{"ge", 1}})}})},
                    {"missing", Value::object({{"count", 0}})},
                    {"faults", Value::object({{"count", 0}})}};
  probe.example = "{name: web-runtime, namespace: shop, keys: [POSTGRES_PASSWORD]}";
  probe.observe = observe_keys;
  return probe;
}

}  // namespace

Probes kube_probes() { return {object_probe(), labelled_probe(), keys_probe()}; }

}  // namespace assay

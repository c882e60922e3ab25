// externalsecret.synced: an ExternalSecret was synced, lately, and its Secret is there.
#include <fmt/format.h>

#include <charconv>

#include "core/rfc3339.h"
#include "core/utf8.h"
#include "probes/cluster.h"
#include "probes/kube_reads.h"

namespace assay {
namespace {

// The Secret that it fills (https://external-secrets.io/latest/api/externalsecret/).
std::string target_of(const Value& object) {
  const std::string bound = value_at(object, {"status", "binding"}).get("name");
  if (!bound.empty()) return bound;
  return value_at(object, {"spec", "target"}).get("name", value_at(object, {"metadata"}).get("name"));
}

// The generation that was synced last, as syncedResourceVersion ("GENERATION-HASH") says; 0 where it does
// not.
std::int64_t synced_generation(const Value& object) {
  const std::string text = value_at(object, {"status"}).get("syncedResourceVersion");
  std::int64_t number = 0;
  const auto dash = text.find('-');
  if (dash == std::string::npos) return 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + dash, number);
  return error == std::errc() && end == text.data() + dash ? number : 0;
}

// Whether a Secret exists; what it holds stays on the server.
Result<bool> secret_exists(KubeClient& client, const std::string& ns, const std::string& name,
                           const Attempt& attempt, Trace& trace) {
  const auto resource = client.resource("secrets", "v1", attempt.context, trace);
  if (!resource) return Failure(resource.error());
  KubeRequest request;
  request.path = resource->path(ns, name);
  request.accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
  const auto found = client.call(request, attempt.context, trace);
  if (!found && found.error().code == "kube.not-found") return false;
  if (!found) return Failure(found.error());
  return true;
}

// Why it is not synced, or nothing.
std::string fault_of(const Value& object, Value& seen) {
  const Value* ready = condition_of(object, "Ready");
  seen["ready"] = ready != nullptr && ready->get("status") == "True";
  if (ready == nullptr) return "has no condition Ready: no controller has looked at it";
  seen["reason"] = ready->get("reason");
  seen["message"] = ready->get("message");
  if (ready->get("status") != "True")
    return fmt::format("is not Ready: {}: {}", ready->get("reason"),
                       shorten(printable(ready->get("message")), 400));
  const std::int64_t generation = value_at(object, {"metadata"}).get_int("generation");
  const std::int64_t synced = synced_generation(object);
  if (synced != 0 && synced < generation)
    return fmt::format("was changed since it was synced: generation {}, synced {}", generation, synced);
  return {};
}

Result<void> observe_synced(Attempt& attempt) {
  Reader reader = attempt.reader();
  const std::string name = reader.text("name");
  const Duration max_age = reader.has("max_age") ? reader.duration("max_age") : Duration::max();
  const auto client = kube_client(attempt);
  if (!client) return Failure(client.error());
  const std::string ns = namespace_of(reader, **client);
  if (const auto ok = reader.ok(); !ok) return ok;
  Trace trace = attempt.trace();
  const auto resource =
      (*client)->resource("externalsecrets.external-secrets.io", "", attempt.context, trace);
  if (!resource) return Failure(resource.error());
  const auto object = (*client)->get(*resource, ns, name, attempt.context, trace);
  if (!object) return Failure(object.error());
  Value& seen = attempt.seen;
  seen["store"] = value_at(*object, {"spec", "secretStoreRef"}).get("name");
  seen["refresh_interval"] = value_at(*object, {"spec"}).get("refreshInterval");
  std::string fault = fault_of(*object, seen);
  const std::string refreshed = value_at(*object, {"status"}).get("refreshTime");
  if (const auto at = parse_rfc3339(refreshed)) {
    const Duration age = std::chrono::system_clock::now() - *at;
    seen["refresh_time"] = refreshed;
    seen["age"] = seconds(age);
    if (fault.empty() && age > max_age)
      fault = fmt::format("was refreshed {} ago, at most {} are allowed", format_duration(age),
                          format_duration(max_age));
  } else if (fault.empty()) {
    fault = "has no refreshTime: it was never synced";
  }
  const std::string target = target_of(*object);
  seen["secret"] = target;
  if (!fault.empty())
    return fail("externalsecret.not-synced", "request", fmt::format("ExternalSecret {} {}", name, fault));
  const auto exists = secret_exists(**client, ns, target, attempt, trace);
  if (!exists) return Failure(exists.error());
  seen["secret_exists"] = *exists;
  if (*exists) return {};
  return fail("externalsecret.not-synced", "request",
              fmt::format("ExternalSecret {} is Ready, and its Secret {} does not exist", name, target));
}

}  // namespace

Probe external_secret_probe() {
  Probe probe;
  probe.name = "externalsecret.synced";
  probe.summary = "an ExternalSecret is Ready and was refreshed, and its Secret exists; and if not, why";
  probe.params = {
      {"name", Type::text, "name of the ExternalSecret", true, {}, "web-secrets", {}, {}},
      namespace_field(),
      {"max_age", Type::duration, "how long ago the last refresh may be", false, {}, "2h", {}, {}}};
  probe.observes = {seen_field("ready", Type::boolean, "its condition Ready is True"),
                    seen_field("reason", Type::text, "the condition's reason"),
                    seen_field("message", Type::text, "the condition's message"),
                    seen_field("refresh_time", Type::text, "when it was last refreshed (RFC 3339)"),
                    seen_field("age", Type::duration, "how long ago that is, by this machine's clock"),
                    seen_field("refresh_interval", Type::text, "how often it should be"),
                    seen_field("store", Type::text, "its SecretStore"),
                    seen_field("secret", Type::text, "the Secret that it fills"),
                    seen_field("secret_exists", Type::boolean, "that Secret is there")};
  probe.defaults = {{"ready", true}, {"secret_exists", true}};
  probe.example = "{name: web-secrets, namespace: shop}";
  probe.observe = observe_synced;
  return probe;
}

}  // namespace assay

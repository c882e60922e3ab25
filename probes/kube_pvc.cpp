// kube.pvc: volumes are claimed, bound, large enough and of the class that they should be.
#include <fmt/format.h>

#include <map>

#include "probes/cluster.h"
#include "probes/kube_reads.h"

namespace assay {
namespace {

struct Wanted {
  std::string ns;
  std::string size;
  std::string storage_class;
  std::optional<bool> expandable;
};

// Whether a class allows its volumes to grow; text: why that is not known.
class Classes {
 public:
  Classes(KubeClient& client, const Attempt& attempt, Trace& trace)
      : client_(client), attempt_(attempt), trace_(trace) {}

  // Errors: what reading the class gave, once and for all.
  const Result<bool>& expandable(const std::string& name) {
    const auto known = known_.find(name);
    if (known != known_.end()) return known->second;
    return known_.emplace(name, read(name)).first->second;
  }

 private:
  Result<bool> read(const std::string& name) {
    const auto resource = client_.resource("storageclasses.storage.k8s.io", "", attempt_.context, trace_);
    if (!resource) return Failure(resource.error());
    const auto found = client_.get(*resource, "", name, attempt_.context, trace_);
    if (!found) return Failure(found.error());
    return found->get_bool("allowVolumeExpansion");
  }

  KubeClient& client_;
  const Attempt& attempt_;
  Trace& trace_;
  std::map<std::string, Result<bool>> known_;
};

// Why a claim that is bound is not as wanted, or nothing.
std::string fault_of(const Value& claim, const Wanted& wanted) {
  const std::string asked = value_at(claim, {"spec", "resources", "requests"}).get("storage");
  const std::string has = value_at(claim, {"status", "capacity"}).get("storage");
  const auto capacity = milli_of(has);
  if (const std::string name = value_at(claim, {"spec"}).get("storageClassName");
      !wanted.storage_class.empty() && name != wanted.storage_class)
    return fmt::format("is of class {}, not {}", name.empty() ? "(none)" : name, wanted.storage_class);
  if (!wanted.size.empty() && capacity.value_or(0) < milli_of(wanted.size).value_or(0))
    return fmt::format("has {}, wanted are {}", has.empty() ? "no capacity" : has, wanted.size);
  if (capacity.value_or(0) >= milli_of(asked).value_or(0)) return {};
  for (const char* type :
       {"ControllerResizeError", "NodeResizeError", "FileSystemResizePending", "Resizing"}) {
    if (const Value* one = condition_of(claim, type); one != nullptr && one->get("status") == "True")
      return fmt::format("has {} and asks for {}: {}: {}", has, asked, type, one->get("message"));
  }
  return fmt::format("has {} and asks for {}", has, asked);
}

// There must be no claim; in a namespace that exists, since the list of one that does not is empty, too.
Result<void> conclude_none(KubeClient& client, const std::string& ns, const std::vector<Value>& claims,
                           const Attempt& attempt, Trace& trace) {
  if (!claims.empty()) {
    return fail("kube.volume", "request",
                fmt::format("claim {} is in namespace {}, and none should be{}",
                            value_at(claims.front(), {"metadata"}).get("name"), ns,
                            claims.size() > 1 ? fmt::format("; and {} more", claims.size() - 1) : ""));
  }
  return must_exist(client, "namespaces", "", ns, attempt, trace);
}

Result<void> observe_pvc(Attempt& attempt) {
  Reader reader = attempt.reader();
  const std::string name = reader.has("name") ? reader.text("name") : "";
  const std::string selector = reader.has("selector") ? reader.text("selector") : "";
  Wanted wanted;
  const bool none = reader.boolean("none");
  if (reader.has("size")) wanted.size = reader.text("size");
  if (reader.has("class")) wanted.storage_class = reader.text("class");
  if (reader.has("expandable")) wanted.expandable = reader.boolean("expandable");
  const auto client = kube_client(attempt);
  if (!client) return Failure(client.error());
  wanted.ns = namespace_of(reader, **client);
  if (const auto ok = reader.ok(); !ok) return ok;
  if (!wanted.size.empty() && !milli_of(wanted.size))
    return fail("params.invalid", "setup", "size is no quantity: " + wanted.size);
  if (!name.empty() && !selector.empty())
    return fail("params.invalid", "setup", "`name` and `selector` exclude each other");
  Trace trace = attempt.trace();
  std::vector<Value> claims;
  KubeSelection selection;
  selection.ns = wanted.ns;
  selection.labels = selector;
  if (!name.empty()) selection.fields = "metadata.name=" + name;
  const auto listed = each_object(**client, "persistentvolumeclaims", selection, attempt, trace,
                                  [&](const Value& claim) { claims.push_back(claim); });
  if (!listed) return listed;
  const std::string which = !name.empty()      ? "claim " + name
                            : selector.empty() ? std::string("claim")
                                               : "claim that matches " + selector;
  attempt.seen["total"] = claims.size();
  if (none) return conclude_none(**client, wanted.ns, claims, attempt, trace);
  if (claims.empty())
    return fail("kube.volume", "request", fmt::format("there is no {} in namespace {}", which, wanted.ns));

  Classes classes(**client, attempt, trace);
  std::vector<std::string> faults;
  std::optional<Error> unknown;
  std::size_t bound = 0;
  Value shown = Value::array();
  for (const Value& claim : claims) {
    const std::string called = value_at(claim, {"metadata"}).get("name");
    const std::string phase = value_at(claim, {"status"}).get("phase");
    const std::string storage_class = value_at(claim, {"spec"}).get("storageClassName");
    std::string fault;
    if (phase == "Bound") {
      ++bound;
      fault = fault_of(claim, wanted);
    } else {
      const std::string why =
          faults.empty() ? last_event(**client, wanted.ns, "PersistentVolumeClaim", called, attempt, trace)
                         : std::string();
      fault = fmt::format("is {}{}", phase, why.empty() ? "" : ": " + why);
    }
    Value one =
        Value::object({{"name", called},
                       {"phase", phase},
                       {"class", storage_class},
                       {"volume", value_at(claim, {"spec"}).get("volumeName")},
                       {"requested", value_at(claim, {"spec", "resources", "requests"}).get("storage")},
                       {"capacity", value_at(claim, {"status", "capacity"}).get("storage")}});
    if (!storage_class.empty()) {
      const auto& grows = classes.expandable(storage_class);
      if (grows) one["expandable"] = *grows;
      if (!grows && grows.error().code != "kube.not-found" && wanted.expandable) unknown = grows.error();
      if (!grows && grows.error().code == "kube.not-found" && wanted.expandable.value_or(false) &&
          fault.empty())
        fault = fmt::format("is of class {}, which does not exist, so that it cannot grow", storage_class);
      if (grows && wanted.expandable && *grows != *wanted.expandable && fault.empty())
        fault = fmt::format("is of class {}, which {} expansion", storage_class,
                            *grows ? "allows" : "does not allow");
    } else if (wanted.expandable.value_or(false) && fault.empty()) {
      fault = "has no class, so that it cannot grow";
    }
    if (!fault.empty()) faults.push_back(fmt::format("claim {} {}", called, fault));
    if (!fault.empty()) one["fault"] = fault;
    if (shown.items().size() < kListed) shown.push_back(std::move(one));
  }
  attempt.seen["bound"] = bound;
  attempt.seen["claims"] = std::move(shown);
  if (!faults.empty()) {
    return fail("kube.volume", "request",
                fmt::format("{}{}", faults.front(),
                            faults.size() > 1 ? fmt::format("; and {} more", faults.size() - 1) : ""));
  }
  if (unknown) return Failure(*unknown);
  return {};
}

}  // namespace

Probe kube_pvc_probe() {
  Probe probe;
  probe.name = "kube.pvc";
  probe.summary =
      "claims of volumes are bound, as large as asked for and of the right class; and if not, why";
  probe.params = {{"name", Type::text, "name of one claim", false, {}, "data-web-0", {}, {}},
                  {"selector",
                   Type::text,
                   "instead: label selector; without both, all of the namespace",
                   false,
                   {},
                   "app=web",
                   {},
                   {}},
                  namespace_field(),
                  {"size", Type::text, "the least capacity of each", false, {}, "8Gi", {}, {}},
                  {"class", Type::text, "the StorageClass of each", false, {}, "premium", {}, {}},
                  {"expandable",
                   Type::boolean,
                   "whether the class of each must, or must not, allow expansion",
                   false,
                   {},
                   "",
                   {},
                   {}}};
  probe.params.push_back(
      {"none", Type::boolean, "instead: there must be no claim at all", false, false, "", {}, {}});
  probe.observes = {seen_field("total", Type::integer, "claims found; none fails"),
                    seen_field("bound", Type::integer, "of these, bound ones"),
                    seen_field("claims", Type::list, "the first 20 of them",
                               {seen_field("name", Type::text, "name"),
                                seen_field("phase", Type::text, "Bound, Pending or Lost"),
                                seen_field("class", Type::text, "its StorageClass"),
                                seen_field("volume", Type::text, "its PersistentVolume"),
                                seen_field("requested", Type::text, "size that is asked for"),
                                seen_field("capacity", Type::text, "size that it has"),
                                seen_field("expandable", Type::boolean,
                                           "its class allows expansion; absent where that cannot be read"),
                                seen_field("fault", Type::text, "what is wrong with it")})};
  probe.defaults = {{"total", Value::object({{"present", true}})}};
  probe.example = "{selector: app=web, namespace: shop, size: 8Gi, class: premium}";
  probe.observe = observe_pvc;
  return probe;
}

}  // namespace assay

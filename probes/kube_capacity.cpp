// kube.capacity: what nodes have left for pods, against what is asked for.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "probes/cluster.h"
#include "probes/kube_reads.h"
#include "probes/kube_requests.h"

namespace assay {
namespace {

struct Node {
  std::string name;
  PodRequests allocatable;
  std::int64_t allocatable_pods = 0;
  PodRequests requested;
  std::int64_t pods = 0;
  std::string left_out;  // why it takes no pods

  PodRequests free() const {
    return {allocatable.cpu - requested.cpu, allocatable.memory - requested.memory};
  }
};

// What is asked for: all of it together, and the largest pod, which needs one node for itself.
struct Asked {
  PodRequests all;
  PodRequests pod;
  std::int64_t pods = 0;
};

std::string cores(std::int64_t milli) { return fmt::format("{:g} cpu", static_cast<double>(milli) / 1000); }

std::string bytes(std::int64_t count) {
  if (count % (1 << 20) == 0 && count < (std::int64_t{10} << 30))
    return fmt::format("{}Mi memory", count >> 20);
  return fmt::format("{:.2f}Gi memory", static_cast<double>(count) / (1 << 30));
}

// Why a node takes no new pods, or nothing.
std::string refusal(const Value& node, bool tainted) {
  if (value_at(node, {"spec"}).get_bool("unschedulable")) return "it is cordoned";
  const Value* ready = condition_of(node, "Ready");
  if (ready == nullptr || ready->get("status") != "True")
    return "it is not Ready" + (ready == nullptr ? "" : ": " + ready->get("reason"));
  const Value& taints = value_at(node, {"spec", "taints"});
  if (tainted || !taints.is_array()) return {};
  for (const Value& taint : taints.items()) {
    if (taint.get("effect") != "PreferNoSchedule")
      return fmt::format("it is tainted: {}:{}", taint.get("key"), taint.get("effect"));
  }
  return {};
}

Node node_of(const Value& object, bool tainted) {
  Node node;
  node.name = value_at(object, {"metadata"}).get("name");
  const Value& has = value_at(object, {"status", "allocatable"});
  node.allocatable.cpu = milli_of(has.get("cpu")).value_or(0);
  node.allocatable.memory = milli_of(has.get("memory")).value_or(0) / 1000;
  node.allocatable_pods = milli_of(has.get("pods")).value_or(0) / 1000;
  node.left_out = refusal(object, tainted);
  return node;
}

Value shown(const Node& node) {
  Value one = Value::object({{"name", node.name},
                             {"cpu_free", static_cast<double>(node.free().cpu) / 1000},
                             {"memory_free", node.free().memory},
                             {"pods", node.pods}});
  if (!node.left_out.empty()) one["left_out"] = node.left_out;
  return one;
}

// Adds up what counts, and says what is short.
Result<void> compare(const std::map<std::string, Node>& nodes, const Asked& asked, Value& seen) {
  Node sum;
  PodRequests largest;
  std::vector<std::string> out;
  Value list = Value::array();
  std::size_t counted = 0;
  for (const auto& [name, node] : nodes) {
    if (list.items().size() < kListed) list.push_back(shown(node));
    if (!node.left_out.empty()) {
      out.push_back(name + ": " + node.left_out);
      continue;
    }
    ++counted;
    sum.allocatable.cpu += node.allocatable.cpu;
    sum.allocatable.memory += node.allocatable.memory;
    sum.allocatable_pods += node.allocatable_pods;
    sum.requested.cpu += node.requested.cpu;
    sum.requested.memory += node.requested.memory;
    sum.pods += node.pods;
    if (node.free().cpu >= asked.pod.cpu && node.free().memory >= asked.pod.memory) largest = asked.pod;
  }
  seen["nodes"] = std::move(list);
  seen["counted"] = counted;
  seen["cpu_allocatable"] = static_cast<double>(sum.allocatable.cpu) / 1000;
  seen["cpu_requested"] = static_cast<double>(sum.requested.cpu) / 1000;
  seen["cpu_free"] = static_cast<double>(sum.free().cpu) / 1000;
  seen["memory_allocatable"] = sum.allocatable.memory;
  seen["memory_requested"] = sum.requested.memory;
  seen["memory_free"] = sum.free().memory;
  seen["pods"] = sum.pods;
  seen["pods_free"] = sum.allocatable_pods - sum.pods;
  const std::string without = out.empty() ? "" : fmt::format(" (left out: {})", fmt::join(out, "; "));
  if (counted == 0) return fail("kube.capacity", "request", "no node takes pods" + without);
  std::vector<std::string> lacks;
  if (sum.free().cpu < asked.all.cpu) {
    lacks.push_back(fmt::format("{} are asked for, {} of {} are free", cores(asked.all.cpu),
                                cores(sum.free().cpu), cores(sum.allocatable.cpu)));
  }
  if (sum.free().memory < asked.all.memory) {
    lacks.push_back(fmt::format("{} is asked for, {} of {} is free", bytes(asked.all.memory),
                                bytes(sum.free().memory), bytes(sum.allocatable.memory)));
  }
  if (largest.cpu < asked.pod.cpu || largest.memory < asked.pod.memory) {
    lacks.push_back(fmt::format("no node has room for a pod of {} and {}", cores(asked.pod.cpu),
                                bytes(asked.pod.memory)));
  }
  if (sum.allocatable_pods - sum.pods < asked.pods) {
    lacks.push_back(fmt::format("{} pods are asked for, there is room for {}", asked.pods,
                                sum.allocatable_pods - sum.pods));
  }
  if (lacks.empty()) return {};
  return fail("kube.capacity", "request",
              fmt::format("{}; {} pods on {} nodes are counted{}", fmt::join(lacks, "; "), sum.pods, counted,
                          without));
}

// A quantity among the parameters, in thousandths.
Result<std::int64_t> quantity(Reader& reader, const char* name) {
  if (!reader.has(name)) return 0;
  const std::string text = reader.text(name);
  const auto milli = milli_of(text);
  if (milli && *milli >= 0) return *milli;
  return fail("params.invalid", "setup", fmt::format("{} is no quantity: {}", name, text));
}

Result<Asked> read_asked(Reader& reader) {
  Asked asked;
  for (const auto& [name, to, unit] : {std::tuple{"cpu", &asked.all.cpu, 1},
                                       {"memory", &asked.all.memory, 1000},
                                       {"pod_cpu", &asked.pod.cpu, 1},
                                       {"pod_memory", &asked.pod.memory, 1000}}) {
    const auto milli = quantity(reader, name);
    if (!milli) return Failure(milli.error());
    *to = (*milli + unit - 1) / unit;
  }
  asked.pods = reader.integer("pods");
  return asked;
}

Result<void> observe_capacity(Attempt& attempt) {
  Reader reader = attempt.reader();
  KubeSelection which;
  if (reader.has("nodes")) which.labels = reader.text("nodes");
  if (reader.has("node")) which.fields = "metadata.name=" + reader.text("node");
  const bool tainted = reader.boolean("tainted");
  const auto asked = read_asked(reader);
  if (!asked) return Failure(asked.error());
  const auto client = kube_client(attempt);
  if (!client) return Failure(client.error());
  if (const auto ok = reader.ok(); !ok) return ok;
  Trace trace = attempt.trace();
  std::map<std::string, Node> nodes;
  const auto listed = each_object(**client, "nodes", which, attempt, trace, [&](const Value& object) {
    Node node = node_of(object, tainted);
    nodes.emplace(node.name, std::move(node));
  });
  if (!listed) return listed;
  if (nodes.empty()) {
    return fail("kube.capacity", "request",
                "no node " + (which.fields.empty() ? "matches " + which.labels : which.fields));
  }
  std::int64_t waiting = 0;
  const auto counted = each_object(**client, "pods", {}, attempt, trace, [&](const Value& pod) {
    if (!holds_resources(pod)) return;
    const std::string on = value_at(pod, {"spec"}).get("nodeName");
    if (on.empty()) ++waiting;
    const auto node = nodes.find(on);
    if (node == nodes.end()) return;
    const PodRequests requests = requests_of(pod);
    node->second.requested.cpu += requests.cpu;
    node->second.requested.memory += requests.memory;
    ++node->second.pods;
  });
  if (!counted) return counted;
  attempt.seen["waiting"] = waiting;
  return compare(nodes, *asked, attempt.seen);
}

}  // namespace

Probe kube_capacity_probe() {
  Probe probe;
  probe.name = "kube.capacity";
  probe.summary = "what nodes have left beside the requests of their pods, against what is asked for";
  probe.params = {
      {"nodes",
       Type::text,
       "label selector of nodes; all when none is given",
       false,
       {},
       "pool=infra",
       {},
       {}},
      {"node", Type::text, "one node by its name", false, {}, "node-1", {}, {}},
      {"tainted", Type::boolean, "count nodes that keep pods away by a taint, too", false, false, "", {}, {}},
      {"cpu", Type::text, "cores asked for, all together", false, {}, "2500m", {}, {}},
      {"memory", Type::text, "memory asked for, all together", false, {}, "6Gi", {}, {}},
      {"pods", Type::integer, "pods asked for", false, 0, "", {}, {}},
      {"pod_cpu", Type::text, "cores of the largest pod, which must fit on one node", false, {}, "1", {}, {}},
      {"pod_memory", Type::text, "memory of the largest pod", false, {}, "2Gi", {}, {}}};
  probe.observes = {
      seen_field("counted", Type::integer, "nodes that take pods; none fails"),
      seen_field("cpu_allocatable", Type::number, "cores that pods can have on them"),
      seen_field("cpu_requested", Type::number, "cores that pods have asked for"),
      seen_field("cpu_free", Type::number, "cores that are left"),
      seen_field("memory_allocatable", Type::size, "bytes that pods can have"),
      seen_field("memory_requested", Type::size, "bytes that pods have asked for"),
      seen_field("memory_free", Type::size, "bytes that are left"),
      seen_field("pods", Type::integer, "pods on them"),
      seen_field("pods_free", Type::integer, "pods that they still take"),
      seen_field("waiting", Type::integer, "pods of the cluster that are on no node yet"),
      seen_field("nodes", Type::list, "the first 20 nodes",
                 {seen_field("name", Type::text, "name"), seen_field("cpu_free", Type::number, "cores left"),
                  seen_field("memory_free", Type::size, "bytes left"),
                  seen_field("pods", Type::integer, "pods on it"),
                  seen_field("left_out", Type::text, "why it does not count")})};
  probe.defaults = {{"counted", Value::object({{"ge", 1}})}};
  probe.example = "{cpu: '4', memory: 8Gi}";
  probe.observe = observe_capacity;
  return probe;
}

}  // namespace assay

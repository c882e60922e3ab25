// The explicit table of all probes.
#include <algorithm>
#include <array>

#include "probes/cluster.h"
#include "probes/probe.h"

namespace assay {
namespace {

// These connect to one address, and no server there sends them on to another (as Kafka's brokers, Sentinels
// and repmgr do). `tcp` is none of them: through a port-forward a connection is always accepted, and only an
// answer tells that something is there.
bool can_be_forwarded(const Probe& probe) {
  static constexpr auto kFamilies =
      std::to_array<std::string_view>({"http", "tls", "grpc.", "redis.", "postgres.", "pgpool.", "opa.",
                                       "openfga.", "prometheus.", "grafana.", "qdrant.", "vault."});
  return std::any_of(kFamilies.begin(), kFamilies.end(),
                     [&](std::string_view family) { return probe.name.starts_with(family); });
}

// A probe that asks the API server stands where its credentials are.
std::vector<std::string> vantages_of(const Probe& probe) {
  std::vector<std::string> vantages = {"local"};
  const auto is_of = [&](std::string_view family) { return probe.name.starts_with(family); };
  const bool of_cluster = is_of("kube.") || is_of("helm.") || is_of("secret.") || is_of("externalsecret.") ||
                          is_of("configmap.") || is_of("toolchain");
  if (!of_cluster || probe.name == "kube.reach") vantages.emplace_back("job");
  if (can_be_forwarded(probe)) vantages.emplace_back("forward");
  if (probe.name == "command") vantages.emplace_back("exec");
  return vantages;
}

}  // namespace

Probes all_probes() {
  Probes all;
  for (Probes (*family)() :
       {tcp_probes, host_probes, kafka_probes, redis_probes, postgres_probes, kube_probes, kube_ready_probes,
        reach_probes, helm_probes, cluster_probes, http_probes, service_probes, grpc_probes}) {
    for (Probe& probe : family()) {
      probe.vantages = vantages_of(probe);
      all.push_back(std::move(probe));
    }
  }
  std::sort(all.begin(), all.end(), [](const Probe& a, const Probe& b) { return a.name < b.name; });
  return all;
}

Fields observations_of(const Probe& probe) {
  Fields fields = probe.observes;
  if (probe.network) {
    for (Field& field : connection_observations()) fields.push_back(std::move(field));
  }
  fields.push_back({"error",
                    Type::object,
                    "how the probe failed",
                    false,
                    {},
                    "",
                    {{"code", Type::text, "stable code", false, {}, "", {}, {}},
                     {"phase", Type::text, "where", false, {}, "", {}, {}},
                     {"message", Type::text, "a sentence", false, {}, "", {}, {}}},
                    {}});
  return fields;
}

std::vector<std::string> address_targets(const Value& params) {
  std::vector<std::string> targets;
  for (const char* name : {"address", "addresses", "brokers"}) {
    const Value* value = params.find(name);
    if (value == nullptr) continue;
    if (value->is_string()) {
      for (const HostPort& one : parse_host_ports(value->string(), 1).value_or(std::vector<HostPort>())) {
        targets.push_back(one.text());
      }
    } else if (value->is_array()) {
      for (const Value& item : value->items()) {
        if (item.is_string()) targets.push_back(item.string());
      }
    }
  }
  return targets;
}

}  // namespace assay

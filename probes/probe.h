// The seam of probes: a row with a function that observes one thing and never judges.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/context.h"
#include "core/secret.h"
#include "net/network.h"
#include "net/trace.h"
#include "probes/fields.h"

namespace assay {

class Kube;

enum class Effect { reads, writes };

// Everything one attempt gets. Parameters are already checked against the table, variables are filled in,
// references are not: a Reader resolves them. What is seen goes into `seen` (an object) as it is seen, so
// that a failure still shows what came before it.
struct Attempt {
  const Value& params;
  const Fields& fields;  // the probe's parameter table
  const SecretStore& secrets;
  Network& network;
  Context context;
  Value& seen;
  std::uint64_t random;  // from the run's seed; different for each attempt
  std::string run;       // the run's id, for names of objects of assay's own
  Kube* kube = nullptr;  // the run's cluster; null where there is none (a test)

  Reader reader() const { return Reader(params, fields, secrets); }
  Trace trace() const { return Trace(seen); }
};

// Observes. ok: the observation is complete and expectations are compared with it; an error is recorded as
// `error: {code, phase, message}` in the observation by the caller and decides the verdict unless it was
// expected.
using Observe = std::function<Result<void>(Attempt&)>;

// A path of the observation with a matcher, as a suite would write them under `expect`.
struct DefaultExpectation {
  std::string path;
  Value matcher;
};

// One row of the table of probes.
struct Probe {
  std::string name;     // "redis.ping"
  std::string summary;  // one line
  Effect effect = Effect::reads;
  Fields params;
  Fields observes;      // beside connection_observations(), which `network` adds
  bool network = true;  // it connects somewhere: phases, peer, addresses, tls may be observed
  std::vector<DefaultExpectation> defaults;
  std::string example;  // the YAML of one check's `with`
  Observe observe;
  // The addresses whose load this probe adds to, for the caps per target ("host:port"; empty: none). Gets
  // checked parameters in which references are not resolved; a text that is a reference is left out.
  std::function<std::vector<std::string>(const Value& params)> targets = {};
  std::vector<std::string> vantages = {"local"};
  // What proves nothing unless another check of this probe got through to the same address in the same run: a
  // suite that expects it must name that check under `control`.
  std::optional<DefaultExpectation> wants_control = {};
};

using Probes = std::vector<Probe>;

// One function for each file pair of probes/, put together by probes/table.cpp.
Probes tcp_probes();
Probes redis_probes();
Probes postgres_probes();
Probes kafka_probes();
Probes http_probes();
Probes service_probes();  // the table of HTTP and JSON services
Probes grpc_probes();
Probes host_probes();  // file, command, dns, tls
Probes kube_probes();
Probes reach_probes();
Probes kube_ready_probes();
Probes helm_probes();

// All of them, sorted by name.
Probes all_probes();

// Every field that an observation of this probe may have: its own, those of its connections, and `error`.
Fields observations_of(const Probe& probe);

// The targets of the usual parameter `address` (or of each of `addresses`).
std::vector<std::string> address_targets(const Value& params);

}  // namespace assay

// Resolving the references of a plan before its first check.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/context.h"
#include "core/redactor.h"
#include "core/secret.h"
#include "engine/plan.h"
#include "probes/probe.h"

namespace assay {

class Kube;

// A secret that stands in a suite itself.
struct LiteralSecret {
  std::string field;  // where in `with`: "password", "headers.Authorization", "env.PGPASSWORD", "url"
  Mark mark;
  std::string text;
};

// Those of one check's parameters: what the probe's table calls a secret, the token of a {vault:} reference,
// headers, environment variables and parts of bodies whose names say secret (see core/literals.h), and what
// URLs carry in them. For the redactor, and for the warning that they should be references. Pure.
std::vector<LiteralSecret> literal_secrets(const Value& params, const Fields& fields);

// Calls `visit` for every reference in the tree; not for the token inside a {vault:} one.
void each_reference(const Value& value, const std::function<void(const Value& reference)>& visit);

// One of the environment, also where set_up_process took the variable out of it, or of a file.
Result<Secret> read_local(const Value& reference, const std::map<std::string, Secret>& taken);

// Any reference, read now: that of a Secret from the cluster of `kube` (null: there is none), that of Vault
// with its url, path, key and token in it. Errors: secret.unresolved.
Result<Secret> read_reference(const Value& reference, const std::map<std::string, Secret>& taken,
                              Network& network, Kube* kube, const Context& context);

// Reads every {env:}, {file:}, {vault:} and {secret:} reference in the plan's parameters, those over the
// network in parallel and within ten seconds, and keeps the outcome in `store`; each secret is told to the
// redactor, and so are literal ones. What could not be read is kept as `secret.unresolved`: its checks become
// `error`. What a job's own container reads (is_read_there, is_mounted) is left to it. Secrets of the cluster
// are read with `kube`, which may be null. `taken` is what set_up_process took out of the environment.
// Afterwards redactor.weak() names the secrets that cannot be kept out of every output.
void resolve_references(const Plan& plan, const Probes& probes, SecretStore& store, const Redactor& redactor,
                        const std::shared_ptr<Network>& network, const Context& context,
                        const std::map<std::string, Secret>& taken = {}, Kube* kube = nullptr);

}  // namespace assay

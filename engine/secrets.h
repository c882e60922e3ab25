// Resolving the references of a plan before its first check.
#pragma once

#include <memory>

#include "core/context.h"
#include "core/redactor.h"
#include "core/secret.h"
#include "engine/plan.h"
#include "probes/probe.h"

namespace assay {

// Reads every {env:}, {file:} and {vault:} reference in the plan's parameters, those over the network in
// parallel and within ten seconds, and keeps the outcome in `store`; each secret is told to the redactor.
// References of other kinds are kept as `secret.unresolved`: their checks become `error`. A literal where a
// probe's table says secret is told to the redactor, too.
void resolve_references(const Plan& plan, const Probes& probes, SecretStore& store, Redactor& redactor,
                        const std::shared_ptr<Network>& network, const Context& context);

}  // namespace assay

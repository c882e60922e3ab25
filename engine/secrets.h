// Resolving the references of a plan before its first check.
#pragma once

#include "core/context.h"
#include "core/redactor.h"
#include "core/secret.h"
#include "engine/plan.h"
#include "probes/probe.h"

namespace assay {

// Reads every {env:} and {file:} reference in the plan's parameters and keeps the outcome in `store`; each secret is
// told to the redactor. References of other kinds are kept as `secret.unresolved`: their checks become `error`. A
// literal where a probe's table says secret is told to the redactor, too.
void resolve_references(const Plan& plan, const Probes& probes, SecretStore& store, Redactor& redactor,
                        const Context& context);

}  // namespace assay

// The probe `command` at the vantage {exec: ...}.
#pragma once

#include "probes/probe.h"

namespace assay {

// Runs the program in a container that is there already: {namespace, pod, container}. Observes what `command`
// does; a program that a signal ended has the exit code 128 + signal there. Errors also: those of KubeClient,
// kube.no-pod; params.invalid for `env` and `directory`, which the API does not have.
Result<void> observe_exec(Attempt& attempt, const Value& where);

}  // namespace assay

// What the probes of Kubernetes share.
#pragma once

#include "kube/kube.h"
#include "probes/probe.h"

namespace assay {

// The run's client. Errors: kube.config; harness.internal where the run has no cluster at all.
Result<KubeClient*> kube_client(const Attempt& attempt);

// A namespace as a check names it, else the context's own.
std::string namespace_of(Reader& reader, const KubeClient& client);

// Fills `seen` with what an object says, without what nobody asks for (managedFields, the last applied
// configuration, which can hold a Secret's values), and with sizes instead of a Secret's values.
void show_object(Value object, Value& seen);

Field namespace_field();

}  // namespace assay

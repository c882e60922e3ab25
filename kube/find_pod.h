// Which pod is meant.
#pragma once

#include <string>

#include "kube/client.h"

namespace assay {

// The name of a pod: `word` itself ("NAME", "pod/NAME"), or a ready pod of a workload ("deploy/NAME",
// "sts/NAME", "ds/NAME") or behind a Service ("svc/NAME"), the first by name. Pods of assay's own are not
// taken. Errors: those of KubeClient; kube.no-pod when there is no ready one.
Result<std::string> find_pod(KubeClient& client, const std::string& ns, const std::string& word,
                             const Context& context, Trace& trace);

// Has the pod's condition Ready the status True?
bool is_ready_pod(const Value& pod);

// A LabelSelector as a list's query takes it: "a=b,c in (d,e)".
std::string selector_text(const Value& selector);

}  // namespace assay

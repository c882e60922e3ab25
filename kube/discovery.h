// What kinds an API server knows.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/context.h"
#include "core/result.h"
#include "core/value.h"
#include "kube/resource.h"
#include "net/trace.h"

namespace assay {

struct KubeRequest;

// Asks in two requests for everything (aggregated discovery, Kubernetes 1.26 and later), or group by group
// where the server is older or an aggregated API server does not answer. Kept for the run; asked again once,
// when a word is not known, since a CRD may have come. Safe from any thread.
class KubeDiscovery {
 public:
  using Call = std::function<Result<Value>(const KubeRequest&, const Context&, Trace&)>;
  explicit KubeDiscovery(Call call) : call_(std::move(call)) {}

  Result<KubeResource> find(const std::string& word, const std::string& api_version, const Context& context,
                            Trace& trace);
  // Everything that the server has now, in its order of preference; asked anew each time.
  Result<std::vector<KubeResource>> all(const Context& context, Trace& trace);

 private:
  Result<void> read(const Context& context, Trace& trace);
  Result<void> read_tree(const std::string& path, const Context& context, Trace& trace,
                         std::vector<KubeResource>& resources);

  const Call call_;
  std::mutex mutex_;
  std::optional<std::vector<KubeResource>> resources_;  // in the server's order of preference
};

// The resources of an APIGroupDiscoveryList (apidiscovery.k8s.io/v2 or v2beta1), or of an APIResourceList.
void append_resources(const Value& document, std::vector<KubeResource>& resources);

// The one that `word` means, or null: kind, plural, singular or short name, each with ".group" behind it or
// not.
const KubeResource* choose_resource(const std::vector<KubeResource>& resources, const std::string& word,
                                    const std::string& api_version);

}  // namespace assay

// Kubernetes' REST API: requests, errors, lists.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/context.h"
#include "kube/config.h"
#include "kube/resource.h"
#include "net/network.h"
#include "net/trace.h"

namespace assay {

class KubeCredentialSource;
class KubeDiscovery;
class KubeGather;
class HttpStream;
class KubeStream;
struct KubeEvent;
class WebSocket;
struct HttpRequest;
struct HttpResponse;

struct KubeRequest {
  std::string method = "GET";
  std::string path;  // with its query, "/api/v1/namespaces?limit=500"
  std::string body;  // none when it is empty
  std::string content_type = "application/json";
  std::string accept = "application/json";
  std::size_t max_body = 64U << 20;
  std::string as;  // impersonate this user, instead of whom the access names; empty: do not
  // How long the call is repeated where the server says 429 or 5xx; nothing: until the deadline.
  std::optional<Duration> patience;
};

// Which objects of a resource. Selectors are written as kubectl's -l and --field-selector take them.
struct KubeSelection {
  std::string ns;  // empty: all namespaces, or a resource without them
  std::string labels;
  std::string fields;
  bool metadata_only = false;  // PartialObjectMetadata: what an object holds does not leave the server
};

// Which part of a container's log.
struct KubeLogs {
  std::string container;             // empty: the pod's only or default one
  std::optional<std::int64_t> tail;  // the last lines
  std::optional<Duration> since;     // not older than that; rounded up to whole seconds
  bool previous = false;             // of the container that ran before this one
  bool timestamps = false;           // each line begins with its time
  std::size_t max_bytes = 1U << 20;  // from the beginning of what was asked for
};

// One API server and one user. Connections are kept and shared (HTTP/2 where the server has it). Safe from
// any thread.
//
// Errors of every call: those of the HTTP engine; kube.unauthorized (401), kube.forbidden (403, says which
// verb on which resource is missing), kube.not-found, kube.conflict, kube.expired (410), kube.invalid
// (another 4xx), kube.busy (429), kube.disruption-budget (429 because a budget forbids an eviction) and
// kube.server (5xx), with the server's own sentence
// (https://kubernetes.io/docs/reference/using-api/api-concepts/, "kind: Status"). 429, and 5xx where nothing
// can have been changed, are repeated after Retry-After, or with growing pauses, while the deadline allows
// it.
class KubeClient {
 public:
  KubeClient(Network& network, KubeAccess access);
  ~KubeClient();
  KubeClient(const KubeClient&) = delete;
  KubeClient& operator=(const KubeClient&) = delete;

  const KubeAccess& access() const { return access_; }

  // One request; the body of a good answer, as text. Phases, peer and chain go to `trace`.
  Result<std::string> text(const KubeRequest& request, const Context& context, Trace& trace);
  // The same, read as JSON.
  Result<Value> call(const KubeRequest& request, const Context& context, Trace& trace);

  // What a user's word for a kind means on this server: "Pod", "pods", "po", "deployments.apps", with the API
  // version where it is given. Asked of the server once and kept. Errors also: kube.no-kind, with the nearest
  // names.
  Result<KubeResource> resource(const std::string& word, const std::string& api_version,
                                const Context& context, Trace& trace);
  // Every kind of the server, each in all its versions, in the server's order of preference.
  Result<std::vector<KubeResource>> resources(const Context& context, Trace& trace);

  Result<Value> get(const KubeResource& resource, const std::string& ns, const std::string& name,
                    const Context& context, Trace& trace);
  // Hands over every object of a selection, page after page of 500, so that memory is bounded by a page;
  // `take` returns false to stop. Gives the list's resourceVersion. A continuation that expired in the middle
  // (410) begins again only when nothing was handed over yet; else it is kube.expired.
  Result<std::string> list(const KubeResource& resource, const KubeSelection& selection,
                           const Context& context, Trace& trace,
                           const std::function<bool(Value object)>& take);
  Result<Value> create(const KubeResource& resource, const std::string& ns, const Value& object,
                       const Context& context, Trace& trace);
  // Removes the object if it is still the one with `uid` (empty: whichever has the name).
  Result<void> remove(const KubeResource& resource, const std::string& ns, const std::string& name,
                      const std::string& uid, const Context& context, Trace& trace);
  enum class Patch { merge, json, apply };
  // A patch; `apply` is server-side apply as field manager "assay".
  Result<Value> patch(const KubeResource& resource, const std::string& ns, const std::string& name,
                      Patch kind, const Value& body, const Context& context, Trace& trace);

  // The same for many callers at once, who then share one LIST for a kind and namespace: see KubeGather. What
  // is given was read after this was called.
  Result<Value> get_gathered(const KubeResource& resource, const std::string& ns, const std::string& name,
                             const Context& context, Trace& trace);
  // A part of an object that has a path of its own ("status", "scale"): read, changed, or made (the "token"
  // of a ServiceAccount).
  Result<Value> get_part(const KubeResource& resource, const std::string& ns, const std::string& name,
                         const std::string& part, const Context& context, Trace& trace);
  Result<Value> patch_part(const KubeResource& resource, const std::string& ns, const std::string& name,
                           const std::string& part, Patch kind, const Value& body, const Context& context,
                           Trace& trace);
  Result<Value> create_part(const KubeResource& resource, const std::string& ns, const std::string& name,
                            const std::string& part, const Value& body, const Context& context, Trace& trace);

  // Hands over every change of a selection after `version` (what list() or an earlier watch() gave), in
  // order, each once, until `take` returns false; gives the version to go on from. An empty version begins
  // with what is there, as `added`. A watch that is cut (the server ends it, restarts or falls silent for
  // more than a minute) goes on from the last event. Errors also: deadline, which is how a watch ends where
  // nothing else does; kube.expired, when the server no longer has that version: changes are lost then, and
  // the caller must list again.
  Result<std::string> watch(const KubeResource& resource, const KubeSelection& selection,
                            const std::string& version, const Context& context, Trace& trace,
                            const std::function<bool(KubeEvent event)>& take);

  // Text of a container's log, as it is written down on the node.
  Result<std::string> logs(const std::string& ns, const std::string& pod, const KubeLogs& which,
                           const Context& context, Trace& trace);
  // Asks for a pod to be evicted, if it is still the one with `uid` (empty: whichever has the name). Does not
  // wait until it is gone.
  Result<void> evict(const std::string& ns, const std::string& pod, const std::string& uid,
                     const Context& context, Trace& trace);

  // Runs a program in a container (the pod's only or default one where `container` is empty), with its
  // standard input where that is asked for. kube/stream.h says how to go on. Errors also: those of WebSocket.
  Result<KubeStream> exec(const std::string& ns, const std::string& pod, const std::string& container,
                          const std::vector<std::string>& argv, bool with_stdin, const Context& context,
                          Trace& trace);
  // The standard streams of the program that a container runs anyway.
  Result<KubeStream> attach(const std::string& ns, const std::string& pod, const std::string& container,
                            bool with_stdin, const Context& context, Trace& trace);
  // One connection to a port of a pod, as from inside it.
  Result<KubeStream> forward(const std::string& ns, const std::string& pod, std::uint16_t port,
                             const Context& context, Trace& trace);

 private:
  struct Patience;
  Result<HttpRequest> prepare(const KubeRequest& request, const Context& context);
  Result<void> wait_to_repeat(const KubeRequest& request, const HttpResponse& refusal, Patience& patience,
                              const Context& context);
  Result<HttpStream> open(const KubeRequest& request, const Context& context, Trace& trace);
  Result<WebSocket> upgrade(const std::string& path, const std::vector<std::string>& protocols,
                            const Context& context, Trace& trace);
  Result<HttpResponse> once(const KubeRequest& request, const Context& context, Trace& trace);

  Network& network_;
  const KubeAccess access_;
  std::unique_ptr<KubeCredentialSource> credentials_;
  std::unique_ptr<KubeDiscovery> discovery_;
  std::unique_ptr<KubeGather> gather_;
};

}  // namespace assay

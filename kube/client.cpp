#include "kube/client.h"

#include <algorithm>

#include "core/base64.h"
#include "kube/credentials.h"
#include "kube/discovery.h"
#include "kube/gather.h"
#include "kube/status.h"
#include "net/http.h"
#include "net/http_stream.h"
#include "net/websocket.h"

namespace assay {
namespace {

constexpr auto kFirstPause = std::chrono::milliseconds(200);
constexpr auto kLongestPause = std::chrono::seconds(5);
constexpr int kPage = 500;
constexpr std::size_t kMostRefusal = 1U << 20;

bool changes_nothing(const std::string& method) { return method == "GET" || method == "HEAD"; }

std::string query_of(const KubeSelection& selection) {
  std::string query = "?limit=" + std::to_string(kPage);
  if (!selection.labels.empty()) query += "&labelSelector=" + url_escaped(selection.labels);
  if (!selection.fields.empty()) query += "&fieldSelector=" + url_escaped(selection.fields);
  return query;
}

}  // namespace

KubeClient::KubeClient(Network& network, KubeAccess access)
    : network_(network),
      access_(std::move(access)),
      credentials_(std::make_unique<KubeCredentialSource>(access_)),
      discovery_(
          std::make_unique<KubeDiscovery>([this](const KubeRequest& request, const Context& context,
                                                 Trace& trace) { return call(request, context, trace); })),
      gather_(std::make_unique<KubeGather>(*this)) {}

KubeClient::~KubeClient() = default;

Result<HttpRequest> KubeClient::prepare(const KubeRequest& request, const Context& context) {
  const auto credentials = credentials_->get(context);
  if (!credentials) return Failure(credentials.error());
  HttpRequest http;
  http.method = request.method;
  http.url = access_.server + request.path;
  http.max_body = request.max_body;
  http.fresh = false;
  http.version = access_.tls.enabled ? HttpVersion::two : HttpVersion::one;
  http.tls = access_.tls;
  http.proxy = access_.proxy;
  http.tls.cert = credentials->cert;
  http.tls.key = credentials->key;
  http.headers.push_back({"Accept", Secret(request.accept)});
  if (!credentials->token.empty()) {
    http.headers.push_back({"Authorization", Secret("Bearer " + credentials->token.reveal())});
  } else if (!access_.username.empty()) {
    http.headers.push_back({"Authorization", Secret("Basic " + encode_base64(access_.username + ":" +
                                                                             access_.password.reveal()))});
  }
  if (!request.as.empty()) {
    http.headers.push_back({"Impersonate-User", Secret(request.as)});
  } else if (!access_.as.empty()) {
    http.headers.push_back({"Impersonate-User", Secret(access_.as)});
    for (const std::string& group : access_.as_groups)
      http.headers.push_back({"Impersonate-Group", Secret(group)});
  }
  if (!request.body.empty()) {
    http.body = Secret(request.body);
    http.headers.push_back({"Content-Type", Secret(request.content_type)});
  }
  return http;
}

Result<HttpResponse> KubeClient::once(const KubeRequest& request, const Context& context, Trace& trace) {
  const auto http = prepare(request, context);
  if (!http) return Failure(http.error());
  return network_.http().run(*http, context, trace);
}

// How often a call was repeated already.
struct KubeClient::Patience {
  explicit Patience(const KubeRequest& request)
      : until(request.patience ? Deadline::in(*request.patience) : Deadline()) {}

  Deadline until;
  Duration pause = kFirstPause;
  bool refused = false;
};

// ok once it is time to ask again; else why not.
Result<void> KubeClient::wait_to_repeat(const KubeRequest& request, const HttpResponse& refusal,
                                        Patience& patience, const Context& context) {
  const Failure failure = kube_failure(refusal, request.method, request.path);
  // A token that ran out a moment ago: once more with a new one.
  if (refusal.status == 401 && !std::exchange(patience.refused, true) && credentials_->refused()) return {};
  const bool again =
      failure.value().code == "kube.busy" || (refusal.status >= 500 && changes_nothing(request.method));
  if (!again) return failure;
  const Duration wait = retry_after(refusal).value_or(patience.pause);
  patience.pause = std::min<Duration>(patience.pause * 2, kLongestPause);
  if (context.deadline().earlier(patience.until).left() <= wait) return failure;
  return context.pause(Deadline::in(wait), "request");
}

Result<std::string> KubeClient::text(const KubeRequest& request, const Context& context, Trace& trace) {
  Patience patience(request);
  while (true) {
    auto response = once(request, context, trace);
    if (!response) return Failure(response.error());
    if (response->status >= 200 && response->status < 300) return std::move(response->body);
    if (const auto again = wait_to_repeat(request, *response, patience, context); !again)
      return Failure(again.error());
  }
}

// A good answer whose body is read while it comes, on a connection of its own: one that pauses holds up no
// other.
Result<HttpStream> KubeClient::open(const KubeRequest& request, const Context& context, Trace& trace) {
  Patience patience(request);
  while (true) {
    auto http = prepare(request, context);
    if (!http) return Failure(http.error());
    http->version = HttpVersion::one;
    http->fresh = true;
    auto stream = network_.http().open(*http, context, trace);
    if (!stream || (stream->head().status >= 200 && stream->head().status < 300)) return stream;
    HttpResponse refusal = stream->head();
    while (refusal.body.size() < kMostRefusal) {
      const auto more = stream->next(context);
      if (!more || !*more) break;
      refusal.body += **more;
    }
    if (const auto again = wait_to_repeat(request, refusal, patience, context); !again)
      return Failure(again.error());
  }
}

Result<WebSocket> KubeClient::upgrade(const std::string& path, const std::vector<std::string>& protocols,
                                      const Context& context, Trace& trace) {
  if (access_.proxy && access_.proxy->kind == Proxy::Kind::https) {
    return fail(
        "kube.config", "setup",
        "exec, attach and port-forward do not go through a proxy of https (proxy-url); http and socks5 do");
  }
  KubeRequest request;
  request.path = path;
  request.accept = "*/*";  // a kubelet that the request is passed on to knows nothing else
  Patience patience(request);
  while (true) {
    const auto http = prepare(request, context);
    if (!http) return Failure(http.error());
    const auto url = parse_http_url(http->url);
    if (!url) return fail("kube.config", "setup", "the server of the kubeconfig is no URL");
    WebSocketRequest wanted;
    wanted.target = url->target();
    wanted.proxy = http->proxy;
    wanted.tls = http->tls;
    wanted.authority = url->authority;
    wanted.path = url->path;
    wanted.headers = http->headers;
    wanted.protocols = protocols;
    HttpResponse answer;
    auto socket = WebSocket::open(network_, wanted, context, trace, answer);
    if (socket || answer.status < 300) return socket;
    if (const auto again = wait_to_repeat(request, answer, patience, context); !again)
      return Failure(again.error());
  }
}

Result<Value> KubeClient::call(const KubeRequest& request, const Context& context, Trace& trace) {
  const auto body = text(request, context, trace);
  if (!body) return Failure(body.error());
  auto json = parse_json(*body);
  if (!json) return fail("http.body", "transfer", "the API server's answer is " + json.error().message);
  return json;
}

Result<KubeResource> KubeClient::resource(const std::string& word, const std::string& api_version,
                                          const Context& context, Trace& trace) {
  return discovery_->find(word, api_version, context, trace);
}

Result<std::vector<KubeResource>> KubeClient::resources(const Context& context, Trace& trace) {
  return discovery_->all(context, trace);
}

Result<Value> KubeClient::get(const KubeResource& resource, const std::string& ns, const std::string& name,
                              const Context& context, Trace& trace) {
  return get_part(resource, ns, name, "", context, trace);
}

Result<Value> KubeClient::get_gathered(const KubeResource& resource, const std::string& ns,
                                       const std::string& name, const Context& context, Trace& trace) {
  return gather_->get(resource, ns, name, context, trace);
}

Result<Value> KubeClient::get_part(const KubeResource& resource, const std::string& ns,
                                   const std::string& name, const std::string& part, const Context& context,
                                   Trace& trace) {
  KubeRequest request;
  request.path = resource.path(ns, name, part);
  return call(request, context, trace);
}

Result<std::string> KubeClient::list(const KubeResource& resource, const KubeSelection& selection,
                                     const Context& context, Trace& trace,
                                     const std::function<bool(Value object)>& take) {
  const std::string query = resource.path(selection.ns) + query_of(selection);
  std::string next;
  bool any = false;
  while (true) {
    KubeRequest request;
    if (selection.metadata_only)
      request.accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    request.path = next.empty() ? query : query + "&continue=" + url_escaped(next);
    auto page = call(request, context, trace);
    if (!page && page.error().code == "kube.expired" && !next.empty() && !any) {
      next.clear();
      continue;
    }
    if (!page) return Failure(page.error());
    const Value* meta = page->find("metadata");
    next = meta == nullptr ? "" : meta->get("continue");
    const std::string version = meta == nullptr ? "" : meta->get("resourceVersion");
    // Go writes an empty list as null, too.
    Value* items = page->find("items");
    if (items == nullptr || !(items->is_array() || items->is_null()))
      return fail("http.body", "transfer", "the API server's answer to GET " + request.path + " is no list");
    if (items->is_array()) {
      for (Value& item : items->items()) {
        any = true;
        if (!take(std::move(item))) return version;
      }
    }
    if (next.empty()) return version;
  }
}

Result<Value> KubeClient::create(const KubeResource& resource, const std::string& ns, const Value& object,
                                 const Context& context, Trace& trace) {
  return create_part(resource, ns, "", "", object, context, trace);
}

Result<Value> KubeClient::create_part(const KubeResource& resource, const std::string& ns,
                                      const std::string& name, const std::string& part, const Value& body,
                                      const Context& context, Trace& trace) {
  KubeRequest request;
  request.method = "POST";
  request.path = resource.path(ns, name, part);
  request.body = to_json(body);
  return call(request, context, trace);
}

Result<void> KubeClient::remove(const KubeResource& resource, const std::string& ns, const std::string& name,
                                const std::string& uid, const Context& context, Trace& trace) {
  KubeRequest request;
  request.method = "DELETE";
  request.path = resource.path(ns, name);
  Value options =
      Value::object({{"apiVersion", "v1"}, {"kind", "DeleteOptions"}, {"propagationPolicy", "Background"}});
  if (!uid.empty()) options["preconditions"] = Value::object({{"uid", uid}});
  request.body = to_json(options);
  const auto done = call(request, context, trace);
  if (!done) return Failure(done.error());
  return {};
}

Result<Value> KubeClient::patch(const KubeResource& resource, const std::string& ns, const std::string& name,
                                Patch kind, const Value& body, const Context& context, Trace& trace) {
  return patch_part(resource, ns, name, "", kind, body, context, trace);
}

Result<Value> KubeClient::patch_part(const KubeResource& resource, const std::string& ns,
                                     const std::string& name, const std::string& part, Patch kind,
                                     const Value& body, const Context& context, Trace& trace) {
  KubeRequest request;
  request.method = "PATCH";
  request.path = resource.path(ns, name, part);
  if (kind == Patch::apply) request.path += "?fieldManager=assay";
  request.content_type = kind == Patch::merge  ? "application/merge-patch+json"
                         : kind == Patch::json ? "application/json-patch+json"
                                               : "application/apply-patch+yaml";
  request.body = to_json(body);
  return call(request, context, trace);
}

}  // namespace assay

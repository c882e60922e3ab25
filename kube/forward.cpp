#include "kube/forward.h"

#include <fmt/format.h>

#include "kube/find_pod.h"
#include "kube/forward_line.h"

namespace assay {
namespace {

// What a port of a Service is in the pod: targetPort is a number, or the name of a port of a container.
Result<std::uint16_t> port_in_pod(KubeClient& client, const ForwardTarget& target, const std::string& pod,
                                  std::uint16_t port, const Context& context, Trace& trace) {
  const auto slash = target.to.find('/');
  if (slash == std::string::npos) return port;
  const auto kind = client.resource(target.to.substr(0, slash), "", context, trace);
  if (!kind) return Failure(kind.error());
  if (kind->kind != "Service") return port;
  const auto service = client.get(*kind, target.ns, target.to.substr(slash + 1), context, trace);
  if (!service) return Failure(service.error());
  std::string all;
  for (const Value& one : items_at(*service, {"spec", "ports"})) {
    const std::int64_t its = one.get_int("port");
    all += (all.empty() ? "" : ", ") + std::to_string(its);
    if (its != port) continue;
    const std::string name = one.get("targetPort");
    if (name.empty()) return static_cast<std::uint16_t>(one.get_int("targetPort", its));
    const auto pods = client.resource("pods", "v1", context, trace);
    if (!pods) return Failure(pods.error());
    const auto object = client.get(*pods, target.ns, pod, context, trace);
    if (!object) return Failure(object.error());
    for (const Value& container : items_at(*object, {"spec", "containers"})) {
      for (const Value& known : items_at(container, {"ports"})) {
        if (known.get("name") == name) return static_cast<std::uint16_t>(known.get_int("containerPort"));
      }
    }
    return fail("kube.not-found", "request", fmt::format("pod {} has no port named {}", pod, name));
  }
  return fail("kube.not-found", "request", fmt::format("{} has no port {}; it has {}", target.to, port, all));
}

// Does an attempt that ends with this tell no more than that a connection was cut, or that nothing came?
// Everything else was said by the service itself.
bool is_of_connection(std::string_view code) {
  return code == "deadline" || code == "protocol.closed" || code == "tls.failed" ||
         code.starts_with("connect.");
}

// It says nothing of the target that a forward to it does not come about.
Failure not_forwarded(const ForwardTarget& target, const Error& why) {
  if (why.code == "harness.cancelled") return Failure(why);
  return fail("vantage.failed", "setup", fmt::format("no port-forward to {}: {}", target.to, why.message));
}

}  // namespace

// One lookup, and what came of it.
struct KubeForwards::Flight {
  Stop landed;
  std::mutex mutex;
  Result<ForwardPlace> place;
};

std::string KubeForwards::key(const ForwardTarget& target, std::uint16_t port) {
  return fmt::format("{} {} {}", target.ns, target.to, port);
}

Result<ForwardPlace> KubeForwards::find(const ForwardTarget& target, std::uint16_t port,
                                        const Context& context) {
  while (true) {
    std::shared_ptr<Flight> flight;
    bool mine = false;
    {
      const std::lock_guard lock(mutex_);
      std::shared_ptr<Flight>& slot = flights_[key(target, port)];
      mine = slot == nullptr;
      if (mine) slot = std::make_shared<Flight>();
      flight = slot;
    }
    if (mine) {
      auto place = look(target, port, context);
      if (!place) forget(target, port);
      {
        const std::lock_guard lock(flight->mutex);
        flight->place = place;
      }
      flight->landed.raise();
      return place;
    }
    const auto landed = context.wait(flight->landed.fd(), POLLIN, "setup");
    if (!landed) return Failure(landed.error());
    const std::lock_guard lock(flight->mutex);
    // The one in flight ended for want of its own time, or was cancelled: ask again ourselves.
    const std::string code = flight->place ? "" : flight->place.error().code;
    if (code != "deadline" && code != "harness.cancelled") return flight->place;
  }
}

void KubeForwards::forget(const ForwardTarget& target, std::uint16_t port) {
  const std::lock_guard lock(mutex_);
  flights_.erase(key(target, port));
}

Result<ForwardPlace> KubeForwards::look(const ForwardTarget& target, std::uint16_t port,
                                        const Context& context) {
  const auto client = kube_->client();
  if (!client) return Failure(client.error());
  ForwardTarget full = target;
  if (full.ns.empty()) full.ns = (*client)->access().ns;
  Value unseen = Value::object();
  Trace trace(unseen);
  auto pod = find_pod(**client, full.ns, full.to, context, trace);
  if (!pod) return Failure(pod.error());
  const auto there = port_in_pod(**client, full, *pod, port, context, trace);
  if (!there) return Failure(there.error());
  return ForwardPlace{full.ns, std::move(*pod), *there};
}

// Where an attempt's connections go; shared with the thread that opens them.
struct KubeForward::Way {
  Way(std::shared_ptr<KubeForwards> run, ForwardTarget to)
      : forwards(std::move(run)), target(std::move(to)) {}
  const std::shared_ptr<KubeForwards> forwards;
  const ForwardTarget target;
  std::uint16_t port = 0;  // of the target
  std::mutex mutex;
  ForwardPlace place;

  ForwardPlace now() {
    const std::lock_guard lock(mutex);
    return place;
  }
  Result<void> find(const Context& context) {
    auto found = forwards->find(target, port, context);
    if (!found) return Failure(found.error());
    const std::lock_guard lock(mutex);
    place = std::move(*found);
    return {};
  }
  Result<KubeStream> open(const Context& context) {
    const auto client = forwards->client();
    if (!client) return Failure(client.error());
    const ForwardPlace first = now();
    auto stream = connect(**client, first, context);
    if (stream || !stream.error().code.starts_with("kube.") || stream.error().code == "kube.forbidden")
      return stream;
    // A pod that was there when it was looked up may be gone, and another one in its place.
    forwards->forget(target, port);
    if (!find(context)) return stream;
    const ForwardPlace second = now();
    return second.pod == first.pod ? std::move(stream) : connect(**client, second, context);
  }
  static Result<KubeStream> connect(KubeClient& client, const ForwardPlace& place, const Context& context) {
    Value unseen = Value::object();
    Trace trace(unseen);
    return client.forward(place.ns, place.pod, place.port, context, trace);
  }
};

KubeForward::KubeForward(std::shared_ptr<KubeForwards> forwards, ForwardTarget target)
    : way_(std::make_shared<Way>(std::move(forwards), std::move(target))) {}
KubeForward::~KubeForward() = default;

Result<std::vector<SocketAddress>> KubeForward::resolve(const std::string& host, std::uint16_t port,
                                                        const Context& context) {
  const HostPort wanted{host, port};
  if (line_ == nullptr) {
    way_->port = way_->target.port != 0 ? way_->target.port : port;
    if (const auto found = way_->find(context.by(nullptr)); !found)
      return not_forwarded(way_->target, found.error());
    auto line = ForwardLine::start([way = way_](const Context& limit) { return way->open(limit); });
    if (!line) return Failure(line.error());
    line_ = std::move(*line);
    address_ = wanted;
  }
  if (wanted.text() == address_.text() || wanted.text() == line_->near().text()) {
    // A connection of an attempt can have less time than the next one.
    line_->until(context.deadline());
    return std::vector{line_->near()};
  }
  return fail("vantage.failed", "setup",
              fmt::format("{} goes to {}, and {} is another address", address_.text(), way_->target.to,
                          wanted.text()));
}

void KubeForward::settle(Value& seen, Result<void>& outcome) {
  if (line_ == nullptr) return;
  const ForwardPlace place = way_->now();
  seen.erase("addresses");
  if (seen.find("peer") != nullptr) seen["peer"] = fmt::format("{}/{}:{}", place.ns, place.pod, place.port);
  if (outcome || outcome.error().code == "harness.cancelled") return;
  const auto why = line_->failure();
  const bool cut = is_of_connection(outcome.error().code);
  // A pod that refuses, or says nothing, may be on its way out.
  if (why || cut) way_->forwards->forget(way_->target, way_->port);
  if (!why || !cut) return;
  outcome = fail(why->code, why->phase,
                 fmt::format("pod {}/{}, port {}: {}", place.ns, place.pod, place.port, why->message));
}

}  // namespace assay

#include "engine/job_place.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/holder.h"
#include "kube/kube.h"
#include "kube/stream.h"
#include "kube/watch.h"

namespace assay {
namespace {

constexpr Duration kPause = std::chrono::milliseconds(400);
constexpr std::size_t kMostTaints = 5;                  // that a message names
constexpr Duration kMargin = std::chrono::seconds(30);  // beyond the run's deadline

// Waiting reasons that no waiting mends (pkg/kubelet/images/types.go, pkg/kubelet/kuberuntime).
constexpr auto kHopeless = std::to_array<std::string_view>(
    {"ErrImageNeverPull", "InvalidImageName", "ImagePullBackOff", "ErrImagePull",
     "CreateContainerConfigError", "CreateContainerError", "RunContainerError"});

class PodLink : public AgentLink {
 public:
  explicit PodLink(KubeStream stream) : stream_(std::move(stream)) {}

  Result<void> send(std::string_view bytes, const Context& context) override {
    return stream_.send(bytes, context);
  }
  Result<std::string> receive(const Context&) override {
    std::string text;
    while (true) {
      auto chunk = stream_.try_next();
      if (!chunk) return Failure(chunk.error());
      if (!*chunk) break;
      if ((*chunk)->channel == KubeFrame::out) text += (*chunk)->text;
    }
    if (text.empty() && stream_.ended()) return fail("vantage.failed", "request", "the agent has ended");
    return text;
  }
  int fd() const override { return stream_.fd(); }

 private:
  KubeStream stream_;
};

}  // namespace

JobPlace::JobPlace(JobPlaceOptions options) : options_(std::move(options)) {}

Result<std::unique_ptr<AgentLink>> JobPlace::start(const Context& context) {
  const auto client = options_.kube->client();
  if (!client) return Failure(client.error());
  if (!remove(context)) return fail("vantage.failed", "setup", "the Job of before cannot be removed");
  client_ = *client;
  request_.ns = options_.spec.get("namespace", client_->access().ns);
  request_.name = fmt::format("assay-{}-{}-{}", options_.run, options_.number, ++starts_);
  request_.run = options_.run;
  request_.owner = this_holder();
  request_.image = options_.spec.get("image", options_.image);
  request_.pull_secret = options_.pull_secret;
  request_.spec = options_.spec;
  request_.secrets = options_.secrets;
  request_.deadline =
      (options_.deadline.never() ? Duration(std::chrono::hours(1)) : options_.deadline.left()) + kMargin;
  if (const auto removed = remove_dead(context); !removed) return Failure(removed.error());
  const auto job = make(context);
  if (!job) return Failure(job.error());
  Value seen = Value::object();
  Trace trace(seen);
  const auto resource = client_->resource("jobs", "batch/v1", context, trace);
  if (!resource) return Failure(resource.error());
  uid_.clear();
  asked_ = true;  // it may be there whatever the answer is
  const auto created = client_->create(*resource, request_.ns, *job, context, trace);
  if (!created) return Failure(created.error());
  uid_ = value_at(*created, {"metadata"}).get("uid");
  if (const auto runs = wait_for_pod(context); !runs) return Failure(runs.error());
  return attach(context);
}

Result<std::vector<Value>> JobPlace::all(const char* kind, const std::string& ns, const Context& context) {
  Value seen = Value::object();
  Trace trace(seen);
  const auto resource = client_->resource(kind, "", context, trace);
  if (!resource) return Failure(resource.error());
  std::vector<Value> found;
  KubeSelection selection;
  selection.ns = ns;
  const auto listed = client_->list(*resource, selection, context, trace, [&](Value object) {
    found.push_back(std::move(object));
    return true;
  });
  if (!listed) return Failure(listed.error());
  return found;
}

// Those whose process is gone. What cannot be listed can hold nothing of ours either.
Result<void> JobPlace::remove_dead(const Context& context) {
  Value seen = Value::object();
  Trace trace(seen);
  const auto resource = client_->resource("jobs", "batch/v1", context, trace);
  if (!resource) return Failure(resource.error());
  std::vector<std::pair<std::string, std::string>> dead;
  KubeSelection selection;
  selection.ns = request_.ns;
  selection.labels = std::string(kManagedBy) + "=assay," + kRunLabel;
  selection.metadata_only = true;
  const auto listed = client_->list(*resource, selection, context, trace, [&](const Value& job) {
    const Value& metadata = value_at(job, {"metadata"});
    if (is_gone(value_at(metadata, {"annotations"}).get(kOwnerAnnotation)))
      dead.emplace_back(metadata.get("name"), metadata.get("uid"));
    return true;
  });
  if (!listed) return Failure(listed.error());
  for (const auto& [name, uid] : dead) {
    const auto removed = client_->remove(*resource, request_.ns, name, uid, context, trace);
    // Another run may have been quicker.
    if (!removed && removed.error().code != "kube.not-found" && removed.error().code != "kube.conflict")
      return Failure(removed.error());
  }
  return {};
}

Result<Neighbours> JobPlace::neighbours(const Context& context) {
  Neighbours found;
  auto budgets = all("poddisruptionbudgets", request_.ns, context);
  if (!budgets) return Failure(budgets.error());
  found.budgets = std::move(*budgets);
  auto services = all("services", request_.ns, context);
  if (!services) return Failure(services.error());
  found.services = std::move(*services);
  const auto autoscalers = all("horizontalpodautoscalers", request_.ns, context);
  if (!autoscalers) return Failure(autoscalers.error());
  for (const Value& one : *autoscalers) {
    const Value& target = value_at(one, {"spec", "scaleTargetRef"});
    Value seen = Value::object();
    Trace trace(seen);
    const auto resource = client_->resource(target.get("kind"), target.get("apiVersion"), context, trace);
    if (!resource) return Failure(resource.error());
    const auto scaled = client_->get(*resource, request_.ns, target.get("name"), context, trace);
    if (!scaled && scaled.error().code == "kube.not-found") continue;  // it counts nothing
    if (!scaled) return Failure(scaled.error());
    found.autoscaled.emplace_back(value_at(one, {"metadata"}).get("name"),
                                  value_at(*scaled, {"spec", "selector"}));
  }
  return found;
}

Result<Value> JobPlace::make(const Context& context) {
  if (const std::string like = options_.spec.get("like"); !like.empty()) {
    const auto slash = like.find('/');
    if (slash == std::string::npos)
      return fail("vantage.failed", "setup", "like is KIND/NAME, " + like + " is not");
    Value seen = Value::object();
    Trace trace(seen);
    const auto resource = client_->resource(like.substr(0, slash), "", context, trace);
    if (!resource) return Failure(resource.error());
    const auto object = client_->get(*resource, request_.ns, like.substr(slash + 1), context, trace);
    if (!object) return Failure(object.error());
    request_.like = value_at(*object, {"spec", "template"});
    if (request_.like.is_null()) return fail("vantage.failed", "setup", like + " has no pod template");
  }
  // Policies of other namespaces can select pods of this one. Who may not read those goes by its own.
  auto policies = all("networkpolicies", "", context);
  if (!policies && policies.error().code == "kube.forbidden")
    policies = all("networkpolicies", request_.ns, context);
  if (!policies) return Failure(policies.error());
  request_.policies = std::move(*policies);
  const auto beside = neighbours(context);
  if (!beside) return Failure(beside.error());
  if (const auto fits = check_neighbours(request_, *beside); !fits) return Failure(fits.error());
  return make_job(request_);
}

JobPlace::Seen JobPlace::look(const Value& pod) {
  Seen seen;
  const std::string phase = value_at(pod, {"status"}).get("phase");
  const Value& containers = value_at(pod, {"status", "containerStatuses"});
  if (containers.is_array() && !containers.items().empty()) {
    const Value& waiting = value_at(containers.items().front(), {"state", "waiting"});
    const std::string reason = waiting.get("reason");
    if (!reason.empty()) {
      seen.why = waiting.get("message").empty() ? reason : reason + ": " + waiting.get("message");
      seen.hopeless = std::find(kHopeless.begin(), kHopeless.end(), reason) != kHopeless.end();
    }
    const Value& ended = value_at(containers.items().front(), {"state", "terminated"});
    if (ended.is_object()) {
      seen.why =
          fmt::format("it has ended with exit code {} ({}{}{})", ended.get_int("exitCode"),
                      ended.get("reason"), ended.get("message").empty() ? "" : ": ", ended.get("message"));
      seen.hopeless = true;
    }
  }
  if (phase == "Failed" && !seen.hopeless) {
    seen.why = value_at(pod, {"status"}).get("reason") + ": " + value_at(pod, {"status"}).get("message");
    seen.hopeless = true;
  }
  const Value& conditions = value_at(pod, {"status", "conditions"});
  if (seen.why.empty() && conditions.is_array()) {
    for (const Value& one : conditions.items()) {
      if (one.get("type") == "PodScheduled" && one.get("status") == "False")
        seen.why = one.get("reason") + ": " + one.get("message");
    }
  }
  return seen;
}

// What the cluster last said about the Job, for a pod that was not even made (a quota, an admission rule).
std::string JobPlace::last_event(const Context& context) {
  Value seen = Value::object();
  Trace trace(seen);
  const auto resource = client_->resource("events", "v1", context, trace);
  if (!resource) return {};
  std::string last;
  KubeSelection selection;
  selection.ns = request_.ns;
  selection.fields = "involvedObject.uid=" + uid_;
  const auto listed = client_->list(*resource, selection, context, trace, [&](const Value& event) {
    if (event.get("type") == "Warning") last = event.get("reason") + ": " + event.get("message");
    return true;
  });
  return listed ? last : listed.error().message;
}

// Which taints keep pods away, since the scheduler counts nodes and names none. Empty where the account may
// not list nodes.
std::string JobPlace::taints(const Context& context) {
  const auto nodes = all("nodes", "", context);
  if (!nodes) return {};
  std::string text;
  std::size_t told = 0;
  for (const Value& node : *nodes) {
    const Value& list = value_at(node, {"spec", "taints"});
    if (!list.is_array()) continue;
    for (const Value& taint : list.items()) {
      if (taint.get("effect") == "PreferNoSchedule" || ++told > kMostTaints) continue;
      text += fmt::format("; node {} is tainted {}:{}", value_at(node, {"metadata"}).get("name"),
                          taint.get("key"), taint.get("effect"));
    }
  }
  if (told > kMostTaints) text += fmt::format(" and {} more", told - kMostTaints);
  return text;
}

Result<void> JobPlace::wait_for_pod(const Context& context) {
  Value seen = Value::object();
  Trace trace(seen);
  const auto resource = client_->resource("pods", "v1", context, trace);
  if (!resource) return Failure(resource.error());
  KubeSelection selection;
  selection.ns = request_.ns;
  selection.labels = "batch.kubernetes.io/job-name=" + request_.name;
  Seen last;
  bool runs = false;
  bool any = false;
  const auto take = [&](const KubeEvent& event) {
    any = true;
    pod_ = value_at(event.object, {"metadata"}).get("name");
    runs = value_at(event.object, {"status"}).get("phase") == "Running";
    last = look(event.object);
    if (event.kind == KubeEvent::Kind::deleted) last = {"its pod was deleted", true};
    return !runs && !last.hopeless;
  };
  auto watched = client_->watch(*resource, selection, "", context, trace, take);
  // A version that the server no longer has: what there is now is as good.
  while (!watched && watched.error().code == "kube.expired")
    watched = client_->watch(*resource, selection, "", context, trace, take);
  const std::string where = fmt::format("Job {}/{}", request_.ns, request_.name);
  if (last.hopeless) return fail("vantage.failed", "setup", where + " does not run: " + last.why);
  if (watched) return {};
  if (watched.error().code == "harness.cancelled") return Failure(watched.error());
  const Stop never;
  const Context little(Deadline::in(std::chrono::seconds(1)), never);
  if (!any) last.why = last_event(little);
  if (last.why.find("taint") != std::string::npos) last.why += taints(little);
  return fail("vantage.failed", "setup",
              fmt::format("{} does not run in time: {}", where,
                          last.why.empty() ? watched.error().message : last.why));
}

Result<std::unique_ptr<AgentLink>> JobPlace::attach(const Context& context) {
  Value seen = Value::object();
  Trace trace(seen);
  auto stream = client_->attach(request_.ns, pod_, "assay", true, context, trace);
  if (!stream) return Failure(stream.error());
  return std::make_unique<PodLink>(std::move(*stream));
}

Result<std::unique_ptr<AgentLink>> JobPlace::again(const Context& context) {
  if (pod_.empty()) return fail("vantage.failed", "setup", "there is no pod");
  Value seen = Value::object();
  Trace trace(seen);
  Error last;
  // An API server that restarts is waited for, a pod that has gone is not.
  while (true) {
    const auto resource = client_->resource("pods", "v1", context, trace);
    const auto pod = resource ? client_->get(*resource, request_.ns, pod_, context, trace)
                              : Result<Value>(Failure(resource.error()));
    if (pod) {
      const Seen now = look(*pod);
      if (now.hopeless || value_at(*pod, {"status"}).get("phase") != "Running")
        return fail("vantage.failed", "request", fmt::format("pod {}/{}: {}", request_.ns, pod_, now.why));
      auto link = attach(context);
      if (link) return link;
      last = link.error();
    } else if (pod.error().code == "kube.not-found") {
      return fail("vantage.failed", "request", fmt::format("pod {}/{} is gone", request_.ns, pod_));
    } else {
      last = pod.error();
    }
    if (last.code == "kube.forbidden") return Failure(last);
    if (const auto waited = context.pause(Deadline::in(kPause), "request"); !waited) return Failure(last);
  }
}

bool JobPlace::remove(const Context& context) {
  if (!asked_) return true;
  Value seen = Value::object();
  Trace trace(seen);
  const auto resource = client_->resource("jobs", "batch/v1", context, trace);
  // Where this fails the Job ends by itself: the agent hears nothing any more, and has a deadline and a TTL.
  if (!resource) return false;
  const auto removed = client_->remove(*resource, request_.ns, request_.name, uid_, context, trace);
  if (!removed && removed.error().code != "kube.not-found") return false;
  asked_ = false;
  return true;
}

}  // namespace assay

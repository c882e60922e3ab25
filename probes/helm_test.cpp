// helm.test: runs a release's tests as `helm test` does, and shows what they wrote.
#include <fmt/format.h>

#include <algorithm>

#include "core/utf8.h"
#include "probes/cluster.h"
#include "probes/helm_hooks.h"
#include "probes/kube_reads.h"

namespace assay {
namespace {

constexpr auto kPoll = std::chrono::milliseconds(250);
constexpr std::size_t kLog = 8U << 10;

enum class Outcome { running, succeeded, failed };

struct State {
  Outcome outcome = Outcome::running;
  std::string reason;
};

// The container that keeps a pod from running or that made it fail.
std::string container_fault(const Value& pod) {
  for (const char* list : {"initContainerStatuses", "containerStatuses"}) {
    const Value& statuses = value_at(pod, {"status", list});
    if (!statuses.is_array()) continue;
    for (const Value& status : statuses.items()) {
      const Value& ended = value_at(status, {"state", "terminated"});
      if (ended.is_object() && ended.get_int("exitCode") != 0)
        return fmt::format("container {} ended with {} ({})", status.get("name"), ended.get_int("exitCode"),
                           ended.get("reason"));
      const Value& waiting = value_at(status, {"state", "waiting"});
      const std::string reason = waiting.get("reason");
      if (!reason.empty() && reason != "PodInitializing" && reason != "ContainerCreating")
        return fmt::format("container {} waits: {}: {}", status.get("name"), reason, waiting.get("message"));
    }
  }
  return {};
}

// How far a hook is; what is neither a Pod nor a Job has done its work when it is made, as Helm has it.
State state_of(const Value& object, const std::string& kind) {
  if (kind == "Pod") {
    const std::string phase = value_at(object, {"status"}).get("phase");
    if (phase == "Succeeded") return {Outcome::succeeded, {}};
    std::string reason = container_fault(object);
    if (const Value* scheduled = condition_of(object, "PodScheduled");
        reason.empty() && scheduled != nullptr && scheduled->get("status") == "False")
      reason = scheduled->get("reason") + ": " + scheduled->get("message");
    if (reason.empty()) reason = "it is " + (phase.empty() ? "Pending" : phase);
    return {phase == "Failed" ? Outcome::failed : Outcome::running, reason};
  }
  if (kind == "Job") {
    for (const auto& [type, outcome] :
         {std::pair{"Complete", Outcome::succeeded}, {"Failed", Outcome::failed}}) {
      if (const Value* one = condition_of(object, type); one != nullptr && one->get("status") == "True")
        return {outcome, one->get("reason") + ": " + one->get("message")};
    }
    return {Outcome::running, "the Job has not ended"};
  }
  return {Outcome::succeeded, {}};
}

class Tests {
 public:
  Tests(KubeClient& client, std::string ns, Attempt& attempt, Trace& trace)
      : client_(client), ns_(std::move(ns)), attempt_(attempt), trace_(trace) {
    // Some time is kept back for taking away what has not ended.
    const Duration left = attempt.context.deadline().left();
    work_ = attempt.context.within(left - std::min<Duration>(left / 10, std::chrono::seconds(2)));
  }

  Result<void> run(const std::vector<TestHook>& hooks) {
    std::vector<const TestHook*> succeeded;
    Result<void> result;
    Value shown = Value::array();
    for (const TestHook& hook : hooks) {
      Value row = Value::object({{"name", hook.name}, {"kind", hook.kind}});
      result = run_one(hook, row);
      row["passed"] = result.has_value();
      shown.push_back(std::move(row));
      if (!result) break;
      succeeded.push_back(&hook);
    }
    attempt_.seen["tests"] = std::move(shown);
    for (const TestHook* hook : succeeded) {
      if (hook->delete_succeeded) remove(*hook, {});
    }
    return result;
  }

 private:
  std::string place(const TestHook& hook) const { return hook.ns.empty() ? ns_ : hook.ns; }

  Result<void> run_one(const TestHook& hook, Value& row) {
    const TimePoint begin = std::chrono::steady_clock::now();
    const auto resource = client_.resource(hook.kind, hook.api_version, work_, trace_);
    if (!resource) return Failure(resource.error());
    if (hook.delete_before) {
      if (const auto gone = make_room(hook, *resource); !gone) return gone;
    }
    KubeRequest request;
    request.method = "POST";
    request.path = resource->path(place(hook));
    request.content_type = "application/yaml";
    request.body = hook.manifest;
    const auto made = client_.call(request, work_, trace_);
    if (!made) return Failure(about(hook, made.error()));
    const std::string uid = value_at(*made, {"metadata"}).get("uid");
    const auto state = wait_for(hook, *resource);
    row["took"] = seconds(std::chrono::steady_clock::now() - begin);
    if (state && state->outcome != Outcome::running) row["log"] = log_of(hook);
    if (!state) {
      remove(hook, uid);
      return Failure(about(hook, state.error()));
    }
    if (state->outcome == Outcome::succeeded) return {};
    if (state->outcome == Outcome::running) row["log"] = log_of(hook);
    row["reason"] = state->reason;
    const std::string log = row.get("log");
    if (state->outcome == Outcome::running || hook.delete_failed) remove(hook, uid);
    std::string text = fmt::format("test {} {}: {}", hook.name,
                                   state->outcome == Outcome::running ? "has not ended in time" : "failed",
                                   shorten(printable(state->reason), 300));
    if (!log.empty()) text += "; its log ends: " + shorten(printable(last_line(log)), 200);
    return fail("helm.test-failed", "request", text);
  }

  static Error about(const TestHook& hook, Error error) {
    error.message = fmt::format("test {}: {}", hook.name, error.message);
    return error;
  }

  static std::string last_line(std::string log) {
    while (!log.empty() && (log.back() == '\n' || log.back() == '\r')) log.pop_back();
    return log.substr(log.rfind('\n') + 1);
  }

  // Removes what an earlier run of the test left, and waits until it is gone.
  Result<void> make_room(const TestHook& hook, const KubeResource& resource) {
    bool removed = false;
    while (true) {
      const auto found = client_.get(resource, place(hook), hook.name, work_, trace_);
      if (!found && found.error().code == "kube.not-found") return {};
      if (!found) return Failure(about(hook, found.error()));
      if (!is_test_hook(*found)) {
        return fail(
            "kube.conflict", "request",
            fmt::format("{} {} exists and is no test of a release: it is not removed", hook.kind, hook.name));
      }
      if (!removed) {
        const auto done = client_.remove(resource, place(hook), hook.name,
                                         value_at(*found, {"metadata"}).get("uid"), work_, trace_);
        if (!done && done.error().code != "kube.not-found") return Failure(about(hook, done.error()));
        removed = true;
      }
      if (const auto waited = work_.pause(Deadline::in(kPoll), "request"); !waited)
        return Failure(about(hook, waited.error()));
    }
  }

  // The state at the end, or the last one when time is up.
  Result<State> wait_for(const TestHook& hook, const KubeResource& resource) {
    State state;
    while (true) {
      const auto found = client_.get(resource, place(hook), hook.name, work_, trace_);
      const bool late = !found && found.error().code == "deadline" && !state.reason.empty();
      if (late) return state;
      if (!found) return Failure(found.error());
      state = state_of(*found, hook.kind);
      if (state.outcome != Outcome::running) return state;
      const auto waited = work_.pause(Deadline::in(kPoll), "request");
      if (!waited && waited.error().code == "deadline") return state;
      if (!waited) return Failure(waited.error());
    }
  }

  // What the hook's pods wrote, best effort: that a log cannot be read makes no test fail.
  Value log_of(const TestHook& hook) {
    std::vector<std::pair<std::string, std::string>> containers;  // of which pod
    const auto take = [&](const Value& pod) {
      for (const char* list : {"initContainers", "containers"}) {
        const Value& all = value_at(pod, {"spec", list});
        if (!all.is_array()) continue;
        for (const Value& one : all.items())
          containers.emplace_back(value_at(pod, {"metadata"}).get("name"), one.get("name"));
      }
    };
    KubeSelection selection;
    selection.ns = place(hook);
    if (hook.kind == "Pod") selection.fields = "metadata.name=" + hook.name;
    if (hook.kind == "Job") selection.labels = "batch.kubernetes.io/job-name=" + hook.name;
    if (selection.fields.empty() && selection.labels.empty()) return {};
    const auto listed = each_object(client_, "pods", selection, attempt_, trace_, take);
    if (!listed) return {};
    std::string log;
    for (const auto& [pod, container] : containers) {
      KubeRequest request;
      request.path =
          fmt::format("/api/v1/namespaces/{}/pods/{}/log?container={}&tailLines=200&limitBytes=65536",
                      url_escaped(place(hook)), url_escaped(pod), url_escaped(container));
      request.accept = "*/*";
      const auto text = client_.text(request, attempt_.context, trace_);
      if (!text || text->empty()) continue;
      if (containers.size() > 1) log += fmt::format("== {} {}\n", pod, container);
      log += *text;
    }
    // The end of a log is what says why.
    if (log.size() > kLog) log.erase(0, log.size() - kLog);
    return to_utf8(log);
  }

  // Best effort; `uid`: only the object that this run has made.
  void remove(const TestHook& hook, const std::string& uid) {
    const auto resource = client_.resource(hook.kind, hook.api_version, attempt_.context, trace_);
    if (!resource) return;
    const auto done = client_.remove(*resource, place(hook), hook.name, uid, attempt_.context, trace_);
    if (!done && done.error().code != "kube.not-found")
      attempt_.seen["left"] = fmt::format("{} {}: {}", hook.kind, hook.name, done.error().message);
  }

  KubeClient& client_;
  const std::string ns_;
  Attempt& attempt_;
  Trace& trace_;
  Context work_ = attempt_.context;
};

Result<void> observe_test(Attempt& attempt) {
  Reader reader = attempt.reader();
  const std::string name = reader.text("release");
  const auto client = kube_client(attempt);
  if (!client) return Failure(client.error());
  const std::string ns = namespace_of(reader, **client);
  if (const auto ok = reader.ok(); !ok) return ok;
  Trace trace = attempt.trace();
  const auto revisions = revisions_of(**client, ns, name, attempt.context, trace);
  if (!revisions) return Failure(revisions.error());
  const auto release = read_release(**client, revisions->front(), attempt.context, trace);
  if (!release) return Failure(release.error());
  attempt.seen["revision"] = release->revision;
  const auto hooks = test_hooks(*release);
  if (!hooks) return Failure(hooks.error());
  attempt.seen["count"] = hooks->size();
  if (hooks->empty()) return fail("helm.no-tests", "request", fmt::format("release {} has no tests", name));
  return Tests(**client, ns, attempt, trace).run(*hooks);
}

}  // namespace

Probe helm_test_probe() {
  Probe probe;
  probe.name = "helm.test";
  probe.summary = "runs a release's tests as `helm test` does, one after the other, and shows their logs";
  probe.effect = Effect::writes;
  probe.params = {{"release", Type::text, "name of the release", true, {}, "shop", {}, {}},
                  namespace_field()};
  probe.observes = {
      seen_field("revision", Type::integer, "the release's revision"),
      seen_field("count", Type::integer, "how many tests it has; none fails"),
      seen_field("tests", Type::list, "those that were run; the first that fails is the last",
                 {seen_field("name", Type::text, "name"), seen_field("kind", Type::text, "Pod, Job ..."),
                  seen_field("passed", Type::boolean, "it ended well"),
                  seen_field("took", Type::duration, "from its making to its end"),
                  seen_field("reason", Type::text, "why it failed"),
                  seen_field("log", Type::text, "what its containers wrote, the last 8 KiB")}),
      seen_field("left", Type::text, "what could not be removed")};
  probe.defaults = {{"tests[*].passed", true}, {"count", Value::object({{"ge", 1}})}};
  probe.example = "{release: shop, namespace: shop}";
  probe.observe = observe_test;
  return probe;
}

}  // namespace assay

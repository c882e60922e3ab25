// kube.events: what a cluster says has happened, newest first.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/rfc3339.h"
#include "core/utf8.h"
#include "probes/cluster.h"
#include "probes/kube_reads.h"

namespace assay {
namespace {

using UtcTime = std::chrono::system_clock::time_point;

constexpr std::size_t kMostReasons = 100;

struct Wanted {
  std::string ns;
  std::string kind;
  std::string name;
  std::string type;
  std::vector<std::string> reasons;
  UtcTime since;
  std::size_t limit = 0;
};

struct Event {
  UtcTime at;
  Value shown;
};

std::int64_t count_of(const Value& event) {
  if (const Value* series = event.find("series"); series != nullptr && series->is_object())
    return std::max<std::int64_t>(series->get_int("count"), 1);
  return std::max<std::int64_t>(event.get_int("deprecatedCount"), 1);
}

// The newest `limit` events and counts of all; memory is bounded however many there are.
class Gathered {
 public:
  explicit Gathered(const Wanted& wanted) : wanted_(wanted) {}

  void take(const Value& event) {
    const auto at = parse_rfc3339(event_time(event));
    if (!at || *at < wanted_.since) return;
    const std::string reason = event.get("reason");
    if (!wanted_.reasons.empty() &&
        std::find(wanted_.reasons.begin(), wanted_.reasons.end(), reason) == wanted_.reasons.end())
      return;
    ++count_;
    if (event.get("type") == "Warning") ++warnings_;
    if (by_reason_.contains(reason) || by_reason_.size() < kMostReasons) ++by_reason_[reason];
    const Value& about = value_at(event, {"regarding"});
    const auto after =
        std::find_if(newest_.begin(), newest_.end(), [&](const Event& one) { return one.at < *at; });
    if (after == newest_.end() && newest_.size() >= wanted_.limit) return;
    newest_.insert(after, {*at, Value::object({{"time", event_time(event)},
                                               {"type", event.get("type")},
                                               {"reason", reason},
                                               {"kind", about.get("kind")},
                                               {"name", about.get("name")},
                                               {"message", shorten(to_utf8(event.get("note")), 1000)},
                                               {"count", count_of(event)},
                                               {"from", event.get("reportingController")}})});
    if (newest_.size() > wanted_.limit) newest_.pop_back();
  }

  bool none() const { return count_ == 0; }

  void show(Value& seen) {
    seen["count"] = count_;
    seen["warnings"] = warnings_;
    Value reasons = Value::object();
    for (const auto& [reason, count] : by_reason_) reasons[reason] = count;
    seen["reasons"] = std::move(reasons);
    Value list = Value::array();
    for (Event& one : newest_) list.push_back(std::move(one.shown));
    seen["events"] = std::move(list);
  }

  // The newest warning, as a sentence, or nothing.
  std::string warning() const {
    for (const Event& one : newest_) {
      if (one.shown.get("type") != "Warning") continue;
      return fmt::format("{} {}: {}: {}", one.shown.get("kind"), one.shown.get("name"),
                         one.shown.get("reason"), shorten(printable(one.shown.get("message")), 400));
    }
    return {};
  }

 private:
  const Wanted& wanted_;
  std::vector<Event> newest_;
  std::map<std::string, std::int64_t> by_reason_;
  std::int64_t count_ = 0;
  std::int64_t warnings_ = 0;
};

std::string selector_of(const Wanted& wanted) {
  std::string text;
  const auto add = [&](const std::string& key, const std::string& value) {
    if (!value.empty()) text += (text.empty() ? "" : ",") + key + "=" + value;
  };
  add("regarding.kind", wanted.kind);
  add("regarding.name", wanted.name);
  add("type", wanted.type);
  return text;
}

// That no event is there means something only where what they would be about exists.
Result<void> find_subject(KubeClient& client, const Wanted& wanted, const Attempt& attempt, Trace& trace) {
  if (wanted.name.empty()) return must_exist(client, "namespaces", "", wanted.ns, attempt, trace);
  return must_exist(client, wanted.kind, wanted.ns, wanted.name, attempt, trace);
}

Result<void> observe_events(Attempt& attempt) {
  Reader reader = attempt.reader();
  Wanted wanted;
  if (reader.has("kind")) wanted.kind = reader.text("kind");
  if (reader.has("name")) wanted.name = reader.text("name");
  if (reader.has("type")) wanted.type = reader.text("type");
  if (reader.has("reasons")) wanted.reasons = reader.texts("reasons");
  const Duration since = reader.duration("since");
  const std::int64_t limit = reader.integer("limit");
  const auto client = kube_client(attempt);
  if (!client) return Failure(client.error());
  wanted.ns = namespace_of(reader, **client);
  if (const auto ok = reader.ok(); !ok) return ok;
  if (wanted.kind.empty() && !wanted.name.empty())
    return fail("params.invalid", "setup", "`name` needs a `kind`");
  if (limit < 1 || limit > 1000) return fail("params.invalid", "setup", "limit is between 1 and 1000");
  wanted.limit = static_cast<std::size_t>(limit);
  wanted.since = std::chrono::system_clock::now() -
                 std::chrono::duration_cast<std::chrono::system_clock::duration>(since);
  Trace trace = attempt.trace();
  if (!wanted.kind.empty()) {
    const auto kind = (*client)->resource(wanted.kind, "", attempt.context, trace);
    if (!kind) return Failure(kind.error());
    wanted.kind = kind->kind;
  }
  KubeSelection selection;
  selection.ns = wanted.ns;
  selection.fields = selector_of(wanted);
  Gathered gathered(wanted);
  const auto listed = each_object(**client, "events.events.k8s.io", selection, attempt, trace,
                                  [&](const Value& event) { gathered.take(event); });
  if (!listed) return listed;
  if (gathered.none()) {
    if (const auto there = find_subject(**client, wanted, attempt, trace); !there) return there;
  }
  const std::string warning = gathered.warning();
  if (!warning.empty()) attempt.seen["warning"] = warning;
  gathered.show(attempt.seen);
  return {};
}

}  // namespace

Probe kube_events_probe() {
  Probe probe;
  probe.name = "kube.events";
  probe.summary = "what has happened in a namespace or to an object since a time, newest first";
  probe.params = {namespace_field(),
                  {"kind", Type::text, "only of objects of this kind", false, {}, "Pod", {}, {}},
                  {"name",
                   Type::text,
                   "only of the object with this name, which must exist where it has no events",
                   false,
                   {},
                   "web-0",
                   {},
                   {}},
                  {"type", Type::text, "only of this type", false, {}, "", {}, {"Normal", "Warning"}},
                  {"reasons",
                   Type::texts,
                   "only with one of these reasons",
                   false,
                   {},
                   "[BackOff, FailedScheduling]",
                   {},
                   {}},
                  {"since", Type::duration, "how far back, by this machine's clock", false, "1h", "", {}, {}},
                  {"limit", Type::integer, "how many to show, 1000 at most", false, 50, "", {}, {}}};
  probe.observes = {seen_field("count", Type::integer, "events, whether they are shown or not"),
                    seen_field("warnings", Type::integer, "of these, warnings"),
                    seen_field("warning", Type::text, "the newest warning among those shown, in a sentence"),
                    seen_field("reasons", Type::any, "how many of each reason, the first 100 reasons"),
                    seen_field("events", Type::list, "the newest of them",
                               {seen_field("time", Type::text, "when it was last seen (RFC 3339)"),
                                seen_field("type", Type::text, "Normal or Warning"),
                                seen_field("reason", Type::text, "reason"),
                                seen_field("kind", Type::text, "kind of what it is about"),
                                seen_field("name", Type::text, "name of what it is about"),
                                seen_field("message", Type::text, "message"),
                                seen_field("count", Type::integer, "how often it was seen"),
                                seen_field("from", Type::text, "who reported it")})};
  probe.defaults = {{"warning", Value::object({{"present", false}})}};
  probe.example = "{namespace: shop, since: 10m}";
  probe.observe = observe_events;
  return probe;
}

}  // namespace assay

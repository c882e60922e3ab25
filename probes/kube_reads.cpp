#include "probes/kube_reads.h"

#include "core/rfc3339.h"
#include "core/utf8.h"

namespace assay {

Result<void> each_object(KubeClient& client, const std::string& word, const KubeSelection& selection,
                         const Attempt& attempt, Trace& trace,
                         const std::function<void(const Value& object)>& take) {
  const auto resource = client.resource(word, "", attempt.context, trace);
  if (!resource) return Failure(resource.error());
  const auto listed = client.list(*resource, selection, attempt.context, trace, [&](const Value& object) {
    take(object);
    return true;
  });
  if (!listed) return Failure(listed.error());
  return {};
}

Result<void> must_exist(KubeClient& client, const std::string& kind, const std::string& ns,
                        const std::string& name, const Attempt& attempt, Trace& trace) {
  const auto resource = client.resource(kind, "", attempt.context, trace);
  if (!resource) return Failure(resource.error());
  const auto found = client.get(*resource, ns, name, attempt.context, trace);
  if (!found) return Failure(found.error());
  return {};
}

const Value* condition_of(const Value& object, std::string_view type) {
  const Value& conditions = value_at(object, {"status", "conditions"});
  if (!conditions.is_array()) return nullptr;
  for (const Value& one : conditions.items()) {
    if (one.get("type") == type) return &one;
  }
  return nullptr;
}

std::vector<std::string> texts_of(const Value& value, std::string_view key) {
  std::vector<std::string> texts;
  const Value* list = value.find(key);
  if (list == nullptr || !list->is_array()) return texts;
  for (const Value& item : list->items()) {
    if (item.is_string()) texts.push_back(item.string());
  }
  return texts;
}

Value list_of(const std::vector<std::string>& texts) {
  Value list = Value::array();
  for (const std::string& text : texts) list.push_back(text);
  return list;
}

std::string event_time(const Value& event) {
  const Value* series = event.find("series");
  for (const std::string& text :
       {series == nullptr ? std::string() : series->get("lastObservedTime"),
        event.get("deprecatedLastTimestamp"), event.get("lastTimestamp"), event.get("eventTime"),
        value_at(event, {"metadata"}).get("creationTimestamp")}) {
    if (!text.empty()) return text;
  }
  return {};
}

std::string last_event(KubeClient& client, const std::string& ns, const std::string& kind,
                       const std::string& name, const Attempt& attempt, Trace& trace) {
  KubeSelection selection;
  selection.ns = ns;
  selection.fields = "regarding.kind=" + kind + ",regarding.name=" + name;
  std::string text;
  std::chrono::system_clock::time_point newest;
  const auto listed =
      each_object(client, "events.events.k8s.io", selection, attempt, trace, [&](const Value& event) {
        const auto at = parse_rfc3339(event_time(event));
        if (!at || (!text.empty() && *at < newest)) return;
        newest = *at;
        text = event.get("reason") + ": " + event.get("note");
      });
  return listed ? shorten(printable(text), 400) : std::string();
}

}  // namespace assay

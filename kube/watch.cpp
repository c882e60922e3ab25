#include "kube/watch.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/utf8.h"
#include "kube/client.h"
#include "kube/status.h"
#include "net/http_stream.h"

namespace assay {
namespace {

constexpr std::size_t kMostLine = 16U << 20;
// The server ends a watch after this, and a connection that it has forgotten is given up a while later.
constexpr auto kServed = std::chrono::seconds(60);
constexpr auto kSilent = std::chrono::seconds(75);
constexpr auto kFirstPause = std::chrono::milliseconds(100);
constexpr auto kLongestPause = std::chrono::seconds(5);

// What can end a watch that only has to be asked for again.
bool is_cut(const std::string& code) {
  return code.starts_with("connect.") || code.starts_with("protocol.") || code.starts_with("dns.") ||
         code == "deadline" || code == "kube.server" || code == "kube.busy";
}

// Cuts a body into lines.
class Lines {
 public:
  void feed(std::string_view bytes) { text_ += bytes; }
  // The next whole line, or nothing.
  std::optional<std::string> next() {
    const auto end = text_.find('\n', searched_);
    searched_ = end == std::string::npos ? text_.size() : 0;
    if (end == std::string::npos) return std::nullopt;
    std::string line = text_.substr(0, end);
    text_.erase(0, end + 1);
    return line;
  }
  std::size_t size() const { return text_.size(); }

 private:
  std::string text_;
  std::size_t searched_ = 0;
};

// One connection's part of a watch.
struct Part {
  std::string& version;  // after the last event
  const std::function<bool(KubeEvent)>& take;
  bool any = false;

  // True when `take` wants no more; false when the stream ended.
  Result<bool> read(HttpStream& stream, const Context& context);
};

Result<bool> Part::read(HttpStream& stream, const Context& context) {
  Lines lines;
  while (true) {
    const auto bytes = stream.next(context);
    if (!bytes) return Failure(bytes.error());
    if (!*bytes) return false;  // what is left of a line was cut; its event comes again
    lines.feed(**bytes);
    while (const auto line = lines.next()) {
      if (line->empty()) continue;
      auto event = read_kube_event(*line);
      if (!event) return Failure(event.error());
      any = true;
      if (std::string at = event->version(); !at.empty()) version = std::move(at);
      if (event->kind != KubeEvent::Kind::bookmark && !take(std::move(*event))) return true;
    }
    if (lines.size() > kMostLine)
      return fail("http.body", "transfer", "an event of the API server is larger than 16 MiB");
  }
}

}  // namespace

std::string KubeEvent::version() const {
  const Value* metadata = object.find("metadata");
  return metadata == nullptr ? "" : metadata->get("resourceVersion");
}

Result<KubeEvent> read_kube_event(std::string_view line) {
  auto json = parse_json(line);
  if (!json) return fail("http.body", "transfer", "an event of the API server is " + json.error().message);
  const std::string type = json->get("type");
  Value* object = json->find("object");
  if (object == nullptr || !object->is_object())
    return fail("http.body", "transfer", "an event of the API server has no object");
  KubeEvent event;
  if (type == "ADDED") {
    event.kind = KubeEvent::Kind::added;
  } else if (type == "MODIFIED") {
    event.kind = KubeEvent::Kind::modified;
  } else if (type == "DELETED") {
    event.kind = KubeEvent::Kind::deleted;
  } else if (type == "BOOKMARK") {
    event.kind = KubeEvent::Kind::bookmark;
  } else if (type == "ERROR") {
    const std::int64_t code = object->get_int("code", 500);
    return fail(kube_code(code >= 400 && code < 600 ? static_cast<int>(code) : 500), "transfer",
                "the watch ended: " + shorten(printable(object->get("message")), 500));
  } else {
    return fail("http.body", "transfer",
                "the API server sent an event of type " + shorten(printable(type), 60));
  }
  event.object = std::move(*object);
  return event;
}

Result<std::string> KubeClient::watch(const KubeResource& resource, const KubeSelection& selection,
                                      const std::string& version, const Context& context, Trace& trace,
                                      const std::function<bool(KubeEvent)>& take) {
  std::string at = version;
  Part part{at, take};
  if (at.empty()) {
    bool enough = false;
    const auto listed = list(resource, selection, context, trace, [&](Value object) {
      enough = !take({KubeEvent::Kind::added, std::move(object)});
      return !enough;
    });
    if (!listed || enough) return listed;
    at = *listed;
  }
  KubeRequest request;
  if (selection.metadata_only)
    request.accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
  std::string query = fmt::format("{}?watch=true&allowWatchBookmarks=true&timeoutSeconds={}",
                                  resource.path(selection.ns), kServed.count());
  if (!selection.labels.empty()) query += "&labelSelector=" + url_escaped(selection.labels);
  if (!selection.fields.empty()) query += "&fieldSelector=" + url_escaped(selection.fields);
  bool opened = false;
  Duration pause = kFirstPause;
  while (true) {
    request.path = query + "&resourceVersion=" + url_escaped(at);
    const Context limit = context.within(kSilent);
    std::optional<Error> why;
    part.any = false;
    if (auto stream = open(request, limit, trace)) {
      opened = true;
      const auto enough = part.read(*stream, limit);
      if (enough && *enough) return at;
      if (!enough) why = enough.error();
    } else {
      why = stream.error();
    }
    if (const auto time_left = context.check("transfer"); !time_left) return Failure(time_left.error());
    if (why && (!opened || !is_cut(why->code))) return Failure(*why);
    if (part.any) pause = kFirstPause;
    const auto waited = context.pause(Deadline::in(pause), "transfer");
    if (!waited) return Failure(waited.error());
    pause = std::min<Duration>(pause * 2, kLongestPause);
  }
}

}  // namespace assay

#include "probes/command_exec.h"

#include "core/utf8.h"
#include "kube/find_pod.h"
#include "kube/stream.h"
#include "probes/cut.h"
#include "probes/kube_parts.h"

namespace assay {
namespace {

// What is kept of one of the two outputs.
struct Output {
  std::string text;
  std::uint64_t bytes = 0;

  void add(std::string_view more, std::size_t limit) {
    bytes += more.size();
    text += more.substr(0, limit - std::min(limit, text.size()));
  }
  bool truncated() const { return bytes > text.size(); }
  Value value() const { return truncated() ? cut_marker(text, bytes) : Value(to_utf8(text)); }
};

}  // namespace

Result<void> observe_exec(Attempt& attempt, const Value& where) {
  Reader reader = attempt.reader();
  const std::vector<std::string> argv = reader.texts("argv");
  const std::string input = reader.text("stdin");
  const auto limit = static_cast<std::size_t>(std::max<std::int64_t>(0, reader.integer("max_output")));
  if (reader.has("env") || reader.has("directory"))
    return fail("params.invalid", "setup",
                "a container's program takes neither env nor directory over the API");
  if (const auto ok = reader.ok(); !ok) return ok;
  const auto client = kube_client(attempt);
  if (!client) return Failure(client.error());
  const std::string ns = where.get("namespace", (*client)->access().ns);
  const TimePoint begin = std::chrono::steady_clock::now();
  Trace trace = attempt.trace();
  const auto pod = find_pod(**client, ns, where.get("pod"), attempt.context, trace);
  if (!pod) return Failure(pod.error());
  attempt.seen["pod"] = *pod;
  auto stream =
      (*client)->exec(ns, *pod, where.get("container"), argv, !input.empty(), attempt.context, trace);
  if (!stream) return Failure(stream.error());
  if (!input.empty()) {
    if (const auto sent = stream->send(input, attempt.context); !sent) return sent;
    if (const auto closed = stream->close_stdin(attempt.context); !closed) return closed;
  }
  Output out;
  Output err;
  while (true) {
    const auto chunk = stream->next(attempt.context);
    if (!chunk) return Failure(chunk.error());
    if (!*chunk) break;
    ((*chunk)->channel == KubeFrame::err ? err : out).add((*chunk)->text, limit);
  }
  const auto code = stream->exit();
  if (!code) return Failure(code.error());
  Value& seen = attempt.seen;
  seen["took"] = seconds(std::chrono::steady_clock::now() - begin);
  seen["stdout"] = out.value();
  seen["stderr"] = err.value();
  seen["stdout_truncated"] = out.truncated();
  seen["stderr_truncated"] = err.truncated();
  seen["exit_code"] = *code;
  if (!out.truncated()) {
    if (auto json = parse_json(out.text)) seen["json"] = std::move(*json);
  }
  return {};
}

}  // namespace assay
